/** What a purge erases of a document's attachments besides their entries. */
import type { RowWrite } from "../../store/rows.js";
import type { LocalStore } from "../../store/store.js";
import { chunkRunRange } from "../document-rows.js";

/**
 * Erases the chunks of a document from a store of their own.
 * @param forEverybody whether the tenant asked for it, and not this replica alone. @returns the addresses erased.
 */
export async function eraseChunks(store: LocalStore, docId: string, forEverybody: boolean): Promise<string[]> {
	const document = await store.documentNumber(docId);
	const options = { rows: async () => (document === undefined ? [] : chunkRunDeletions(store, document)) };
	return forEverybody ? store.eraseDocument(docId, options) : store.purgeDocHistory(docId, options);
}

/** The index that leads to the chunks goes with them. @param document number in this store. */
export async function chunkRunDeletions(store: LocalStore, document: number): Promise<RowWrite[]> {
	const rows: RowWrite[] = [];
	for await (const batch of store.rows.scan(chunkRunRange(document))) {
		for (const [key] of batch) rows.push({ type: "del", key });
	}
	return rows;
}
