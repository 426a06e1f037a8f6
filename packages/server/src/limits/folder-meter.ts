import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { StorageMeter } from "./tenant-storage.js";

/** Measures the folders of `folderStores`. @param dir the one that it was given. */
export function folderMeter(dir: string): StorageMeter {
	return { bytes: (tenantRoot) => folderBytes(tenantRoot === undefined ? dir : join(dir, tenantRoot.slice(0, 32))) };
}

/** Files may come and go meanwhile. */
async function folderBytes(path: string): Promise<number> {
	const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
	let bytes = 0;
	for (const entry of entries) {
		const inner = join(path, entry.name);
		if (entry.isDirectory()) bytes += await folderBytes(inner);
		else bytes += (await lstat(inner).catch(() => ({ size: 0 }))).size;
	}
	return bytes;
}
