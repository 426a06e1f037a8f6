import { linkOf, type StoredEntry } from "../entry/entry.js";

interface Link<P> {
	readonly previous: string | undefined;
	readonly author: string;
	readonly dbId: string;
	readonly isSigned: boolean;
	readonly place: P;
}

/**
 * Which entries of a trail are vouched for: those that are signed, and those that a vouched-for entry of the same author and database
 * names as the one before. Source: docs/entry-format.md, "Author chains".
 */
export class VouchedLinks<P> {
	readonly #links = new Map<string, Link<P>>();

	/** Adds an entry whose signature, if it has one, holds. @returns false when it was added before. */
	add(entry: StoredEntry, place: P): boolean {
		if (this.#links.has(entry.hash)) return false;
		const { previousByAuthor: previous, createdByPublicKey: author, dbId } = linkOf(entry);
		this.#links.set(entry.hash, { previous, author, dbId, isSigned: entry.signature !== undefined, place });
		return true;
	}

	/** Entries that nobody vouches for, with their places. */
	unvouched(): (readonly [hash: string, place: P])[] {
		const vouched = new Set<string>();
		const waiting = [...this.#links].flatMap(([hash, { isSigned }]) => (isSigned ? [hash] : []));
		for (let hash = waiting.pop(); hash !== undefined; hash = waiting.pop()) {
			if (vouched.has(hash)) continue;
			vouched.add(hash);
			const { previous, author, dbId } = this.#links.get(hash) as Link<P>;
			const before = previous === undefined ? undefined : this.#links.get(previous);
			if (before?.author === author && before.dbId === dbId) waiting.push(previous as string);
		}
		return [...this.#links].flatMap(([hash, { place }]) => (vouched.has(hash) ? [] : [[hash, place] as const]));
	}
}
