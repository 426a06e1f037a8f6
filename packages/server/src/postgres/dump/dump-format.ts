/**
 * A server's database in one file: gzip of lines, each one JSON array, in UTF-8.
 *
 * | line | content |
 * |---|---|
 * | the first | `["mindoodb server dump", 1, schema]`: version of this format, version of the tables (schema.ts) |
 * | each further one | name of a table, then the columns of one of its rows in the order below: text and integers as text, bytes as base64, or null |
 * | the last | `["end", rows]` |
 */
import { FormatError, fromBase64, toBase64 } from "mindoodb";
import { schemaVersion } from "../schema.js";

/** What one row says of one column. */
export type Value = string | Uint8Array | null;

export interface DumpedTable {
	readonly name: string;
	readonly columns: readonly string[];
	/** Those of `columns` that hold bytes. */
	readonly bytes: readonly string[];
}

export const rowsTable: DumpedTable = {
	name: "mindoodb_rows",
	columns: ["store", "key", "value"],
	bytes: ["key", "value"],
};

/** Every table but that of the version, which is in the first line. */
export const dumpedTables: readonly DumpedTable[] = [
	{ name: "mindoodb_server", columns: ["id", "public_key"], bytes: [] },
	{ name: "mindoodb_tenants", columns: ["tenant_root", "request"], bytes: ["request"] },
	{ name: "mindoodb_invitations", columns: ["hash", "tenant_root"], bytes: [] },
	{ name: "mindoodb_stores", columns: ["id", "tenant_root", "db_id", "purpose", "version"], bytes: [] },
	rowsTable,
];

const title = "mindoodb server dump";
const formatVersion = 1;

export function firstLine(): string {
	return `${JSON.stringify([title, formatVersion, schemaVersion])}\n`;
}

export function lastLine(rows: number): string {
	return `${JSON.stringify(["end", rows])}\n`;
}

export function rowLine({ name }: DumpedTable, row: readonly Value[]): string {
	return `${JSON.stringify([name, ...row.map((each) => (each instanceof Uint8Array ? toBase64(each) : each))])}\n`;
}

/** A line that was read. */
export type DumpLine =
	| { readonly kind: "row"; readonly table: DumpedTable; readonly row: readonly Value[] }
	| { readonly kind: "end"; readonly rows: number };

/** @throws {FormatError} `unsupported` for another version of the format or the tables. */
export function checkFirstLine(line: string): void {
	const [found, version, schema] = arrayOf(line);
	if (found !== title) throw new FormatError("dump: expected a dump of a server's database");
	if (version === formatVersion && schema === schemaVersion) return;
	const expected = `format ${formatVersion} of tables ${schemaVersion}`;
	throw new FormatError(`dump: expected ${expected}, found ${Number(version)} of ${Number(schema)}`, {
		code: "unsupported",
	});
}

/** @throws {FormatError} */
export function readLine(line: string): DumpLine {
	const [name, ...values] = arrayOf(line);
	if (name === "end" && typeof values[0] === "number") return { kind: "end", rows: values[0] };
	const table = dumpedTables.find((each) => each.name === name);
	if (table === undefined || values.length !== table.columns.length) {
		throw new FormatError("dump: expected a row of a table, found something else");
	}
	return { kind: "row", table, row: table.columns.map((column, i) => readValue(table, column, values[i])) };
}

function readValue({ bytes }: DumpedTable, column: string, value: unknown): Value {
	if (value === null) return null;
	if (typeof value !== "string") throw new FormatError(`dump: expected text in ${column}`);
	return bytes.includes(column) ? fromBase64(value) : value;
}

function arrayOf(line: string): unknown[] {
	try {
		const found: unknown = JSON.parse(line);
		if (Array.isArray(found)) return found;
	} catch {
		// Told below.
	}
	throw new FormatError("dump: expected a line with one JSON array");
}
