import type { TenantRegistry } from "./tenant-registry.js";

/** Forgets everything with the process: for tests, and for servers that are thrown away. */
export class MemoryRegistry implements TenantRegistry {
	readonly #requests = new Map<string, Uint8Array>();
	readonly #invitations = new Map<string, string | undefined>();

	async request(tenantRoot: string): Promise<Uint8Array | undefined> {
		return this.#requests.get(tenantRoot);
	}

	async list(): Promise<string[]> {
		return [...this.#requests.keys()].sort();
	}

	async add(tenantRoot: string, request: Uint8Array): Promise<void> {
		this.#requests.set(tenantRoot, request.slice());
	}

	async invite(hash: string): Promise<void> {
		this.#invitations.set(hash, undefined);
	}

	async invitations(): Promise<ReadonlyMap<string, string | undefined>> {
		return new Map(this.#invitations);
	}

	async use(hash: string, tenantRoot: string): Promise<boolean> {
		const user = this.#invitations.get(hash) ?? tenantRoot;
		this.#invitations.set(hash, user);
		return user === tenantRoot;
	}
}
