/**
 * The file that names the process which holds a store: `{"pid": 1, "since": 0}`, written after the engine's lock was taken, so
 * that one left behind by a killed process is overwritten by the next.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Holder {
	readonly pid: number;
	/** Milliseconds since 1970. */
	readonly since: number;
}

export async function writeHolder(folder: string): Promise<void> {
	const holder: Holder = { pid: process.pid, since: Date.now() };
	await writeFile(holderPath(folder), JSON.stringify(holder), { mode: 0o600 });
}

export async function removeHolder(folder: string): Promise<void> {
	await rm(holderPath(folder), { force: true });
}

/** Who holds a store that is locked; `undefined` when the file is not there yet or names a process that has ended. */
export async function readHolder(folder: string): Promise<Holder | undefined> {
	const text = await readFile(holderPath(folder), "utf8").catch(() => "");
	try {
		const { pid, since } = JSON.parse(text) as Record<string, unknown>;
		if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || !Number.isSafeInteger(since)) return undefined;
		return isAlive(pid as number) ? { pid: pid as number, since: since as number } : undefined;
	} catch {
		return undefined;
	}
}

/** Whether an engine refused to open because another holds its lock. */
export function isLockError(error: unknown): boolean {
	for (let each: unknown = error; each !== undefined && each !== null; each = (each as { cause?: unknown }).cause) {
		if ((each as { code?: unknown }).code === "LEVEL_LOCKED") return true;
	}
	return false;
}

function holderPath(folder: string): string {
	return join(folder, "holder.json");
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as { code?: unknown }).code === "EPERM";
	}
}
