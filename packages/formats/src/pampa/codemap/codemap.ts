import type { Folder } from "../../ports.js";
import { isSha } from "../chunk-name.js";
import { PampaError } from "../pampa-error.js";
import { type CodemapEntry, normalizeEntry } from "./codemap-entry.js";

/** Chunk ids (`<file>:<symbol>:<first 8 digits of the sha>`) and what is known of them. */
export type Codemap = ReadonlyMap<string, CodemapEntry>;

/** In the folder of the project; the chunks are in `.pampa/chunks` below it. */
export const codemapFileName = "pampa.codemap.json";

/**
 * The text of a codemap file: JSON, two spaces deep, no final newline, ids in the order of an object whose keys were added as an English
 * dictionary sorts them.
 */
export function encodeCodemap(codemap: Codemap): string {
	const ids = [...codemap.keys()].filter((id) => id !== "").sort(inOrder());
	if (ids.length === 0) return "{}";
	const members = ids.map((id) => {
		const entry = JSON.stringify(normalizeEntry(codemap.get(id)), undefined, 2);
		return `  ${JSON.stringify(id)}: ${entry.replaceAll("\n", "\n  ")}`;
	});
	return `{\n${members.join(",\n")}\n}`;
}

/**
 * Reads a codemap file; entries are cleaned as the writer does.
 * @throws {PampaError} `CODEMAP_INVALID` of what is no JSON object. The reference takes that for an empty codemap, and then loses it.
 */
export function decodeCodemap(text: string): Codemap {
	const parsed = parseJson(text);
	if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
		throw new PampaError("CODEMAP_INVALID", "expected a codemap to be a JSON object");
	}
	return new Map(Object.entries(parsed).map(([id, raw]) => [id, normalizeEntry(raw)]));
}

/** @returns `undefined` when there is none. @throws {PampaError} `CODEMAP_INVALID` */
export async function readCodemap(project: Folder): Promise<Codemap | undefined> {
	const bytes = await project.read(codemapFileName);
	return bytes === undefined ? undefined : decodeCodemap(new TextDecoder().decode(bytes));
}

export async function writeCodemap(project: Folder, codemap: Codemap): Promise<void> {
	await project.write(codemapFileName, new TextEncoder().encode(encodeCodemap(codemap)));
}

/** Names of the chunks that some entry needs. */
export function neededShas(codemap: Codemap): ReadonlySet<string> {
	return new Set([...codemap.values()].map(({ sha }) => sha).filter(isSha));
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// The reason would quote the file.
		throw new PampaError("CODEMAP_INVALID", "expected a codemap to be JSON");
	}
}

/** Objects list keys that are array indexes first, as numbers. */
function inOrder(): (a: string, b: string) => number {
	// A fixed language: the order of a file must not depend on who writes it.
	const { compare } = new Intl.Collator("en");
	const numberOf = (id: string) => (/^(0|[1-9]\d{0,9})$/.test(id) && Number(id) < 2 ** 32 - 1 ? Number(id) : undefined);
	return (a, b) => {
		const [left, right] = [numberOf(a), numberOf(b)];
		if (left !== undefined && right !== undefined) return left - right;
		if (left !== undefined) return -1;
		return right === undefined ? compare(a, b) : 1;
	};
}
