import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { StoreError } from "@mindoodb/core";
import { ClassicLevel } from "classic-level";
import { isLockError, readHolder, removeHolder, writeHolder } from "./holder-file.js";

/**
 * Holds a whole folder for this process, so that no second one changes the files beside the stores. The lock is the one that the
 * engine takes on an empty database: the operating system drops it when the process ends, however it ends.
 * @returns a function that lets go. @throws {StoreError} `store-locked`, with the holder where it is known.
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
	const folder = join(dir, "lock");
	const level = new ClassicLevel(join(folder, "rows"));
	try {
		await mkdir(folder, { recursive: true, mode: 0o700 });
		await chmod(folder, 0o700);
		await level.open();
	} catch (cause) {
		if (!isLockError(cause)) throw new StoreError("folder: could not take its lock", { code: "store-io", cause });
		const holder = await readHolder(folder);
		const who = holder === undefined ? "" : ` (process ${holder.pid}, since ${new Date(holder.since).toISOString()})`;
		throw new StoreError(`folder: another process works in it${who}`, {
			code: "store-locked",
			cause,
			...(holder && { holder }),
		});
	}
	await writeHolder(folder);
	return async () => {
		await removeHolder(folder);
		await level.close();
	};
}
