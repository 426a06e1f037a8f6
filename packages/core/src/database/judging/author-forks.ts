import { linkOf } from "../../entry/entry.js";
import type { LocalStore } from "../../store/store.js";

/**
 * Ends of an author's chains behind places where two entries name the same predecessor, sorted; none without a fork. Chains that
 * begin apart are those of several devices. O(1) for an author with one chain, else O(entries of the author).
 */
export async function forkedHeads(store: LocalStore, author: string): Promise<readonly string[]> {
	const heads = await store.chainHeads(author);
	if (heads.length < 2) return [];
	const previous = new Map<string, string>();
	const followed = new Set<string>();
	const forked = new Set<string>();
	for await (const batch of store.entriesOfAuthor(author)) {
		for (const { entry } of batch) {
			const { previousByAuthor } = linkOf(entry);
			if (previousByAuthor === undefined) continue;
			previous.set(entry.hash, previousByAuthor);
			if (followed.size === followed.add(previousByAuthor).size) forked.add(previousByAuthor);
		}
	}
	const descends = (head: string): boolean => {
		for (let at = previous.get(head); at !== undefined; at = previous.get(at)) if (forked.has(at)) return true;
		return false;
	};
	return forked.size === 0 ? [] : heads.filter(descends).sort();
}
