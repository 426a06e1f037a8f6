/**
 * Which tenants a server keeps, and which invitations its operator gave out, in a folder:
 *
 * | file | content |
 * |---|---|
 * | `tenants/<tenantRoot>` | the signed request that made the tenant; the keys in it are wrapped for this server |
 * | `invitations/<SHA-256 of the invitation, hex>` | empty, or the tenantRoot of the tenant that used it |
 */
import { join } from "node:path";
import { listFolder, makeFolder, readFileAtMost, writeFileDurably } from "mindoodb";

/** Where a server notes its tenants. Several processes may share one. */
export interface TenantRegistry {
	/** The request that made the tenant. */
	request(tenantRoot: string): Promise<Uint8Array | undefined>;
	list(): Promise<readonly string[]>;
	/** Notes a tenant, durably; replaces the request that was there before. */
	add(tenantRoot: string, request: Uint8Array): Promise<void>;
	/** Notes an invitation that may be used once. @param hash its SHA-256, hex. */
	invite(hash: string): Promise<void>;
	/** All invitations, by hash, with the tenant that used each. */
	invitations(): Promise<ReadonlyMap<string, string | undefined>>;
	/** Gives an invitation to a tenant, durably. @returns false when another has it. */
	use(hash: string, tenantRoot: string): Promise<boolean>;
}

const mostRequestBytes = 256 * 1024;
const hash = /^[0-9a-f]{64}$/;

export class FolderRegistry implements TenantRegistry {
	readonly #tenants: string;
	readonly #invitations: string;
	#turn: Promise<unknown> = Promise.resolve();

	/** @param dir the server's folder. */
	constructor(dir: string) {
		this.#tenants = join(dir, "tenants");
		this.#invitations = join(dir, "invitations");
	}

	async request(tenantRoot: string): Promise<Uint8Array | undefined> {
		return hash.test(tenantRoot) ? readFileAtMost(join(this.#tenants, tenantRoot), mostRequestBytes) : undefined;
	}

	async list(): Promise<string[]> {
		return ((await listFolder(this.#tenants)) ?? []).filter((name) => hash.test(name));
	}

	async add(tenantRoot: string, request: Uint8Array): Promise<void> {
		await makeFolder(this.#tenants);
		await writeFileDurably(join(this.#tenants, tenantRoot), request);
	}

	async invite(invitation: string): Promise<void> {
		await makeFolder(this.#invitations);
		await writeFileDurably(join(this.#invitations, invitation), "");
	}

	async invitations(): Promise<ReadonlyMap<string, string | undefined>> {
		const names = ((await listFolder(this.#invitations)) ?? []).filter((name) => hash.test(name));
		return new Map(await Promise.all(names.map(async (name) => [name, await this.#userOf(name)] as const)));
	}

	use(invitation: string, tenantRoot: string): Promise<boolean> {
		const used = this.#turn.then(async () => {
			const user = await this.#userOf(invitation);
			if (user !== undefined) return user === tenantRoot;
			await writeFileDurably(join(this.#invitations, invitation), tenantRoot);
			return true;
		});
		this.#turn = used.catch(() => undefined);
		return used;
	}

	async #userOf(invitation: string): Promise<string | undefined> {
		const content = await readFileAtMost(join(this.#invitations, invitation), 64);
		return content === undefined || content.length === 0 ? undefined : new TextDecoder().decode(content);
	}
}
