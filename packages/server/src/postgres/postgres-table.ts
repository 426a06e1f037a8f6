import { AsyncLocalStorage } from "node:async_hooks";
import { type Row, type RowRange, type RowWrite, StoreError, type Table, UsageError } from "@mindoodb/core";
import type { Sql, TransactionSql } from "postgres";
import { byteaArray, hexOf, plain } from "./bytes.js";
import { type Connections, type Pools, type Transaction, transact } from "./connections.js";
import { JoinedReads } from "./joined-reads.js";

/** Keys or rows of one statement, and bytes of their values. */
const statementRows = 4096;
const statementBytes = 4 * 1024 * 1024;

/** A transaction of this table, while it is open. */
interface Section {
	readonly transaction: Transaction;
	readonly writes: boolean;
	open: boolean;
	/** Of the store when the section is committed, once it wrote. */
	version: string | undefined;
}

/**
 * Rows of a store in Postgres. Any number of processes may have the table of one store open.
 *
 * Whoever writes locks the store's row first, so transactions of a store follow one another and arrivals become visible in their order,
 * without gaps. The row's version tells whether another process wrote meanwhile.
 */
export class PostgresTable implements Table {
	readonly shared = true;
	readonly #connections: Connections;
	readonly #store: string;
	/** The calls of a section read through its transaction, whoever else reads meanwhile. */
	readonly #sections = new AsyncLocalStorage<Section>();
	/** Version of the store behind this table's last section. */
	#version: string | undefined;
	readonly #asked = new Map<Section | undefined, Asked[]>();
	readonly #joined = new JoinedReads();
	#closed = false;

	/** @param store id of its row in `mindoodb_stores`. */
	constructor(connections: Connections, store: string) {
		this.#connections = connections;
		this.#store = store;
	}

	async get(key: Uint8Array): Promise<Uint8Array | undefined> {
		return (await this.getMany([key]))[0];
	}

