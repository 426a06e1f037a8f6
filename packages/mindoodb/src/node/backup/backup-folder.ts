import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import {
	backupTenant,
	type MindooTenant,
	type PasswordKeyOptions,
	type PreviousBackup,
	UsageError,
	type WriteBackupOptions,
	type WrittenBackup,
} from "@mindoodb/core";
import type { ArchiveEncryption } from "@mindoodb/formats/apack";
import { createFileSink, nodeApack } from "@mindoodb/formats/node";
import { removeDurably, renameDurably } from "../folder-files.js";
import { databasesWithAttachments } from "../folder-stores.js";
import type { MindooFolder } from "../mindoo-folder.js";
import { type BackupFilesOptions, withBackupFiles } from "./backup-files.js";
import { recallBackup, rememberBackup } from "./backup-marks.js";
import { readKeyFiles } from "./folder-keys.js";

export interface BackupFolderOptions
	extends Pick<PasswordKeyOptions, "kdf">,
		Pick<WriteBackupOptions, "onProgress" | "signal">,
		BackupFilesOptions {
	/** Name or tenantRoot. @default the only tenant there is */
	readonly tenant?: string;
	/** The archive to continue: its id, or its path. @default everything is written */
	readonly since?: string;
	/** Encrypts the archive under the archive's password. @default false */
	readonly encrypt?: boolean;
	/** Takes identity, KeyBag and administration key along, under their own passwords; demands `encrypt`. @default false */
	readonly withKeys?: boolean;
}

/**
 * Writes an archive of a tenant to a file, while the tenant is in use. The file has its name once it is whole and on disk.
 * @throws {UsageError} when there is a file of this name, or `since` is neither a known id nor an archive. @throws as `backupTenant`.
 */
export async function backupFolder(
	folder: MindooFolder,
	path: string,
	options: BackupFolderOptions = {},
): Promise<WrittenBackup> {
	const { encrypt = false, withKeys = false, archivePassword, onProgress, signal } = options;
	if (withKeys && !encrypt) throw new UsageError("a backup with keys must be encrypted", { field: "encrypt" });
	if (await exists(path)) throw new UsageError("there is a file of this name already", { field: "path" });
	const tenant = await folder.openTenant(options.tenant);
	const { tenantRoot } = tenant.identity;
	await demandAttachments(folder, tenant);
	const previous = await previousOf(folder, tenantRoot, options);
	const password = encrypt ? await archivePassword?.() : undefined;
	if (encrypt && password === undefined) throw new UsageError("expected a password for the archive");
	const fresh = `${path}.${randomBytes(4).toString("hex")}.new`;
	const sink = await createFileSink(fresh).catch((cause: unknown) => {
		const { code } = cause as { code?: unknown };
		throw new UsageError(`the archive cannot be made (${String(code ?? "unknown error")})`, { cause });
	});
	try {
		const written = await backupTenant(tenant, sink, {
			env: folder.env,
			platform: await nodeApack(),
			...(password !== undefined && { encryption: encryptionOf(password, options.kdf) }),
			...(previous && { previous }),
			...(withKeys && { files: await readKeyFiles(folder.dir, tenantRoot) }),
			...(onProgress && { onProgress }),
			...(signal && { signal }),
		});
		await sink.close();
		await renameDurably(fresh, path);
		await rememberBackup(folder.dir, tenantRoot, written);
		return written;
	} catch (error) {
		await sink.close().catch(() => {});
		await removeDurably(fresh);
		throw error;
	}
}

/** A backup that leaves attachments out would be found out when it is needed. */
async function demandAttachments({ dir }: MindooFolder, tenant: MindooTenant): Promise<void> {
	for (const dbId of await databasesWithAttachments(dir, tenant.identity.tenantRoot)) {
		if ((await tenant.openDB(dbId)).attachmentStore !== undefined) continue;
		throw new UsageError("a database keeps attachments in a store of their own: open it with that store first", {
			field: "attachmentStore",
			databases: [dbId],
		});
	}
}

async function previousOf(
	folder: MindooFolder,
	tenantRoot: string,
	{ since, archivePassword }: BackupFolderOptions,
): Promise<PreviousBackup | undefined> {
	if (since === undefined) return undefined;
	if (/^[0-9a-f]{64}$/.test(since)) {
		const known = await recallBackup(folder.dir, tenantRoot, since);
		if (known !== undefined) return known;
		throw new UsageError("this folder does not remember an archive with this id; give its file", { code: "not-found" });
	}
	const opening = archivePassword === undefined ? {} : { archivePassword };
	return withBackupFiles([since], opening, async ([backup]) => backup);
}

function encryptionOf(password: string, kdf: PasswordKeyOptions["kdf"]): ArchiveEncryption {
	const cipher = "aes-256-gcm" as const;
	if (kdf?.name !== "argon2id") return { cipher, password };
	const { memoryKiB, passes: iterations, lanes: parallelism } = kdf;
	return { cipher, password, kdf: { name: "argon2id", memoryKiB, iterations, parallelism } };
}

async function exists(path: string): Promise<boolean> {
	return stat(path).then(
		() => true,
		() => false,
	);
}
