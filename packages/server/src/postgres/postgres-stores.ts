import {
	arrivalOfRecordKey,
	type Crypto,
	contentKeys,
	type LocalStore,
	metaKeys,
	type OpenStoreOptions,
	objectRowBytes,
	openTableStore,
	recordKeys,
	type StoreFactory,
	UsageError,
} from "@mindoodb/core";
import type { S3Blobs } from "../blobs/s3-blobs.js";
import type { Appended } from "../bus/bus.js";
import { Connections, type Pools, type PostgresOptions, transact } from "./connections.js";
import { PostgresRegistry } from "./postgres-registry.js";
import { PostgresTable } from "./postgres-table.js";
import { migrate } from "./schema.js";

export interface PostgresStoresOptions extends PostgresOptions {
	/** Where large payloads lie instead of in the database. @default none */
	readonly blobs?: S3Blobs | undefined;
}

/**
 * Stores in a Postgres database, or in one that speaks its protocol. Any number of processes may have a store open at once; what one of
 * them appended the others find at their next read.
 */
export class PostgresStores implements StoreFactory {
	/** What a server notes beside the stores. */
	readonly registry: PostgresRegistry;
	readonly #connections: Connections;
	readonly #crypto: Crypto;
	readonly #blobs: S3Blobs | undefined;

	private constructor(connections: Connections, crypto: Crypto, blobs: S3Blobs | undefined) {
		this.#connections = connections;
		this.registry = new PostgresRegistry(connections);
		this.#crypto = crypto;
		this.#blobs = blobs;
	}

	/**
	 * Connects, and makes or migrates the tables.
	 * @param url `postgres://user:password@host:port/database`
	 * @throws {StoreError} `store-io`, or `store-version` when a newer program has written there.
	 */
	static async connect(url: string, crypto: Crypto, options: PostgresStoresOptions = {}): Promise<PostgresStores> {
		const connections = new Connections(url, options);
		try {
			await connections.run("make its tables", ({ writers }) => migrate(writers, connections.schema));
		} catch (error) {
			await connections.close();
			throw error;
		}
		return new PostgresStores(connections, crypto, options.blobs);
	}

	async open({ tenantRoot, dbId, purpose }: OpenStoreOptions): Promise<LocalStore> {
		checkTenantRoot(tenantRoot);
		const store = await this.#connections.run("open a store", (pools) => idOf(pools, { tenantRoot, dbId, purpose }));
		const crypto = this.#crypto;
		const table = new PostgresTable(this.#connections, store);
		const blobs = this.#blobs?.of({ tenantRoot, dbId, purpose });
		return openTableStore(table, { crypto, random: crypto, tenantRoot, dbId, ...(blobs && { blobs }) });
	}

	async list(tenantRoot: string): Promise<string[]> {
		const rows = await this.#connections.run(
			"list its stores",
			({ readers: sql }) =>
				sql<{ db_id: string }[]>`SELECT DISTINCT db_id FROM mindoodb_stores WHERE tenant_root = ${tenantRoot}`,
		);
		return rows.map(({ db_id }) => db_id).sort();
	}

