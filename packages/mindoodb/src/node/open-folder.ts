import { join, resolve } from "node:path";
import {
	type Clock,
	type Crypto,
	createUserId,
	type Env,
	type ImportedIdentity,
	importIdentity,
	type Log,
	type PasswordKeyOptions,
	type Random,
	type StoreFactory,
	type TenantIdentity,
	UsageError,
	unlockUserId,
} from "@mindoodb/core";
import { readRestored, removeRestored, restoredName } from "./backup/restored-file.js";
import { nodeCrypto } from "./crypto.js";
import { nodeEnv } from "./env.js";
import { finishErasing } from "./folder-erasing.js";
import { listFolder, makeFolder, removeUnfinished } from "./folder-files.js";
import { lockFolder } from "./folder-lock.js";
import { folderStores } from "./folder-stores.js";
import { readIdentity, writeIdentity } from "./identity-file.js";
import { MindooFolder, newGeneration } from "./mindoo-folder.js";
import { listTenants, TenantFiles } from "./tenant-files.js";

export interface FolderOptions extends PasswordKeyOptions {
	/** Opens the identity and its KeyBags. */
	readonly password: string;
	/** @default the computer's clock */
	readonly clock?: Clock;
	/** @default the operating system's */
	readonly random?: Random;
	/** @default nothing is told */
	readonly log?: Log;
}

/**
 * Makes a new identity in a folder that is empty or not there yet. Only the owner may enter it.
 * @throws {UsageError} when the folder holds anything. @throws {StoreError} `store-locked`, `store-io`.
 */
export async function createFolder(dir: string, options: FolderOptions & { username: string }): Promise<MindooFolder> {
	const { username, password, kdf, limits = {} } = options;
	return makeNewFolder(dir, options, async (env) => ({
		user: await createUserId(env, username, { password, ...(kdf === undefined ? {} : { kdf }), limits }),
		tenants: [],
	}));
}

/**
 * Makes a folder on another device of a user, from what `MindooFolder.exportIdentity` gave: identity, tenants and keys, under a
 * password of its own. The databases come by sync, unless `restoreFolder` left them here.
 * @throws {UsageError} when the folder holds anything else, or the export lacks the restored tenant. @throws {KeyError} `password`. @throws {FormatError} @throws {StoreError}
 */
export async function importFolder(
	dir: string,
	file: Uint8Array,
	{ exportPassword, ...options }: FolderOptions & { readonly exportPassword: string },
): Promise<MindooFolder> {
	const { password, kdf, limits = {} } = options;
	const passwords = { password: exportPassword, newPassword: password };
	const restored = await readRestored(resolve(dir), nodeCrypto());
	const folder = await makeNewFolder(
		dir,
		options,
		async (env) => {
			const imported = await importIdentity(env, file, { ...passwords, ...(kdf === undefined ? {} : { kdf }), limits });
			if (
				restored !== undefined &&
				!imported.tenants.some((each) => each.identity.tenantRoot === restored.tenantRoot)
			) {
				throw new UsageError("the exported identity has no keys of the tenant that was restored here", {
					field: "file",
				});
			}
			return imported;
		},
		"restored",
	);
	if (restored !== undefined) await removeRestored(folder.dir);
	return folder;
}