	/** Reads that are asked for in the same turn of the event loop are one statement: fifty sessions ask at once. */
	getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
		if (keys.length === 0) return Promise.resolve([]);
		const section = this.#section();
		return new Promise((resolve, reject) => {
			const asked = this.#asked.get(section) ?? [];
			asked.push({ keys, resolve, reject });
			if (asked.length > 1) return;
			this.#asked.set(section, asked);
			setImmediate(() => {
				this.#asked.delete(section);
				this.#answer(section, asked);
			});
		});
	}

	async hasMany(keys: readonly Uint8Array[]): Promise<boolean[]> {
		const found = new Set<string>();
		for (let start = 0; start < keys.length; start += statementRows) {
			const asked = byteaArray(keys.slice(start, start + statementRows));
			const rows = await this.#read(
				(sql) => sql<Pick<Found, "key">[]>`
					SELECT key FROM mindoodb_rows WHERE store = ${this.#store} AND key = ANY(${asked}::bytea[])`,
			);
			for (const { key } of rows) found.add(hexOf(key));
		}
		return keys.map((key) => found.has(hexOf(key)));
	}

	async *scan({ gte, lt, reverse = false, limit = -1 }: RowRange, size: number): AsyncGenerator<Row[]> {
		let [from, to] = [gte, lt];
		for (let left = limit < 0 ? Number.POSITIVE_INFINITY : limit; left > 0; ) {
			const most = Math.min(size, left);
			const found = await this.#rowsOf(from, to, { reverse, most });
			const last = found[found.length - 1];
			if (last === undefined) return;
			if (reverse) to = last[0];
			else from = behind(last[0]);
			left -= found.length;
			const isLast = found.length < most;
			yield found;
			if (isLast) return;
		}
	}

	async first(range: RowRange): Promise<Row | undefined> {
		for await (const rows of this.scan({ ...range, limit: 1 }, 1)) return rows[0];
		return undefined;
	}

	async exclusively<T>(task: (outdated: boolean) => Promise<T>): Promise<T> {
		const known = this.#version;
		// Until it is committed nobody can tell what is there.
		this.#version = undefined;
		let version = "";
		const value = await this.#run("write", ({ writers }) =>
			transact(writers, "isolation level read committed", async (transaction) => {
				const [row] = await transaction.sql<{ version: string }[]>`
					SELECT version FROM mindoodb_stores WHERE id = ${this.#store} FOR UPDATE`;
				if (row === undefined) throw droppedError();
				const section: Section = { transaction, writes: true, open: true, version: undefined };
				const result = await this.#within(section, () => task(row.version !== known));
				version = section.version ?? row.version;
				return result;
			}),
		);
		this.#version = version;
		return value;
	}

	async consistently<T>(task: () => Promise<T>): Promise<T> {
		if (this.#section() !== undefined) return task();
		return this.#run("read", ({ readers }) =>
			transact(readers, "isolation level repeatable read read only", (transaction) =>
				this.#within({ transaction, writes: false, open: true, version: undefined }, task),
			),
		);
	}

	async write(rows: readonly RowWrite[]): Promise<void> {
		const section = this.#section();
		if (section?.writes !== true) throw new UsageError("store: expected a section that writes, found none");
		if (rows.length === 0) return;
		// The last write of a key counts; one statement must not name it twice.
		const newest = new Map(rows.map((row) => [hexOf(row.key), row]));
		const gone: Uint8Array[] = [];
		const kept: (RowWrite & { readonly type: "put" })[] = [];
		for (const row of newest.values()) {
			if (row.type === "put") kept.push(row);
			else gone.push(row.key);
		}
		await this.#run("write", async () => {
			const { sql } = section.transaction;
			// Sent together: none of them names a key of another.
			const statements: Promise<unknown>[] = [];
			if (section.version === undefined) {
				section.version = "";
				statements.push(this.#nextVersion(section));
			}
			for (let start = 0; start < gone.length; start += statementRows) {
				const keys = byteaArray(gone.slice(start, start + statementRows));
				statements.push(
					sql`DELETE FROM mindoodb_rows WHERE store = ${this.#store} AND key = ANY(${keys}::bytea[])`.execute(),
				);
			}
			for (const part of cut(kept)) {
				const keys = byteaArray(part.map(({ key }) => key));
				const values = byteaArray(part.map(({ value }) => value));
				const insert = sql`
					INSERT INTO mindoodb_rows (store, key, value)
					SELECT ${this.#store}::bigint, r.key, r.value FROM unnest(${keys}::bytea[], ${values}::bytea[]) AS r (key, value)
					ON CONFLICT (store, key) DO UPDATE SET value = excluded.value`;
				statements.push(insert.execute());
			}
			await Promise.all(statements);
		});
	}

	/** The database frees the bytes of old rows by itself, see docs/server-postgres.md. */
	async compact(): Promise<void> {}

	async compactAll(): Promise<void> {}

	async reopen(): Promise<void> {}

	/** The connections are the factory's. */
	async close(): Promise<void> {
		this.#closed = true;
	}

	/** Outside of a section, those who ask for the same rows share a statement. */
	#rowsOf(from: Uint8Array, to: Uint8Array, { reverse, most }: { reverse: boolean; most: number }): Promise<Row[]> {
		const store = this.#store;
		const read = async () => {
			const found = await this.#read((sql) =>
				reverse
					? sql<Found[]>`
						SELECT key, value FROM mindoodb_rows WHERE store = ${store} AND key >= ${from} AND key < ${to}
						ORDER BY key DESC LIMIT ${most}`
					: sql<Found[]>`
						SELECT key, value FROM mindoodb_rows WHERE store = ${store} AND key >= ${from} AND key < ${to}
						ORDER BY key LIMIT ${most}`,
			);
			return found.map(({ key, value }) => [plain(key), plain(value)] as const);
		};
		if (this.#section() !== undefined) return read();
		return this.#joined.get(`${hexOf(from)} ${hexOf(to)} ${reverse} ${most}`, read);
	}

	async #answer(section: Section | undefined, asked: readonly Asked[]): Promise<void> {
		try {
			const keys = new Map(asked.flatMap(({ keys }) => keys.map((key) => [hexOf(key), key] as const)));
			const values = await this.#valuesOf(section, [...keys.values()]);
			const given = new Set<string>();
			for (const { keys, resolve } of asked) resolve(keys.map((key) => ownValue(hexOf(key), values, given)));
		} catch (error) {
			for (const { reject } of asked) reject(error);
		}
	}

	async #valuesOf(section: Section | undefined, keys: readonly Uint8Array[]): Promise<Map<string, Uint8Array>> {
		const values = new Map<string, Uint8Array>();
		for (let start = 0; start < keys.length; start += statementRows) {
			const part = byteaArray(keys.slice(start, start + statementRows));
			const rows = await this.#read(
				(sql) => sql<Found[]>`
					SELECT key, value FROM mindoodb_rows WHERE store = ${this.#store} AND key = ANY(${part}::bytea[])`,
				section,
			);
			for (const { key, value } of rows) values.set(hexOf(key), plain(value));
		}
		return values;
	}

	async #nextVersion(section: Section): Promise<void> {
		const [row] = await section.transaction.sql<{ version: string }[]>`
			UPDATE mindoodb_stores SET version = version + 1 WHERE id = ${this.#store} RETURNING version`;
		if (row === undefined) throw droppedError();
		section.version = row.version;
	}

	async #within<T>(section: Section, task: () => Promise<T>): Promise<T> {
		try {
			return await this.#sections.run(section, task);
		} finally {
			// Something that the task left running must not speak in a transaction that has ended.
			section.open = false;
		}
	}

	#section(): Section | undefined {
		const section = this.#sections.getStore();
		return section?.open === true ? section : undefined;
	}

	#read<T>(statement: (sql: Sql | TransactionSql) => Promise<T>, section = this.#section()): Promise<T> {
		return this.#run("read", ({ readers }) => statement(section?.open === true ? section.transaction.sql : readers));
	}

	#run<T>(what: string, action: (pools: Pools) => Promise<T>): Promise<T> {
		if (this.#closed) {
			return Promise.reject(new StoreError("store: expected an open store, found a closed one", { code: "closed" }));
		}
		return this.#connections.run(what, action);
	}
}

