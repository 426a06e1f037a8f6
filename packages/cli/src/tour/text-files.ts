import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { UsageError } from "mindoodb";

/** Larger files are skipped. */
const mostBytes = 1024 * 1024;

/** Folders that hold what others made or what was built. */
const skippedFolders: ReadonlySet<string> = new Set([".git", "node_modules", "dist", "coverage"]);

export interface TextFile {
	/** From the folder given, with slashes. */
	readonly path: string;
	readonly name: string;
	readonly title: string;
	readonly text: string;
	readonly bytes: number;
}

export interface TextFiles {
	readonly files: readonly TextFile[];
	readonly skipped: { readonly binary: number; readonly large: number; readonly empty: number };
}

/** Reads all text files below a folder: what is well-formed UTF-8 without NUL. @throws {UsageError} `not-found` */
export async function readTextFiles(folder: string): Promise<TextFiles> {
	const files: TextFile[] = [];
	const skipped = { binary: 0, large: 0, empty: 0 };
	for await (const path of filesBelow(folder)) {
		const { size } = await stat(path);
		if (size > mostBytes) {
			skipped.large++;
			continue;
		}
		const text = textOf(await readFile(path));
		if (text === undefined) skipped.binary++;
		else if (text.trim() === "") skipped.empty++;
		else files.push(fileOf(relative(folder, path).split(sep).join("/"), text, size));
	}
	return { files, skipped };
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
	const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
		const reason = String((cause as { code?: unknown }).code ?? "unknown error");
		throw new UsageError(`the folder cannot be read (${reason})`, {
			code: reason === "ENOENT" ? "not-found" : "usage",
			cause,
		});
	});
	for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
		const path = join(folder, entry.name);
		if (entry.isFile()) yield path;
		else if (entry.isDirectory() && !skippedFolders.has(entry.name)) yield* filesBelow(path);
	}
}

function textOf(bytes: Uint8Array): string | undefined {
	if (bytes.includes(0)) return undefined;
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		return undefined;
	}
}

function fileOf(path: string, text: string, bytes: number): TextFile {
	const name = path.slice(path.lastIndexOf("/") + 1);
	const heading = /^\s*(?:#+|\/\/|\/\*+)\s*(\S.*)$/m.exec(text.slice(0, 2000))?.[1]?.trim();
	return { path, name, title: heading ?? path, text, bytes };
}
