import { StoreError, UsageError } from "@mindoodb/core";
import postgres, { type Sql, type TransactionSql } from "postgres";

export interface PostgresOptions {
	/** Most connections that write, and as many again that read. @default 10 */
	readonly connections?: number;
	/** Schema of the tables, made when it is missing: lower-case letters, digits, underscores. @default the connection's own */
	readonly schema?: string;
	/** Whether statements may be prepared; not behind a pooler that hands out connections by transaction. @default true */
	readonly prepare?: boolean;
}

/**
 * Sections that write have connections of their own: each holds one while it reads, so readers that had to wait for the same ones could
 * wait for ever.
 */
export interface Pools {
	readonly writers: Sql;
	readonly readers: Sql;
}

/** A transaction that may be over. */
export interface Transaction {
	/** @throws {StoreError} when it has ended or its connection is gone: the client would send the statement outside of the transaction. */
	readonly sql: TransactionSql;
}

/** Seconds that statements of a pool that was given up have to end. */
const graceSeconds = 5;

/**
 * Connections to one database, made when they are needed.
 *
 * A connection of the client that was lost while it had bytes to send never sends again (porsager/postgres#1208), so one loss replaces
 * all of them.
 */
export class Connections {
	readonly schema: string | undefined;
	readonly #make: () => Pools;
	#pools: Pools;

	/** @param url `postgres://…` */
	constructor(url: string, { connections = 10, prepare = true, schema }: PostgresOptions = {}) {
		if (schema !== undefined && !/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
			throw new UsageError("store: expected a schema of lower-case letters, digits and underscores");
		}
		this.schema = schema;
		const connection = schema === undefined ? {} : { search_path: schema };
		const options = { max: connections, prepare, connection, fetch_types: false, onnotice: () => undefined };
		this.#make = () => ({ writers: postgres(url, options), readers: postgres(url, options) });
		this.#pools = this.#make();
	}

	/**
	 * Runs an action. What the database or a connection reports becomes a `StoreError` that quotes nothing of the statement.
	 * @param what the end of "the database could not …".
	 */
	async run<T>(what: string, action: (pools: Pools) => Promise<T>): Promise<T> {
		const pools = this.#pools;
		try {
			return await action(pools);
		} catch (cause) {
			if (isLoss(cause) && this.#pools === pools) {
				this.#pools = this.#make();
				void end(pools);
			}
			throw codeOf(cause) === undefined ? cause : storeError(what, cause);
		}
	}

	/** Ends all connections; what is under way is waited for, 5 seconds at most. */
	close(): Promise<void> {
		return end(this.#pools);
	}
}

/**
 * Runs a task in a transaction, which is committed when the task resolves. A task whose connection is gone is left behind: nothing more
 * may be said on a connection that may be another one by now.
 */
export async function transact<T>(pool: Sql, mode: string, task: (transaction: Transaction) => Promise<T>): Promise<T> {
	let lost = false;
	let over = false;
	const held = (sql: TransactionSql): Transaction => ({
		get sql() {
			if (lost || over) throw new StoreError("store: expected an open transaction, found none", { code: "store-io" });
			return sql;
		},
	});
	try {
		const result = await pool.begin(mode, async (sql) => {
			try {
				return await task(held(sql));
			} catch (error) {
				// The client learns a moment later than the statement under way that the connection is gone.
				await new Promise((resolve) => setImmediate(resolve));
				lost ||= isLoss(error);
				throw error;
			} finally {
				over = true;
				if (lost) await new Promise(() => undefined);
			}
		});
		return result as T;
	} catch (error) {
		lost = true;
		throw error;
	}
}

/** SQLSTATE of the database's own errors, a word in capitals for those of a connection. */
export function codeOf(error: unknown): string | undefined {
	if (!(error instanceof Error)) return undefined;
	const { code } = error as { readonly code?: unknown };
	return typeof code === "string" && /^[0-9A-Z_]+$/.test(code) ? code : undefined;
}

/** Words for the ends of connections, and the classes 08 (connection) and 57P (the server ends it). */
function isLoss(error: unknown): boolean {
	return /^(CONNECTION_|ECONN|EPIPE|ETIMEDOUT|08|57P)/.test(codeOf(error) ?? "");
}

function storeError(what: string, cause: unknown): StoreError {
	return new StoreError(`store: the database could not ${what}`, { code: "store-io", cause });
}

async function end({ writers, readers }: Pools): Promise<void> {
	const ending = [writers, readers].map((pool) => pool.end({ timeout: graceSeconds }).catch(() => undefined));
	await Promise.all(ending);
}