interface Found {
	readonly key: Uint8Array;
	readonly value: Uint8Array;
}

/** Calls that wait for rows. */
interface Asked {
	readonly keys: readonly Uint8Array[];
	readonly resolve: (values: (Uint8Array | undefined)[]) => void;
	readonly reject: (error: unknown) => void;
}

/** Each answer belongs to its caller, also where a key is asked for twice. */
function ownValue(key: string, values: ReadonlyMap<string, Uint8Array>, given: Set<string>): Uint8Array | undefined {
	const value = values.get(key);
	if (value === undefined || !given.has(key)) {
		given.add(key);
		return value;
	}
	return value.slice();
}

function* cut(
	rows: readonly (RowWrite & { readonly type: "put" })[],
): Generator<(RowWrite & { readonly type: "put" })[]> {
	let part: (RowWrite & { readonly type: "put" })[] = [];
	let bytes = 0;
	for (const row of rows) {
		if (part.length === statementRows || (part.length > 0 && bytes + row.value.length > statementBytes)) {
			yield part;
			part = [];
			bytes = 0;
		}
		part.push(row);
		bytes += row.value.length;
	}
	if (part.length > 0) yield part;
}

/** The first key behind a key. */
function behind(key: Uint8Array): Uint8Array {
	const next = new Uint8Array(key.length + 1);
	next.set(key);
	return next;
}

function droppedError(): StoreError {
	return new StoreError("store: expected a store in the database, found that it was dropped", { code: "closed" });
}
