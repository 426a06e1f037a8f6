/**
 * What a folder keeps of one tenant, in `tenants/<first 32 hex digits of tenantRoot>/`:
 *
 * | file | content |
 * |---|---|
 * | `keys.<generation>.json` | the KeyBag, under the password of the identity; `identity.json` says which generation counts |
 * | `administration.json` | the administration key under its own password, where this folder made the tenant or recovered it |
 * | `tenant-key.json` | the tenant's first key `default` under its own password, where this folder made the tenant |
 * | `tenant.json` | what the tenant is; written last, so a tenant without it does not exist |
 *
 * Each tenant has a KeyBag of its own: the ids `default` and `directory` exist in every tenant.
 */
import { join } from "node:path";
import {
	type Crypto,
	type EncryptedKeyPair,
	type EncryptedPrivateKey,
	FormatError,
	parseEncryptedKeyPair,
	parseEncryptedPrivateKey,
	parseTenantIdentity,
	StoreError,
	type TenantIdentity,
	UsageError,
} from "@mindoodb/core";
import {
	listFolder,
	makeFolder,
	readFileAtMost,
	readJson,
	removeDurably,
	removeUnfinished,
	writeFileDurably,
	writeJsonDurably,
} from "./folder-files.js";

/** Bytes of the largest KeyBag file: what a full one takes, rounded up. */
const mostKeyBagBytes = 80 * 1024 * 1024;

export class TenantFiles {
	readonly #folder: string;

	/** @param dir the folder of the identity. */
	constructor(dir: string, tenantRoot: string) {
		this.#folder = tenantFolder(dir, tenantRoot);
	}

	async readIdentity(crypto: Crypto): Promise<TenantIdentity | undefined> {
		const json = await readJson(join(this.#folder, "tenant.json"));
		return json === undefined ? undefined : parseTenantIdentity(crypto, json);
	}

	/** From here on the tenant exists. */
	writeIdentity(identity: TenantIdentity): Promise<void> {
		return writeJsonDurably(join(this.#folder, "tenant.json"), identity);
	}

	/** @throws {StoreError} `store-damaged` when there is none. */
	async readKeyBag(generation: string): Promise<Uint8Array> {
		const file = await readFileAtMost(this.#keyBagPath(generation), mostKeyBagBytes);
		if (file === undefined) {
			throw new StoreError("folder: the KeyBag of the tenant is missing", { code: "store-damaged", field: "keys" });
		}
		return file;
	}

	async writeKeyBag(generation: string, file: Uint8Array): Promise<void> {
		await makeFolder(this.#folder);
		await writeFileDurably(this.#keyBagPath(generation), file);
	}

	/** Removes KeyBags of other generations: left by a change of password, or by one that was cut short. */
	async removeOtherKeyBags(generation: string): Promise<void> {
		await removeUnfinished(this.#folder);
		for (const name of (await listFolder(this.#folder)) ?? []) {
			const found = /^keys\.([0-9a-f]{8})\.json$/.exec(name)?.[1];
			if (found !== undefined && found !== generation) await removeDurably(join(this.#folder, name));
		}
	}

	async readAdministrationKey(): Promise<EncryptedKeyPair | undefined> {
		const json = await readJson(join(this.#folder, "administration.json"));
		return json === undefined ? undefined : parseEncryptedKeyPair(json);
	}

	async readTenantKey(): Promise<EncryptedPrivateKey | undefined> {
		const json = await readJson(join(this.#folder, "tenant-key.json"));
		return json === undefined ? undefined : parseEncryptedPrivateKey(json);
	}

	async writeAdministrationKey(administrationKey: EncryptedKeyPair): Promise<void> {
		await makeFolder(this.#folder);
		await writeJsonDurably(join(this.#folder, "administration.json"), administrationKey);
	}

	async writeTenantKey(tenantKey: EncryptedPrivateKey): Promise<void> {
		await makeFolder(this.#folder);
		await writeJsonDurably(join(this.#folder, "tenant-key.json"), tenantKey);
	}

	remove(): Promise<void> {
		return removeDurably(this.#folder);
	}

	#keyBagPath(generation: string): string {
		return join(this.#folder, `keys.${generation}.json`);
	}
}

export function tenantsFolder(dir: string): string {
	return join(dir, "tenants");
}

/** Where the files of one tenant are. */
export function tenantFolder(dir: string, tenantRoot: string): string {
	return join(tenantsFolder(dir), tenantRoot.slice(0, 32));
}

/** Tenants of a folder, by name. What a crash left half made is not among them. @throws {FormatError} on a damaged one. */
export async function listTenants(dir: string, crypto: Crypto): Promise<TenantIdentity[]> {
	const found: TenantIdentity[] = [];
	for (const name of (await listFolder(tenantsFolder(dir))) ?? []) {
		if (!/^[0-9a-f]{32}$/.test(name)) continue;
		const identity = await new TenantFiles(dir, name).readIdentity(crypto);
		if (identity === undefined) continue;
		if (!identity.tenantRoot.startsWith(name)) {
			throw new FormatError("tenant.json: expected the tenant after which its folder is named", {
				field: "tenantRoot",
			});
		}
		found.push(identity);
	}
	return found.sort((a, b) => (a.tenantId < b.tenantId ? -1 : a.tenantId > b.tenantId ? 1 : 0));
}

/** @param tenant a name or a tenantRoot; absent: the only one there is. @throws {UsageError} `not-found`, or when it fits several. */
export function chooseTenant(all: readonly TenantIdentity[], tenant: string | undefined): TenantIdentity {
	const found = all.filter(
		({ tenantId, tenantRoot }) => tenant === undefined || tenant === tenantId || tenant === tenantRoot,
	);
	if (found.length === 1 && found[0] !== undefined) return found[0];
	if (found.length === 0) {
		const message = tenant === undefined ? "the folder keeps no tenant yet" : "the folder keeps no such tenant";
		throw new UsageError(message, { code: "not-found" });
	}
	throw new UsageError(`the folder keeps ${found.length} tenants that this could mean: name one by its tenantRoot`);
}
