import { linkOf } from "../../entry/entry.js";
import type { LocalStore } from "../../store/store.js";
import { HashIndex } from "../../trust/hash-index.js";

interface ReadChains {
	/** Number of the chain by entry. */
	readonly chainOf: HashIndex;
	/** First entry of each chain. */
	readonly beginnings: string[];
	/** Links whose predecessor has not arrived, by that predecessor. */
	readonly waiting: Map<string, string[]>;
	arrival: number;
}

/**
 * On which of an author's devices an entry was written. A device signs one chain in a database, so the chain's first entry names it; a
 * restored backup goes on with the chain that it was a copy of. Each link of an author is read once.
 */
export class DeviceChains {
	readonly #store: LocalStore;
	readonly #authors = new Map<string, Promise<ReadChains>>();

	constructor(store: LocalStore) {
		this.#store = store;
	}

	/** First entry of the chain, `undefined` while a link before it has not arrived. */
	async deviceOf(author: string, entry: string): Promise<string | undefined> {
		const chains = await this.#chainsOf(author, entry);
		const chain = chains.chainOf.get(entry);
		return chain === undefined ? undefined : chains.beginnings[chain];
	}

	async #chainsOf(author: string, entry: string): Promise<ReadChains> {
		const known = await this.#authors.get(author);
		if (known?.chainOf.get(entry) !== undefined) return known;
		const before = this.#authors.get(author) ?? Promise.resolve(undefined);
		const reading = before.then((chains) =>
			this.#read(author, chains ?? { chainOf: new HashIndex(), beginnings: [], waiting: new Map(), arrival: 0 }),
		);
		this.#authors.set(author, reading);
		reading.catch(() => this.#authors.delete(author));
		return reading;
	}

	async #read(author: string, chains: ReadChains): Promise<ReadChains> {
		for await (const batch of this.#store.entriesOfAuthor(author, { after: chains.arrival })) {
			for (const { arrival, entry } of batch) {
				const { previousByAuthor } = linkOf(entry);
				if (previousByAuthor === undefined) place(chains, entry.hash, chains.beginnings.push(entry.hash) - 1);
				else {
					const chain = chains.chainOf.get(previousByAuthor);
					if (chain !== undefined) place(chains, entry.hash, chain);
					else chains.waiting.set(previousByAuthor, [...(chains.waiting.get(previousByAuthor) ?? []), entry.hash]);
				}
				chains.arrival = Math.max(chains.arrival, arrival);
			}
		}
		return chains;
	}
}

function place(chains: ReadChains, hash: string, chain: number): void {
	const placed = [hash];
	for (let each = placed.pop(); each !== undefined; each = placed.pop()) {
		chains.chainOf.set(each, chain);
		placed.push(...(chains.waiting.get(each) ?? []));
		chains.waiting.delete(each);
	}
}
