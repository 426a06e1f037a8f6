import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ApackError } from "../apack/errors.js";
import { fileNameSegments } from "../apack/file-names.js";
import type { ArchiveReader } from "../apack/reading/archive-reader.js";
import type { ApackEntry } from "../apack/reading/entry.js";

export interface ExtractOptions {
	/** Whether files that are there already are replaced. @default false */
	readonly overwrite?: boolean;
	/** Which entries. @default all */
	readonly select?: (entry: ApackEntry) => boolean;
	readonly onEntry?: (entry: ApackEntry) => void;
	readonly onProgress?: (bytes: number) => void;
	readonly signal?: AbortSignal;
}

/**
 * Writes the entries of an archive as files below a folder, which is made when it is not there. All names are checked before the first
 * file is made: when one would lead out of the folder, or through a symbolic link in it, nothing is written. A file is there whole or
 * not at all. @returns how many files were written. @throws {ApackError} `name`, or what is wrong with an entry; errors of the system.
 */
export async function extractArchive(
	reader: ArchiveReader,
	folder: string,
	{ overwrite = false, select = () => true, onEntry, onProgress, signal }: ExtractOptions = {},
): Promise<number> {
	for await (const entry of reader.entries(signal)) if (select(entry)) fileNameSegments(entry.name);
	await mkdir(folder, { recursive: true });
	const root = await realpath(folder);
	let files = 0;
	let bytes = 0;
	for await (const entry of reader.entries(signal)) {
		if (!select(entry)) continue;
		onEntry?.(entry);
		const place = await preparePlace(root, fileNameSegments(entry.name), overwrite);
		await writeWhole(place, async (write) => {
			for await (const piece of reader.read(entry, signal === undefined ? {} : { signal })) {
				await write(piece);
				bytes += piece.length;
				onProgress?.(bytes);
			}
		});
		files++;
	}
	return files;
}

/** Makes the folders of a file, none of which may be a symbolic link. @returns its path. */
async function preparePlace(root: string, segments: readonly string[], overwrite: boolean): Promise<string> {
	let path = root;
	for (const segment of segments.slice(0, -1)) {
		path = join(path, segment);
		const found = await lstat(path).catch(absent);
		if (found === undefined) await mkdir(path);
		else if (!found.isDirectory()) throw notThrough();
	}
	path = join(path, segments.at(-1) as string);
	const found = await lstat(path).catch(absent);
	if (found === undefined || (overwrite && found.isFile())) return path;
	throw new ApackError("name", "there is something of the name of an entry in the target folder already", {
		field: "name",
		found: found.isFile() ? "a file" : "a folder or a link",
	});
}

async function writeWhole(
	path: string,
	work: (write: (piece: Uint8Array) => Promise<unknown>) => Promise<void>,
): Promise<void> {
	const unfinished = join(dirname(path), `.${randomBytes(8).toString("hex")}.unfinished`);
	const file = await open(unfinished, "wx", 0o600);
	try {
		try {
			await work((piece) => file.writeFile(piece));
		} finally {
			await file.close();
		}
		// A rename replaces a link that somebody has put there meanwhile, and does not follow it.
		await rename(unfinished, path);
	} catch (error) {
		await rm(unfinished, { force: true });
		throw error;
	}
}

function absent(error: unknown): undefined {
	if ((error as { code?: unknown }).code === "ENOENT") return undefined;
	throw error;
}

function notThrough(): ApackError {
	return new ApackError("name", "the name of an entry leads through something that is no folder", {
		field: "name",
		expected: "folders",
	});
}
