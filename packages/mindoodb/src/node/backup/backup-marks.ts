/** What a folder remembers of the archives that were made from it, so that the next one can go on without them: a file for each, by its id. */
import { join } from "node:path";
import { type BackupMark, FormatError, type PreviousBackup, type WrittenBackup } from "@mindoodb/core";
import { listFolder, makeFolder, readJson, removeDurably, writeJsonDurably } from "../folder-files.js";
import { tenantFolder } from "../tenant-files.js";

/** Archives that are remembered; the oldest are forgotten first. */
const mostMarks = 64;
const fileName = /^([0-9a-f]{64})\.json$/;

/** Durable before the call that made the archive resolves. */
export async function rememberBackup(dir: string, tenantRoot: string, { id, manifest }: WrittenBackup): Promise<void> {
	const folder = marksFolder(dir, tenantRoot);
	await makeFolder(folder);
	const marks = manifest.stores.map(({ dbId, purpose, storeId, to, digest }) => ({
		dbId,
		purpose,
		storeId,
		to,
		digest,
	}));
	await writeJsonDurably(join(folder, `${id}.json`), { version: 1, createdAt: manifest.createdAt, marks });
	const known: { readonly name: string; readonly createdAt: number }[] = [];
	for (const name of (await listFolder(folder)) ?? []) {
		if (!fileName.test(name)) continue;
		known.push({ name, createdAt: (await readMarks(join(folder, name)))?.createdAt ?? 0 });
	}
	known.sort((a, b) => b.createdAt - a.createdAt);
	for (const { name } of known.slice(mostMarks)) await removeDurably(join(folder, name));
}

/** @returns `undefined` when the folder made no such archive, or has forgotten it. @throws {FormatError} */
export async function recallBackup(dir: string, tenantRoot: string, id: string): Promise<PreviousBackup | undefined> {
	const marks = await readMarks(join(marksFolder(dir, tenantRoot), `${id}.json`));
	return marks && { id, tenantRoot, marks: marks.marks };
}

function marksFolder(dir: string, tenantRoot: string): string {
	return join(tenantFolder(dir, tenantRoot), "backups");
}

async function readMarks(path: string) {
	const json = await readJson(path, 16 * 1024 * 1024);
	if (json === undefined) return undefined;
	const { version, createdAt, marks } = (json ?? {}) as Record<string, unknown>;
	if (version !== 1 || typeof createdAt !== "number" || !Array.isArray(marks) || !marks.every(isMark)) {
		throw new FormatError("backups: expected what the folder remembers of an archive", { field: "marks" });
	}
	return { createdAt, marks: marks as BackupMark[] };
}

function isMark(value: unknown): boolean {
	const { dbId, purpose, storeId, to, digest } = (value ?? {}) as Record<string, unknown>;
	return (
		typeof dbId === "string" &&
		(purpose === "documents" || purpose === "attachments") &&
		typeof storeId === "string" &&
		Number.isSafeInteger(to) &&
		typeof digest === "string"
	);
}
