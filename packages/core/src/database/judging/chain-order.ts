import { type Entry, linkOf } from "../../entry/entry.js";
import type { LocalStore } from "../../store/store.js";
import { AuthorChain, type Membership } from "../../trust/author-chain.js";

/**
 * Tells whether `earlier` comes before `later` on one chain of their author ("inside" the way back from it): asked only when an
 * author contradicts itself. Each author's chain is read once.
 */
export function chainOrder(store: LocalStore): (earlier: Entry, later: Entry) => Promise<Membership> {
	const chains = new Map<string, Promise<AuthorChain>>();
	return async (earlier, later) => {
		const author = earlier.common.createdByPublicKey;
		if (author !== later.common.createdByPublicKey || earlier.hash === later.hash) return { kind: "outside" };
		let chain = chains.get(author);
		if (chain === undefined) {
			chain = readChain(store, author);
			chains.set(author, chain);
		}
		return (await chain).membership({ from: undefined, to: later.hash }, earlier.hash);
	};
}

/** All of an author's links here. */
export async function readChain(store: LocalStore, author: string): Promise<AuthorChain> {
	const chain = new AuthorChain();
	for await (const batch of store.entriesOfAuthor(author)) {
		for (const { entry } of batch) chain.add({ hash: entry.hash, previousByAuthor: linkOf(entry).previousByAuthor });
	}
	return chain;
}
