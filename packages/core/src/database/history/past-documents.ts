import type { LocalStore } from "../../store/store.js";
import { readVerdicts } from "../judging/verdict-rows.js";
import { entriesAt, type WrittenEntry } from "./entries-at.js";
import { timesOf } from "./timeline.js";

/**
 * Whether there was a document at a moment and it was not deleted then; told from headers alone.
 * @param document number of one that is brought up and readable.
 */
export async function existedAt(store: LocalStore, document: number, time: number): Promise<boolean> {
	const entries = await acceptedEntries(store, document);
	const { written, isDeleted } = entriesAt(entries, timesOf(entries), time);
	return written.length > 0 && !isDeleted;
}

/** Accepted creates, changes and deletes of a document that is brought up. */
export async function acceptedEntries(store: LocalStore, document: number): Promise<WrittenEntry[]> {
	const verdicts = await readVerdicts(store.rows, document);
	const entries: WrittenEntry[] = [];
	for await (const batch of store.outlinesOfDocument(document)) {
		for (const { arrival, hash, entryType, createdAt, dependencyHashes, shared } of batch) {
			if (verdicts.has(arrival) || entryType === "doc_snapshot" || entryType === "attachment_chunk") continue;
			entries.push({ hash, author: shared.createdByPublicKey, createdAt, dependencyHashes, entryType });
		}
	}
	return entries;
}
