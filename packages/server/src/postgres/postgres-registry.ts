import { KeyError } from "@mindoodb/core";
import type { TenantRegistry } from "../tenants/tenant-registry.js";
import type { Connections } from "./connections.js";

/** A server's notes in the database that holds its stores: whose database it is, its tenants, its invitations. */
export class PostgresRegistry implements TenantRegistry {
	readonly #connections: Connections;

	constructor(connections: Connections) {
		this.#connections = connections;
	}

	/** Public key of the server whose database it is; `undefined` before one has come. */
	async owner(): Promise<string | undefined> {
		const [row] = await this.#connections.run(
			"read whose it is",
			({ readers: sql }) => sql<{ public_key: string }[]>`SELECT public_key FROM mindoodb_server WHERE id = 1`,
		);
		return row?.public_key;
	}

	/**
	 * Takes the database for the server of this key; any number of processes with one key may.
	 * @throws {KeyError} `key-mismatch` when it belongs to a server of another key.
	 */
	async claim(publicKey: string): Promise<void> {
		await this.#connections.run(
			"note whose it is",
			({ writers: sql }) => sql`
				INSERT INTO mindoodb_server (id, public_key) VALUES (1, ${publicKey}) ON CONFLICT (id) DO NOTHING`,
		);
		const owner = await this.owner();
		if (owner !== publicKey) {
			throw new KeyError(`server: expected the key of the server ${owner}, whose database it is, found ${publicKey}`, {
				code: "key-mismatch",
			});
		}
	}

	async request(tenantRoot: string): Promise<Uint8Array | undefined> {
		const [row] = await this.#connections.run(
			"read a tenant's request",
			({ readers: sql }) => sql<{ request: Uint8Array }[]>`
				SELECT request FROM mindoodb_tenants WHERE tenant_root = ${tenantRoot}`,
		);
		return row && new Uint8Array(row.request);
	}

	async list(): Promise<string[]> {
		const rows = await this.#connections.run(
			"list its tenants",
			({ readers: sql }) => sql<{ tenant_root: string }[]>`SELECT tenant_root FROM mindoodb_tenants`,
		);
		return rows.map(({ tenant_root }) => tenant_root).sort();
	}

	async add(tenantRoot: string, request: Uint8Array): Promise<void> {
		await this.#connections.run(
			"note a tenant",
			({ writers: sql }) => sql`
				INSERT INTO mindoodb_tenants (tenant_root, request) VALUES (${tenantRoot}, ${request})
				ON CONFLICT (tenant_root) DO UPDATE SET request = excluded.request`,
		);
	}

	async invite(hash: string): Promise<void> {
		await this.#connections.run(
			"note an invitation",
			({ writers: sql }) => sql`INSERT INTO mindoodb_invitations (hash) VALUES (${hash}) ON CONFLICT (hash) DO NOTHING`,
		);
	}

	async invitations(): Promise<ReadonlyMap<string, string | undefined>> {
		const rows = await this.#connections.run(
			"list its invitations",
			({ readers: sql }) => sql<{ hash: string; tenant_root: string | null }[]>`
				SELECT hash, tenant_root FROM mindoodb_invitations ORDER BY hash`,
		);
		return new Map(rows.map(({ hash, tenant_root }) => [hash, tenant_root ?? undefined]));
	}

	/** One statement: of two processes that give it away at once, the second finds it given. */
	async use(hash: string, tenantRoot: string): Promise<boolean> {
		const rows = await this.#connections.run(
			"give an invitation away",
			({ writers: sql }) => sql`
				UPDATE mindoodb_invitations SET tenant_root = ${tenantRoot}
				WHERE hash = ${hash} AND (tenant_root IS NULL OR tenant_root = ${tenantRoot}) RETURNING hash`,
		);
		return rows.length > 0;
	}
}