async function makeNewFolder(
	dir: string,
	options: FolderOptions,
	make: (env: Env) => Promise<ImportedIdentity>,
	stores: "none" | "restored" = "none",
): Promise<MindooFolder> {
	const path = resolve(dir);
	const names = ((await listFolder(path)) ?? []).filter((name) => name !== "lock" && !name.endsWith(".new"));
	const restored = stores === "restored" && names.includes(restoredName) ? [restoredName, "stores"] : [];
	if (names.some((name) => !restored.includes(name)))
		throw new UsageError("expected an empty folder or none", { field: "dir" });
	const env = await folderEnv(path, options);
	const { user, tenants } = await make(env);
	await makeFolder(path);
	const unlock = await lockFolder(path);
	try {
		if ((await readIdentity(path)) !== undefined) {
			throw new UsageError("another process made a folder here", { field: "dir" });
		}
		const identity = { keyBags: newGeneration(env), user };
		const { password, limits = {} } = options;
		const unlocked = await unlockUserId(env, user, { password, limits });
		for (const tenant of tenants) {
			const files = new TenantFiles(path, tenant.identity.tenantRoot);
			await files.writeKeyBag(identity.keyBags, await tenant.keyBag.save(unlocked.passwordKey));
			await files.writeIdentity(tenant.identity);
		}
		await writeIdentity(path, identity);
		return new MindooFolder({ dir: path, env, identity, user: unlocked, unlock });
	} catch (error) {
		await unlock();
		throw error;
	}
}

/**
 * Opens a folder that `createFolder` made: identity, KeyBags, tenants and databases. One process at a time.
 *
 * Keys that the library imports or rotates are on disk before the call that brought them resolves.
 * @throws {UsageError} `not-found` when there is none. @throws {KeyError} `password`. @throws {FormatError} when it is damaged or
 * newer. @throws {StoreError} `store-locked` names the process that holds it.
 */
export async function openFolder(dir: string, options: FolderOptions): Promise<MindooFolder> {
	const path = resolve(dir);
	await expectIdentity(path);
	const unlock = await lockFolder(path);
	try {
		const identity = await expectIdentity(path);
		const env = await folderEnv(path, options);
		const { password, limits = {} } = options;
		const user = await unlockUserId(env, identity.user, { password, limits });
		await tidy(path, env.crypto, identity.keyBags);
		return new MindooFolder({ dir: path, env, identity, user, unlock });
	} catch (error) {
		await unlock();
		throw error;
	}
}

/** The stores of somebody's folder, without anything that is under its password. */
export interface ReplicaFolder {
	readonly stores: StoreFactory;
	/** Tenants that its owner keeps there. */
	readonly tenants: readonly TenantIdentity[];
	/** Lets go of the folder; the stores must be closed. */
	close(): Promise<void>;
}

/**
 * Holds another replica's folder to sync with its stores directly. What is put there is checked for address and signature; the
 * owner judges it when its databases are opened and `syncStoreChanges` is called.
 * @throws {UsageError} `not-found` when it is no such folder. @throws {StoreError} `store-locked`.
 */
export async function openReplicaFolder(dir: string): Promise<ReplicaFolder> {
	const path = resolve(dir);
	await expectIdentity(path);
	const unlock = await lockFolder(path);
	const crypto = nodeCrypto();
	try {
		const tenants = await listTenants(path, crypto);
		return { stores: folderStores(join(path, "stores"), crypto), tenants, close: unlock };
	} catch (error) {
		await unlock();
		throw error;
	}
}

async function expectIdentity(dir: string) {
	const identity = await readIdentity(dir);
	if (identity === undefined) {
		throw new UsageError("there is no MindooDB folder here: expected the file identity.json", { code: "not-found" });
	}
	return identity;
}

/** Removes what a crash left behind. */
async function tidy(dir: string, crypto: Crypto, keyBags: string): Promise<void> {
	await removeUnfinished(dir);
	if ((await listFolder(join(dir, "dropped"))) !== undefined) await finishErasing(dir);
	for (const { tenantRoot } of await listTenants(dir, crypto)) {
		await new TenantFiles(dir, tenantRoot).removeOtherKeyBags(keyBags);
	}
}

async function folderEnv(dir: string, { clock, random, log }: FolderOptions): Promise<Env> {
	return nodeEnv({
		stores: folderStores(join(dir, "stores"), nodeCrypto()),
		...(clock === undefined ? {} : { clock }),
		...(random === undefined ? {} : { random }),
		...(log === undefined ? {} : { log }),
	});
}
