import { lstat, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";

/** A file to be packed, and the name of its entry. */
export interface InputFile {
	readonly path: string;
	readonly name: string;
	readonly size: number;
}

/**
 * The files that are meant: each file by its own name, each folder by the paths below it, in the order of their names. Links and what is
 * no file are left out. @throws {UsageError} `not-found`, and when two files would have one name.
 */
export async function findInputFiles(call: Call, inputs: readonly string[]): Promise<InputFile[]> {
	const files: InputFile[] = [];
	for (const input of inputs) {
		const path = call.path(input);
		const found = await lstat(path).catch(() => undefined);
		if (found === undefined) throw new UsageError("there is no such file or folder", { code: "not-found" });
		if (found.isDirectory()) files.push(...(await filesBelow(call, path, "")));
		else if (found.isFile()) files.push({ path, name: basename(path), size: found.size });
		else throw new UsageError("expected files and folders; links and devices are not packed");
	}
	if (new Set(files.map(({ name }) => name)).size < files.length) {
		throw new UsageError("two files would have the same name in the archive");
	}
	return files;
}

async function filesBelow(call: Call, folder: string, prefix: string): Promise<InputFile[]> {
	const files: InputFile[] = [];
	for (const name of (await readdir(folder)).sort()) {
		const path = join(folder, name);
		const found = await lstat(path);
		if (found.isDirectory()) files.push(...(await filesBelow(call, path, `${prefix}${name}/`)));
		else if (found.isFile()) files.push({ path, name: `${prefix}${name}`, size: found.size });
		else call.note("left out: something that is neither a file nor a folder");
	}
	return files;
}
