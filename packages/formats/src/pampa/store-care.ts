/** What is done to all chunks of a folder at a time. A chunk that cannot be read is reported and left as it is. */
import { equalBytes } from "../bytes/equal.js";
import type { ChunkFiles } from "./chunk-files.js";
import { isTemporaryName, parseChunkFileName } from "./chunk-name.js";
import { PampaError } from "./pampa-error.js";

/** What was found out about one chunk. */
export interface ChunkReport {
	readonly sha: string;
	readonly encrypted: boolean;
	/** Whether both files are there; the encrypted one is the chunk. */
	readonly bothForms: boolean;
	/** Absent when the chunk is as it should be. */
	readonly error?: PampaError;
}

export interface FailedChunk {
	readonly sha: string;
	readonly error: PampaError;
}

/** The chunks of a folder by name, each once. */
export async function listChunks(files: ChunkFiles): Promise<readonly Omit<ChunkReport, "error">[]> {
	const forms = new Map<string, { encrypted: boolean; bothForms: boolean }>();
	for (const { sha, encrypted } of await files.list()) {
		const known = forms.get(sha);
		forms.set(sha, { encrypted: encrypted || known?.encrypted === true, bothForms: known !== undefined });
	}
	return [...forms].map(([sha, form]) => ({ sha, ...form }));
}

/** Reads every chunk and compares its text with its name. */
export async function* verifyChunks(files: ChunkFiles, key: Uint8Array | undefined): AsyncGenerator<ChunkReport> {
	for (const chunk of await listChunks(files)) {
		const { error } = await attempt(() => files.read(chunk.sha, key));
		yield error === undefined ? chunk : { ...chunk, error };
	}
}

export interface Conversion {
	readonly converted: readonly string[];
	/** Chunks that had the form already. */
	readonly unchanged: readonly string[];
	readonly failed: readonly FailedChunk[];
}

/**
 * Brings every chunk into one form.
 * @param key opens what is encrypted, and encrypts. @param encrypted the form that is wanted; it needs a key.
 */
export async function convertChunks(
	files: ChunkFiles,
	key: Uint8Array | undefined,
	encrypted: boolean,
): Promise<Conversion> {
	if (encrypted && key === undefined) throw new PampaError("ENCRYPTION_KEY_MISSING", "expected a key to encrypt with");
	const [converted, unchanged, failed]: [string[], string[], FailedChunk[]] = [[], [], []];
	for (const chunk of await listChunks(files)) {
		if (chunk.encrypted === encrypted && !chunk.bothForms) {
			unchanged.push(chunk.sha);
			continue;
		}
		const { error } = await attempt(async () => {
			const found = await files.read(chunk.sha, key);
			if (found !== undefined) await files.write(chunk.sha, found.bytes, encrypted ? key : undefined);
		});
		if (error === undefined) converted.push(chunk.sha);
		else failed.push({ sha: chunk.sha, error });
	}
	return { converted, unchanged, failed };
}

export interface Rotation {
	readonly rotated: readonly string[];
	/** Chunks that the new key opens already: a rotation that was cut short is simply done again. */
	readonly unchanged: readonly string[];
	readonly failed: readonly FailedChunk[];
}

/** Encrypts every encrypted chunk anew. Plain chunks stay plain. */
export async function rotateChunks(files: ChunkFiles, oldKey: Uint8Array, newKey: Uint8Array): Promise<Rotation> {
	const [rotated, unchanged, failed]: [string[], string[], FailedChunk[]] = [[], [], []];
	for (const { sha, encrypted } of await listChunks(files)) {
		if (!encrypted) continue;
		const { error } = await attempt(async () => {
			const found = await files.readPlainFile(sha, oldKey);
			if (found === undefined) return;
			await files.unpack(sha, found);
			await files.writePlainFile(sha, found.plainFile, newKey);
			rotated.push(sha);
		});
		if (error === undefined) continue;
		const already = !equalBytes(oldKey, newKey) && (await attempt(() => files.read(sha, newKey))).error === undefined;
		if (already) unchanged.push(sha);
		else failed.push({ sha, error });
	}
	return { rotated, unchanged, failed };
}

export interface GcOptions {
	/**
	 * Names of chunks that are needed, one list for each place that needs some (the codemap, a table); `undefined` for a place that cannot be
	 * read. When none can be read, nothing is removed.
	 */
	readonly needed: readonly (Iterable<string> | undefined)[];
	/** Only tells what would go. @default false */
	readonly dryRun?: boolean;
	/** Removes unfinished files of writers as well: only where nobody writes. @default false */
	readonly removeTemporary?: boolean;
}

export interface GcResult {
	/** Names of files of chunks that nobody needs. */
	readonly removed: readonly string[];
	/** Chunks that are needed and have no file. */
	readonly missing: readonly string[];
	/** Names of unfinished files. */
	readonly temporary: readonly string[];
}

export async function collectGarbage(files: ChunkFiles, options: GcOptions): Promise<GcResult> {
	const { needed, dryRun = false, removeTemporary = false } = options;
	const readable = needed.filter((list) => list !== undefined);
	const keep = new Set(readable.flatMap((list) => [...list]));
	const names = [...(await files.folder.list())].sort();
	const chunks = names.flatMap((name) => parseChunkFileName(name) ?? []);
	const present = new Set(chunks.map(({ sha }) => sha));
	const removed = names.filter((name) => {
		const sha = parseChunkFileName(name)?.sha;
		return sha !== undefined && readable.length > 0 && !keep.has(sha);
	});
	const temporary = names.filter(isTemporaryName);
	if (!dryRun) for (const name of [...removed, ...(removeTemporary ? temporary : [])]) await files.folder.delete(name);
	return { removed, missing: [...keep].filter((sha) => !present.has(sha)).sort(), temporary };
}

async function attempt(work: () => Promise<unknown>): Promise<{ readonly error?: PampaError }> {
	try {
		await work();
		return {};
	} catch (error) {
		if (error instanceof PampaError) return { error };
		throw error;
	}
}
