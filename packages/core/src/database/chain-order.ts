import { type Entry, linkOf } from "../entry/entry.js";
import type { LocalStore } from "../store/store.js";

/** Whether `earlier` comes before `later` on one chain of their author: asked only when an author contradicts itself. */
export async function chainPrecedes(store: LocalStore, earlier: Entry, later: Entry): Promise<boolean> {
	const author = earlier.common.createdByPublicKey;
	if (author !== later.common.createdByPublicKey) return false;
	const previous = new Map<string, string | undefined>();
	for await (const batch of store.entriesOfAuthor(author)) {
		for (const { entry } of batch) previous.set(entry.hash, linkOf(entry).previousByAuthor);
	}
	for (let hash = previous.get(later.hash); hash !== undefined; hash = previous.get(hash)) {
		if (hash === earlier.hash) return true;
	}
	return false;
}
