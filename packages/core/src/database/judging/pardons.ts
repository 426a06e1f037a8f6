import type { StoredEntry } from "../../entry/entry.js";

/**
 * What a pardon covers: the entries that it names and their causal past, as far as it is here.
 * @param entryOf an entry of the document by its hash.
 */
export function coveredBy(
	pardoned: ReadonlySet<string>,
	entryOf: (hash: string) => StoredEntry | undefined,
): ReadonlySet<string> {
	const covered = new Set<string>();
	const open = [...pardoned];
	for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
		if (covered.has(hash)) continue;
		covered.add(hash);
		const entry = entryOf(hash);
		if (entry?.kind === "entry") open.push(...(entry.fields?.dependencyHashes ?? []));
	}
	return covered;
}
