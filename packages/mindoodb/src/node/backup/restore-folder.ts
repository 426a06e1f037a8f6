import { randomBytes } from "node:crypto";
import { rmdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
	type OpenedBackup,
	parseTenantIdentity,
	restoreBackup,
	type TenantIdentity,
	UsageError,
	type VerifyBackupOptions,
} from "@mindoodb/core";
import { nodeCrypto } from "../crypto.js";
import { listFolder, makeFolder, removeDurably, renameDurably } from "../folder-files.js";
import { folderStores } from "../folder-stores.js";
import { type BackupFilesOptions, withBackupFiles } from "./backup-files.js";
import { writeKeyFiles } from "./folder-keys.js";
import { writeRestored } from "./restored-file.js";

export interface RestoredFolder {
	readonly dir: string;
	readonly tenant: TenantIdentity;
	readonly entries: number;
	/** Entries that were left out: see `VerifiedBackup.unvouched`. */
	readonly unvouched: readonly string[];
	/** Whether the archive had keys, so that the folder opens with its password; else `importFolder` makes it one that does. */
	readonly keys: boolean;
}

/**
 * Makes a folder out of archives: a whole one first, then those that continue it. Nothing is there before all of it is.
 * @param dir must be empty or not there.
 * @throws {UsageError} when the folder holds anything. @throws as `restoreBackup`.
 */
export async function restoreFolder(
	dir: string,
	paths: readonly string[],
	{ archivePassword, ...options }: BackupFilesOptions & VerifyBackupOptions = {},
): Promise<RestoredFolder> {
	const path = resolve(dir);
	if (((await listFolder(path)) ?? []).length > 0)
		throw new UsageError("expected an empty folder or none", { field: "dir" });
	return withBackupFiles(paths, archivePassword === undefined ? {} : { archivePassword }, async (backups) => {
		const newest = backups.at(-1) as OpenedBackup;
		const crypto = nodeCrypto();
		const { tenantRoot, manifest } = newest;
		const tenant = await parseTenantIdentity(crypto, { ...manifest.tenant, tenantRoot });
		const fresh = `${path}.${randomBytes(4).toString("hex")}.new`;
		try {
			await makeFolder(fresh);
			const stores = folderStores(join(fresh, "stores"), crypto);
			const restored = await restoreBackup({ crypto, stores }, backups, options);
			const keys = manifest.files.length > 0;
			if (keys) await writeKeyFiles(fresh, newest);
			else await writeRestored(fresh, tenant);
			await rmdir(path).catch(() => {});
			await renameDurably(fresh, path);
			return { dir: path, tenant, keys, ...restored };
		} catch (error) {
			await removeDurably(fresh);
			throw error;
		}
	});
}
