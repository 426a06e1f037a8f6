import {
	decodeTenantRequest,
	type Env,
	KeptTenant,
	type TenantRequest,
	unwrapDirectoryKeys,
	VerifyError,
} from "mindoodb";
import type { ServerKeys } from "../keys/server-keys.js";
import { type AdmissionPolicy, admits } from "./admission-policy.js";
import type { TenantRegistry } from "./tenant-registry.js";

/** How far the clock of whoever asks may be from this one: an older request may have been made before the tenant was taken out. */
const requestAge = 60 * 60 * 1000;

export interface ServerTenantsOptions {
	readonly env: Env;
	readonly keys: ServerKeys;
	readonly registry: TenantRegistry;
	readonly policy: AdmissionPolicy;
	/** Databases of one tenant. */
	readonly mostDatabases: number;
}

/** The tenants that a server keeps, each opened when somebody asks for it. */
export class ServerTenants {
	readonly #options: ServerTenantsOptions;
	readonly #open = new Map<string, Promise<KeptTenant | undefined>>();
	readonly #listeners = new Set<(tenantRoot: string) => void>();
	#closed = false;

	constructor(options: ServerTenantsOptions) {
		this.#options = options;
	}

	/** Tenants that are open now. */
	get size(): number {
		return this.#open.size;
	}

	/** @returns `undefined` when the server does not keep it. @throws {StoreError} when its stores cannot be opened. */
	get(tenantRoot: string): Promise<KeptTenant | undefined> {
		if (this.#closed) return Promise.resolve(undefined);
		const known = this.#open.get(tenantRoot);
		if (known !== undefined) return known;
		const opening = this.#openTenant(tenantRoot);
		this.#open.set(tenantRoot, opening);
		const forget = () => this.#open.delete(tenantRoot);
		// Others may ask for any number of tenants that are not here.
		opening.then((tenant) => tenant ?? forget(), forget);
		return opening;
	}

	/** Those that are open, or about to be; `undefined` for one that turns out not to be kept. By tenantRoot. */
	opened(): ReadonlyMap<string, Promise<KeptTenant | undefined>> {
		return this.#open;
	}

	list(): Promise<readonly string[]> {
		return this.#options.registry.list();
	}

	/** Told of each tenant that is taken from here on. @returns a function that ends it. */
	onKept(listener: (tenantRoot: string) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/**
	 * Takes a tenant, or the newer keys of one that is here.
	 * @param tenantRoot the one that the channel was opened for. @returns what was asked for.
	 * @throws {FormatError} @throws {KeyError} @throws {VerifyError} `signature`; `trust` when it is for another server or tenant, too old, or the policy refuses.
	 */
	async create(tenantRoot: string, bytes: Uint8Array): Promise<TenantRequest> {
		const { env, keys, registry, policy } = this.#options;
		const request = await decodeTenantRequest(env.crypto, bytes);
		if (request.identity.tenantRoot !== tenantRoot || request.server !== keys.publicKey) {
			throw new VerifyError("tenant request: expected one for this server and tenant");
		}
		if (Math.abs(env.clock.now() - request.createdAt) > requestAge) {
			throw new VerifyError("tenant request: expected one made within the hour; compare the clocks");
		}
		await unwrapDirectoryKeys(env, { ...request, unwrappingKey: keys.unwrappingKey });
		// What is here already stays as it is: its directory hands over newer keys.
		if ((await registry.request(tenantRoot)) !== undefined) return request;
		if (!(await admits(policy, request, { crypto: env.crypto, registry }))) {
			throw new VerifyError("tenant request: the operator's policy does not admit it");
		}
		await registry.add(tenantRoot, bytes);
		for (const listener of this.#listeners) listener(tenantRoot);
		return request;
	}

	/** Closes all of them; what was begun is durable afterwards. */
	async close(): Promise<void> {
		this.#closed = true;
		const open = await Promise.allSettled(this.#open.values());
		this.#open.clear();
		await Promise.all(open.map((each) => (each.status === "fulfilled" ? each.value?.close() : undefined)));
	}

	async #openTenant(tenantRoot: string): Promise<KeptTenant | undefined> {
		const { env, keys, registry, mostDatabases } = this.#options;
		const bytes = await registry.request(tenantRoot);
		if (bytes === undefined) return undefined;
		const { identity, keys: wrapped } = await decodeTenantRequest(env.crypto, bytes);
		return KeptTenant.open(env, { identity, keys: wrapped, unwrappingKey: keys.unwrappingKey, mostDatabases });
	}
}