	/** Erases the stores of a database. Those that have them open, here or in other processes, find them closed. */
	async drop(tenantRoot: string, dbId: string): Promise<void> {
		await this.#connections.run("drop a store", ({ writers }) =>
			transact(writers, "isolation level read committed", async ({ sql }) => {
				const stores = await sql<{ id: string }[]>`
					SELECT id FROM mindoodb_stores WHERE tenant_root = ${tenantRoot} AND db_id = ${dbId} FOR UPDATE`;
				for (const { id } of stores) {
					await sql`DELETE FROM mindoodb_rows WHERE store = ${id}`;
					await sql`DELETE FROM mindoodb_stores WHERE id = ${id}`;
				}
			}),
		);
		for (const purpose of ["documents", "attachments"] as const) await this.#blobs?.drop({ tenantRoot, dbId, purpose });
	}

	/** Where the arrivals of stores stand; stores that are not there are left out. */
	async newest(stores: readonly OpenStoreOptions[]): Promise<Appended[]> {
		const wanted = stores.map(({ tenantRoot, dbId, purpose }) => ({ tenant_root: tenantRoot, db_id: dbId, purpose }));
		const rows = await this.#connections.run(
			"tell where stores stand",
			({ readers: sql }) => sql<NewestRow[]>`
				SELECT s.tenant_root, s.db_id, s.purpose, (
					SELECT key FROM mindoodb_rows WHERE store = s.id AND key >= ${recordKeys.gte} AND key < ${recordKeys.lt}
					ORDER BY key DESC LIMIT 1
				) AS key
				FROM jsonb_to_recordset(${JSON.stringify(wanted)}::text::jsonb) AS w (tenant_root text, db_id text, purpose text)
				JOIN mindoodb_stores s ON (s.tenant_root, s.db_id, s.purpose) = (w.tenant_root, w.db_id, w.purpose)`,
		);
		return rows.map(({ tenant_root, db_id, purpose, key }) => ({
			tenantRoot: tenant_root,
			dbId: db_id,
			purpose,
			arrival: key === null ? 0 : arrivalOfRecordKey(key),
		}));
	}

	/** Bytes that the stores of a tenant take, objects too; without a tenant those of the tables. O(rows) for a tenant. */
	async bytes(tenantRoot?: string): Promise<number> {
		const [row] = await this.#connections.run("measure its stores", ({ readers: sql }) =>
			tenantRoot === undefined
				? sql<{ bytes: string }[]>`SELECT pg_total_relation_size('mindoodb_rows') AS bytes`
				: sql<{ bytes: string | null }[]>`
					SELECT sum(octet_length(key) + octet_length(value) + CASE
						WHEN octet_length(value) = ${objectRowBytes} AND key >= ${contentKeys.gte} AND key < ${contentKeys.lt}
						THEN get_byte(value, 0) * 16777216::bigint + get_byte(value, 1) * 65536 + get_byte(value, 2) * 256 + get_byte(value, 3)
						ELSE 0 END) AS bytes
					FROM mindoodb_rows WHERE store IN (SELECT id FROM mindoodb_stores WHERE tenant_root = ${tenantRoot})`,
		);
		return Number(row?.bytes ?? 0);
	}

	/** Whether some store has payloads in an object store, without which it is not opened. O(stores). */
	async needsBlobs(): Promise<boolean> {
		const rows = await this.#connections.run(
			"tell whether it needs an object store",
			({ readers: sql }) => sql`
				SELECT 1 FROM mindoodb_stores s JOIN mindoodb_rows r ON r.store = s.id AND r.key = ${metaKeys.objects} LIMIT 1`,
		);
		return rows.length > 0;
	}

	/** Whether the database answers. @throws {StoreError} `store-io` when it does not. */
	async ping(): Promise<void> {
		await this.#connections.run("answer", ({ readers }) => readers`SELECT 1`);
	}

	/** Ends the connections; stores that are open are closed with them. */
	close(): Promise<void> {
		return this.#connections.close();
	}
}

interface NewestRow {
	readonly tenant_root: string;
	readonly db_id: string;
	readonly purpose: OpenStoreOptions["purpose"];
	readonly key: Uint8Array | null;
}

/** Of the store's row, which is made when it is missing. */
async function idOf({ writers: sql }: Pools, { tenantRoot, dbId, purpose }: OpenStoreOptions): Promise<string> {
	const found = () => sql<{ id: string }[]>`
		SELECT id FROM mindoodb_stores WHERE tenant_root = ${tenantRoot} AND db_id = ${dbId} AND purpose = ${purpose}`;
	const [known] = await found();
	if (known !== undefined) return known.id;
	await sql`
		INSERT INTO mindoodb_stores (tenant_root, db_id, purpose) VALUES (${tenantRoot}, ${dbId}, ${purpose})
		ON CONFLICT (tenant_root, db_id, purpose) DO NOTHING`;
	return ((await found())[0] as { id: string }).id;
}

function checkTenantRoot(tenantRoot: string): void {
	if (!/^[0-9a-f]{64}$/.test(tenantRoot)) throw new UsageError("store: expected a tenantRoot of 64 hex digits");
}
