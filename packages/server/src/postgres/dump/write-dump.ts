import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { StoreError } from "mindoodb";
import type { TransactionSql } from "postgres";
import { Connections, transact } from "../connections.js";
import { schemaVersion } from "../schema.js";
import { type DumpedTable, dumpedTables, firstLine, lastLine, rowLine, rowsTable, type Value } from "./dump-format.js";

/** Bytes from which on a value is read alone: a batch of smaller ones stays small. */
const largeValue = 65_536;
const batchRows = 256;

/**
 * Writes a dump of a server's database as it is at one moment; servers may work in it meanwhile.
 * @param url `postgres://…`. @param write takes one piece after another.
 * @throws {StoreError} `store-version` when the tables are not those of this program, `store-io` when the database does not answer.
 */
export async function dumpDatabase(url: string, write: (piece: Uint8Array) => Promise<void>): Promise<void> {
	const connections = new Connections(url, { connections: 1 });
	try {
		await connections.run("be dumped", ({ readers }) =>
			transact(readers, "isolation level repeatable read read only", async ({ sql }) => {
				const folded = createGzip();
				// What breaks here breaks what reads it.
				pipeline(Readable.from(dumpLines(sql)), folded).catch(() => undefined);
				for await (const piece of folded) await write(piece);
			}),
		);
	} finally {
		await connections.close();
	}
}

/** @param sql of a transaction that sees one state of all tables. */
async function* dumpLines(sql: TransactionSql): AsyncGenerator<string> {
	const [version] = await sql<{ version: number }[]>`SELECT version FROM mindoodb_schema WHERE id = 1`;
	if (version?.version !== schemaVersion) {
		const message = `store: expected tables of version ${schemaVersion}, found ${version?.version}`;
		throw new StoreError(message, { code: "store-version" });
	}
	yield firstLine();
	let rows = 0;
	for (const table of dumpedTables) {
		for await (const batch of batchesOf(sql, table)) {
			for (const row of batch) yield rowLine(table, row);
			rows += batch.length;
		}
	}
	yield lastLine(rows);
}

async function* batchesOf(sql: TransactionSql, table: DumpedTable): AsyncGenerator<readonly Value[][]> {
	const columns = table.columns.map((name) => (table.bytes.includes(name) ? name : `${name}::text`));
	const select = `SELECT ${columns.join(", ")} FROM ${table.name}`;
	if (table !== rowsTable) yield* read(sql, select, batchRows);
	else {
		yield* read(sql, `${select} WHERE octet_length(value) < ${largeValue}`, batchRows);
		yield* read(sql, `${select} WHERE octet_length(value) >= ${largeValue}`, 1);
	}
}

function read(sql: TransactionSql, statement: string, rows: number): AsyncIterable<readonly Value[][]> {
	return sql.unsafe(statement).values().cursor(rows) as AsyncIterable<unknown> as AsyncIterable<readonly Value[][]>;
}
