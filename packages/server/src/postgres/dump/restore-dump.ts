import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { FormatError, UsageError } from "mindoodb";
import type { TransactionSql } from "postgres";
import { Connections, codeOf, transact } from "../connections.js";
import { migrate } from "../schema.js";
import { checkFirstLine, type DumpedTable, dumpedTables, readLine, type Value } from "./dump-format.js";

/** An insertion takes at most this many bytes, and rows: a statement has at most 65,535 parameters. */
const batchBytes = 4 * 1024 * 1024;
const batchRows = 4096;
/** Characters: above what base64 makes of the largest value of a store. */
const longestLine = 128 * 1024 * 1024;

/**
 * Fills a database that no server has used yet from a dump, in one transaction.
 * @param url `postgres://…`. @param dump its pieces, cut anywhere.
 * @throws {FormatError} when the dump is damaged or cut off. @throws {UsageError} when the database holds a server's data.
 * @throws {StoreError} `store-io`, `store-version`.
 */
export async function restoreDatabase(url: string, dump: AsyncIterable<Uint8Array>): Promise<void> {
	const connections = new Connections(url, { connections: 1 });
	try {
		await connections.run("be restored", async ({ writers }) => {
			await migrate(writers, undefined);
			await transact(writers, "isolation level read committed", async ({ sql }) => {
				await sql`SELECT version FROM mindoodb_schema WHERE id = 1 FOR UPDATE`;
				for (const { name } of dumpedTables) {
					const [row] = await sql.unsafe(`SELECT 1 FROM ${name} LIMIT 1`);
					if (row !== undefined) throw new UsageError("restore: expected a database that no server has used yet");
				}
				const unfolded = createGunzip();
				// What breaks here breaks what reads it.
				pipeline(Readable.from(dump), unfolded).catch(() => undefined);
				await fill(sql, linesOf(unfolded)).catch((cause: unknown) => {
					throw isDamage(cause) ? new FormatError("dump: expected a whole gzip file of a dump", { cause }) : cause;
				});
				// Stores that are made from here on get numbers of their own.
				await sql`SELECT setval(pg_get_serial_sequence('mindoodb_stores', 'id'), max(id)) FROM mindoodb_stores`;
			});
		});
	} finally {
		await connections.close();
	}
}

/** What does not unfold, and values that the tables refuse: SQLSTATE classes 22 and 23. */
function isDamage(error: unknown): boolean {
	return /^(Z_|2[23])/.test(codeOf(error) ?? "");
}

async function fill(sql: TransactionSql, lines: AsyncIterable<string>): Promise<void> {
	let rows = 0;
	let ended = false;
	let isFirst = true;
	const batch = new Batch(sql);
	for await (const line of lines) {
		if (isFirst) checkFirstLine(line);
		else {
			const read = readLine(line);
			if (ended) throw new FormatError("dump: expected nothing after its last line");
			if (read.kind === "row") {
				rows++;
				await batch.add(read.table, read.row);
			} else {
				if (read.rows !== rows) throw new FormatError(`dump: expected ${read.rows} rows, found ${rows}`);
				ended = true;
			}
		}
		isFirst = false;
	}
	if (!ended) throw new FormatError("dump: expected a last line, found none");
	await batch.flush();
}

/** Rows of one table that go in together. */
class Batch {
	readonly #sql: TransactionSql;
	#table: DumpedTable | undefined;
	#rows: Record<string, Value>[] = [];
	#bytes = 0;

	constructor(sql: TransactionSql) {
		this.#sql = sql;
	}

	async add(table: DumpedTable, row: readonly Value[]): Promise<void> {
		if (table !== this.#table) await this.flush();
		this.#table = table;
		this.#rows.push(Object.fromEntries(table.columns.map((name, i) => [name, row[i] ?? null])));
		for (const value of row) this.#bytes += value?.length ?? 0;
		if (this.#bytes >= batchBytes || this.#rows.length >= batchRows) await this.flush();
	}

	async flush(): Promise<void> {
		const [rows, table, sql] = [this.#rows, this.#table, this.#sql];
		[this.#rows, this.#bytes] = [[], 0];
		if (table !== undefined && rows.length > 0) {
			await sql`INSERT INTO ${sql(table.name)} ${sql(rows, ...table.columns)}`;
		}
	}
}

/** @throws {FormatError} when a line is too long. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	const decoder = new TextDecoder();
	let parts: string[] = [];
	let length = 0;
	for await (const piece of pieces) {
		const [first = "", ...further] = decoder.decode(piece, { stream: true }).split("\n");
		parts.push(first);
		length += first.length;
		if (length > longestLine) throw new FormatError("dump: a line is too long", { code: "limit" });
		for (const next of further) {
			yield parts.join("");
			[parts, length] = [[next], next.length];
		}
	}
	if (length > 0) throw new FormatError("dump: expected whole lines, found the beginning of one");
}
