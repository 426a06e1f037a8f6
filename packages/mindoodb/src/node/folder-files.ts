/** Small files that must survive a crash, in folders that only their owner may enter. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FormatError, StoreError } from "@mindoodb/core";

/** Makes the folder and its missing parents, for its owner alone. */
export async function makeFolder(path: string): Promise<void> {
	await attempt("make the folder", path, async () => {
		await mkdir(path, { recursive: true, mode: 0o700 });
		await chmod(path, 0o700);
		await syncFolder(dirname(path));
	});
}

/**
 * Replaces a file in one step: after a crash it has either its old or its new content, and it has the new one once this resolves.
 * Only its owner may read it.
 */
export async function writeFileDurably(path: string, content: Uint8Array | string): Promise<void> {
	await attempt("write", path, async () => {
		const fresh = `${path}.${randomBytes(4).toString("hex")}.new`;
		try {
			const file = await open(fresh, "wx", 0o600);
			try {
				await file.writeFile(content);
				await file.sync();
			} finally {
				await file.close();
			}
			await rename(fresh, path);
		} catch (error) {
			await rm(fresh, { force: true });
			throw error;
		}
		await syncFolder(dirname(path));
	});
}

export function writeJsonDurably(path: string, value: unknown): Promise<void> {
	return writeFileDurably(path, `${JSON.stringify(value, undefined, "\t")}\n`);
}

/** Gives a file or folder another name, for good. */
export async function renameDurably(from: string, to: string): Promise<void> {
	await attempt("rename", from, async () => {
		await rename(from, to);
		await syncFolder(dirname(to));
	});
}

/** Removes a file or a whole folder; nothing happens when there is none. */
export async function removeDurably(path: string): Promise<void> {
	await attempt("remove", path, async () => {
		await rm(path, { recursive: true, force: true });
		await syncFolder(dirname(path));
	});
}

/** @returns `undefined` when there is no such file. @throws {FormatError} `limit` above `most` bytes. */
export async function readFileAtMost(path: string, most: number): Promise<Uint8Array | undefined> {
	return attempt("read", path, async () => {
		const file = await open(path, "r").catch(absent);
		if (file === undefined) return undefined;
		try {
			const { size } = await file.stat();
			if (size > most) {
				throw new FormatError(`${basename(path)}: expected at most ${most} bytes, found ${size}`, {
					code: "limit",
					expected: most,
					found: size,
				});
			}
			return new Uint8Array(await file.readFile());
		} finally {
			await file.close();
		}
	});
}

/** Reads a small JSON file. @returns `undefined` when there is none. @throws {FormatError} */
export async function readJson(path: string, most = 256 * 1024): Promise<unknown> {
	const bytes = await readFileAtMost(path, most);
	if (bytes === undefined) return undefined;
	try {
		return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
	} catch {
		// The parser's own message quotes what it read.
		throw new FormatError(`${basename(path)}: expected JSON`, { field: basename(path) });
	}
}

/** Names in a folder, sorted; `undefined` when there is no such folder. */
export async function listFolder(path: string): Promise<string[] | undefined> {
	return attempt("list", path, async () => (await readdir(path).catch(absent))?.sort());
}

/** Removes what a crash left of `writeFileDurably`. */
export async function removeUnfinished(folder: string): Promise<void> {
	for (const name of (await listFolder(folder)) ?? []) {
		if (/\.[0-9a-f]{8}\.new$/.test(name)) await removeDurably(join(folder, name));
	}
}

/** Names given in a folder are there after a crash too. */
export async function syncFolder(path: string): Promise<void> {
	const folder = await open(path, "r").catch(onWindows);
	if (folder === undefined) return;
	try {
		await folder.sync().catch(onWindows);
	} finally {
		await folder.close();
	}
}

/** Windows knows no folders that can be synced. */
function onWindows(error: unknown): undefined {
	if (process.platform !== "win32") throw error;
}

/** What `catch` gives for a file that is not there. */
export function absent(error: unknown): undefined {
	if ((error as { code?: unknown }).code !== "ENOENT") throw error;
}

async function attempt<T>(what: string, path: string, action: () => Promise<T>): Promise<T> {
	try {
		return await action();
	} catch (cause) {
		if (cause instanceof FormatError || cause instanceof StoreError) throw cause;
		const reason = String((cause as { code?: unknown }).code ?? "unknown error");
		throw new StoreError(`folder: could not ${what} ${basename(path)} (${reason})`, { code: "store-io", cause });
	}
}
