import type { EntryType } from "../../entry/header.js";
import type { EntryTime, TimedEntry } from "./timeline.js";

/** An accepted entry of a document that says something about its state: a create, a change or a delete. */
export interface WrittenEntry extends TimedEntry {
	readonly entryType: Exclude<EntryType, "doc_snapshot" | "attachment_chunk">;
}

/** What of a document's accepted entries had been written at a moment. */
export function entriesAt<E extends WrittenEntry>(
	entries: readonly E[],
	times: ReadonlyMap<string, EntryTime>,
	time: number,
): { readonly written: readonly E[]; readonly isDeleted: boolean } {
	const written = entries.filter(({ hash }) => (times.get(hash)?.time ?? 0) <= time);
	const deletes = new Set<string>();
	for (const { hash, entryType } of written) if (entryType === "doc_delete") deletes.add(hash);
	// Field 5 of a change names the deletes that it lifts.
	if (deletes.size > 0) {
		for (const { entryType, dependencyHashes } of written) {
			if (entryType !== "doc_delete") for (const hash of dependencyHashes) deletes.delete(hash);
		}
	}
	return { written, isDeleted: deletes.size > 0 };
}
