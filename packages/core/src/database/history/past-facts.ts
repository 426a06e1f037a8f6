import type { DocumentFacts } from "../projection/projection-row.js";
import type { WrittenEntry } from "./entries-at.js";

/** A written entry with the key that it was written under. */
export interface KeyedEntry extends WrittenEntry {
	readonly fields: { readonly decryptionKeyId: string };
}

/**
 * Who made a document and who wrote last, as its entries tell.
 * @param heads Automerge heads with the entries that hold them. @returns `undefined` when no entry is its beginning.
 */
export function factsOf(heads: DocumentFacts["heads"], entries: Iterable<KeyedEntry>): DocumentFacts | undefined {
	let first: KeyedEntry | undefined;
	let last: KeyedEntry | undefined;
	for (const entry of entries) {
		if (entry.dependencyHashes.length === 0 && (first === undefined || isBefore(entry, first))) first = entry;
		if (last === undefined || isBefore(last, entry)) last = entry;
	}
	if (first === undefined || last === undefined) return undefined;
	return {
		decryptionKeyId: first.fields.decryptionKeyId,
		heads,
		createdAt: first.createdAt,
		createdBy: first.author,
		lastModifiedAt: last.createdAt,
		lastModifiedBy: last.author,
	};
}

function isBefore(a: KeyedEntry, b: KeyedEntry): boolean {
	return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.hash < b.hash);
}
