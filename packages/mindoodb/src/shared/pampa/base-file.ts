/**
 * What a folder and a database both had after the last transfer, so that the next one tells a change from a difference and a removal from
 * something new: JSON of { version: 1, entries: { id: { field: text } }, chunks: { name: { form: text } } }.
 */
import { FormatError } from "@mindoodb/core";
import type { Folder } from "@mindoodb/formats/pampa";
import type { Fields } from "./three-way.js";

export interface Base {
	readonly entries: ReadonlyMap<string, Fields>;
	readonly chunks: ReadonlyMap<string, Fields>;
}

/** @returns nothing in common when there is no such file. @throws {FormatError} */
export async function readBase(folder: Folder, name: string): Promise<Base> {
	const bytes = await folder.read(name);
	if (bytes === undefined) return { entries: new Map(), chunks: new Map() };
	const { version, entries, chunks } = parse(bytes) ?? {};
	const [entryFields, chunkFields] = [fieldsOfAll(entries), fieldsOfAll(chunks)];
	if (version !== 1 || entryFields === undefined || chunkFields === undefined) throw damaged(name);
	return { entries: entryFields, chunks: chunkFields };
}

export async function writeBase(folder: Folder, name: string, { entries, chunks }: Base): Promise<void> {
	const text = JSON.stringify({ version: 1, entries: objectOf(entries), chunks: objectOf(chunks) });
	await folder.write(name, new TextEncoder().encode(text));
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
	try {
		return JSON.parse(new TextDecoder().decode(bytes)) ?? undefined;
	} catch {
		return undefined;
	}
}

function fieldsOfAll(value: unknown): Map<string, Fields> | undefined {
	if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
	const all = new Map<string, Fields>();
	for (const [name, fields] of Object.entries(value)) {
		if (typeof fields !== "object" || fields === null) return undefined;
		const pairs = Object.entries(fields);
		if (!pairs.every((pair): pair is [string, string] => typeof pair[1] === "string")) return undefined;
		all.set(name, new Map(pairs));
	}
	return all;
}

function objectOf(all: ReadonlyMap<string, Fields>): object {
	return Object.fromEntries(
		[...all].sort(byName).map(([name, fields]) => [name, Object.fromEntries([...fields].sort(byName))]),
	);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
	return a < b ? -1 : 1;
}

function damaged(name: string): FormatError {
	const without = "without that file, differences count as conflicts and nothing is removed";
	return new FormatError(`the record of the last transfer, ${name}, is damaged: ${without}`);
}
