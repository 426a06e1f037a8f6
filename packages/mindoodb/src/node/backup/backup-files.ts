import { type OpenedBackup, openBackup, UsageError } from "@mindoodb/core";
import { type ApackPlatform, openArchive } from "@mindoodb/formats/apack";
import { type FileSource, nodeApack, openFileSource } from "@mindoodb/formats/node";
import { nodeCrypto } from "../crypto.js";

export interface BackupFilesOptions {
	/** Asked once, when one of the archives is encrypted. @default encrypted ones cannot be opened */
	readonly archivePassword?: () => Promise<string>;
}

/**
 * Opens archives, and closes them when the work is done.
 * @throws {UsageError} `not-found` when a file cannot be read. @throws as `openBackup`.
 */
export async function withBackupFiles<T>(
	paths: readonly string[],
	{ archivePassword }: BackupFilesOptions,
	work: (backups: readonly OpenedBackup[]) => Promise<T>,
): Promise<T> {
	const platform = await nodeApack();
	const crypto = nodeCrypto();
	const sources: FileSource[] = [];
	let password: string | undefined;
	try {
		const backups: OpenedBackup[] = [];
		for (const path of paths) {
			const source = await openFile(path);
			sources.push(source);
			if (password === undefined && (await isEncrypted(source, platform))) password = await archivePassword?.();
			backups.push(await openBackup(source, { crypto, platform, ...(password !== undefined && { password }) }));
		}
		return await work(backups);
	} finally {
		for (const source of sources) await source.close();
	}
}

async function isEncrypted(source: FileSource, platform: ApackPlatform): Promise<boolean> {
	return (await openArchive(source, { platform })).header.encrypted;
}

async function openFile(path: string): Promise<FileSource> {
	return openFileSource(path).catch((cause: unknown) => {
		const { code } = cause as { code?: unknown };
		throw new UsageError(`the archive cannot be read (${String(code ?? "unknown error")})`, {
			cause,
			...(code === "ENOENT" ? { code: "not-found" as const } : {}),
		});
	});
}
