import { lstatSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PackRange, Packs } from "@mindoodb/core";
import { absent, listFolder, makeFolder, removeDurably, syncFolder } from "./folder-files.js";

/** Syncs under way: each holds one of the few threads that everything else needs too. */
const mostSyncing = 2;

/** Packs as files of a folder, named by their number. The folder comes with the first of them. */
export function folderPacks(dir: string): Packs {
	const pathOf = (pack: number) => join(dir, String(pack).padStart(12, "0"));
	/** Packs without a number: what is found here when a store is opened, a crash has left. */
	const incoming = join(dir, "incoming");
	let made = false;
	let prepared = 0;
	const syncing = new Set<Promise<void>>();

	return {
		async prepare(parts) {
			if (!made) {
				await makeFolder(dir);
				await makeFolder(incoming);
				made = true;
			}
			const path = join(incoming, String(++prepared));
			let durable: Promise<void>;
			try {
				durable = syncAndClose(await writeFile(path, parts));
			} catch (error) {
				await rm(path, { force: true });
				throw error;
			}
			// Its failure is told to whoever waits for these bytes.
			const ended = durable.catch(() => undefined).then(() => void syncing.delete(ended));
			syncing.add(ended);
			while (syncing.size > mostSyncing) await Promise.race(syncing);
			let kept: string | undefined;
			return {
				durable: () => durable,
				read: (ranges) => readFrom(kept ?? path, ranges),
				keep: async (pack) => {
					await durable;
					await rename(path, pathOf(pack));
					kept = pathOf(pack);
				},
				discard: async () => {
					await ended;
					await rm(path, { force: true });
				},
			};
		},

		settle: () => syncFolder(dir),

		read: (pack, ranges) => readFrom(pathOf(pack), ranges),

		async remove(pack) {
			if (!isThere(pathOf(pack))) return false;
			await removeDurably(pathOf(pack));
			return true;
		},

		async removePrepared() {
			if (!isThere(incoming)) return;
			for (const name of (await listFolder(incoming)) ?? []) await removeDurably(join(incoming, name));
		},
	};
}

/** At once: every opening of a store asks, and mostly there is nothing. */
function isThere(path: string): boolean {
	return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function writeFile(path: string, parts: readonly Uint8Array[]): Promise<FileHandle> {
	const length = parts.reduce((sum, part) => sum + part.length, 0);
	const file = await open(path, "w", 0o600);
	try {
		const { bytesWritten } = await file.writev(parts as Uint8Array[]);
		if (bytesWritten !== length) throw new Error(`expected to write ${length} bytes, wrote ${bytesWritten}`);
		return file;
	} catch (error) {
		await file.close();
		throw error;
	}
}

async function syncAndClose(file: FileHandle): Promise<void> {
	try {
		await file.datasync();
	} finally {
		await file.close();
	}
}

async function readFrom(path: string, ranges: readonly PackRange[]): Promise<(Uint8Array | undefined)[]> {
	const file = await open(path, "r").catch(absent);
	if (file === undefined) return ranges.map(() => undefined);
	try {
		return await readAll(file, ranges);
	} finally {
		await file.close();
	}
}

/** Ranges that lie one behind the other are read at once. */
async function readAll(file: FileHandle, ranges: readonly PackRange[]): Promise<(Uint8Array | undefined)[]> {
	const read: (Uint8Array | undefined)[] = [];
	for (let first = 0; first < ranges.length; ) {
		const { offset } = ranges[first] as PackRange;
		const parts: Uint8Array[] = [];
		let end = offset;
		for (let range = ranges[first]; range?.offset === end; range = ranges[first + parts.length]) {
			parts.push(new Uint8Array(range.length));
			end += range.length;
		}
		const { bytesRead } = await file.readv(parts, offset);
		let behind = 0;
		for (const part of parts) {
			behind += part.length;
			read.push(behind <= bytesRead ? part : undefined);
		}
		first += parts.length;
	}
	return read;
}
