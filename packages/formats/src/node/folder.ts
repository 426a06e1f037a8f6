import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Folder } from "../ports.js";

/** What a write is called until it is complete; no file of `list`. */
const unfinished = /\.[0-9a-f]{8}\.new$/;

/** A folder of the file system; the first write makes it. Files are for their owner alone. */
export function nodeFolder(path: string): Folder {
	return {
		read: (name) => readFile(join(path, demandName(name))).then((bytes) => Uint8Array.from(bytes), absent),
		async write(name, bytes) {
			const target = join(path, demandName(name));
			const fresh = `${target}.${randomBytes(4).toString("hex")}.new`;
			await mkdir(path, { recursive: true, mode: 0o700 });
			try {
				const file = await open(fresh, "wx", 0o600);
				try {
					await file.writeFile(bytes);
					await file.sync();
				} finally {
					await file.close();
				}
				await rename(fresh, target);
			} catch (error) {
				await rm(fresh, { force: true });
				throw error;
			}
			await syncFolder(path);
		},
		async delete(name) {
			await rm(join(path, demandName(name)), { force: true });
			await syncFolder(path).catch(absent);
		},
		async list() {
			const entries = (await readdir(path, { withFileTypes: true }).catch(absent)) ?? [];
			return entries.filter((entry) => entry.isFile() && !unfinished.test(entry.name)).map((entry) => entry.name);
		},
	};
}

function demandName(name: string): string {
	if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name))
		throw new RangeError("expected a plain name");
	return name;
}

async function syncFolder(path: string): Promise<void> {
	// Windows knows no folders that can be synced.
	if (process.platform === "win32") return;
	const folder = await open(path, "r");
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
}

function absent(error: unknown): undefined {
	if ((error as { code?: unknown }).code !== "ENOENT") throw error;
}
