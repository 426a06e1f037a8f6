import type { Copy } from "./envelope-documents.js";

/** A message, joined from its copies. */
export interface Message {
	readonly copies: readonly Copy[];
	/** The copy whose envelope is the message: the one that was edited most often. */
	readonly shown: Copy;
	/** UTF-8 bytes of the envelope's text. */
	readonly size: number;
}

/** What an account's documents are, without their envelopes: who, when, how long. Answers do not depend on the order in which copies came. */
export class MessageIndex {
	readonly #copies = new Map<string, Copy>();
	/** Tag → document ids. */
	readonly #joined = new Map<string, Set<string>>();
	/** Tag that the shown envelope would have → document ids. */
	readonly #shown = new Map<string, Set<string>>();
	/** `messageHash` → document ids. */
	readonly #hashes = new Map<string, Set<string>>();
	/** Contact → tags. */
	readonly #tags = new Map<string, Set<string>>();
	readonly #sorted = new Map<string, readonly Message[]>();

	/** @param copy `undefined` when the document is none, or none any more. */
	set(docId: string, copy: Copy | undefined): void {
		const before = this.#copies.get(docId);
		if (before !== undefined) {
			this.#copies.delete(docId);
			this.#sorted.delete(before.contact);
			deleteFrom(this.#joined, before.tag, docId);
			deleteFrom(this.#shown, before.shownTag, docId);
			deleteFrom(this.#hashes, before.hash, docId);
		}
		if (copy === undefined) return;
		this.#copies.set(docId, copy);
		this.#sorted.delete(copy.contact);
		setIn(this.#joined, copy.tag).add(docId);
		setIn(this.#shown, copy.shownTag).add(docId);
		setIn(this.#hashes, copy.hash).add(docId);
		setIn(this.#tags, copy.contact).add(copy.tag);
	}

	/** Names of those with messages, by the time of the first one. */
	contacts(): string[] {
		return [...this.#tags.keys()]
			.flatMap((contact) => {
				const first = this.messages(contact)[0];
				return first === undefined ? [] : [{ contact, timestamp: first.shown.timestamp }];
			})
			.sort((a, b) => a.timestamp - b.timestamp || compare(a.contact, b.contact))
			.map(({ contact }) => contact);
	}

	/** The messages of a conversation by time, those of one time by their tags. */
	messages(contact: string): readonly Message[] {
		let sorted = this.#sorted.get(contact);
		if (sorted === undefined) {
			sorted = this.#sort(contact);
			this.#sorted.set(contact, sorted);
		}
		return sorted;
	}

	/** Whether some message is this envelope. */
	isShown(shownTag: string): boolean {
		return [...(this.#shown.get(shownTag) ?? [])].some((docId) => this.#shows(docId)?.shownTag === shownTag);
	}

	/** Whether the conversation has a message of this `messageHash`. */
	holds(contact: string, hash: string): boolean {
		return [...(this.#hashes.get(hash) ?? [])].some((docId) => {
			const shown = this.#shows(docId);
			return shown?.contact === contact && shown.hash === hash;
		});
	}

	/** All copies of a message, also of one that is deleted. */
	copies(tag: string): readonly Copy[] {
		return [...(this.#joined.get(tag) ?? [])].map((docId) => this.#copies.get(docId) as Copy);
	}

	#sort(contact: string): readonly Message[] {
		const messages = new Map<string, Message>();
		for (const tag of this.#tags.get(contact) ?? []) {
			const copies = this.copies(tag);
			const shown = shownOf(copies);
			if (shown?.contact !== contact) continue;
			// An edit can make a message what another one is already; copies of both are those of one.
			const same = messages.get(shown.shownTag)?.copies ?? [];
			messages.set(shown.shownTag, { copies: [...same, ...copies], shown, size: shown.size });
		}
		return [...messages.values()].sort(
			(a, b) => a.shown.timestamp - b.shown.timestamp || compare(a.shown.shownTag, b.shown.shownTag),
		);
	}

	#shows(docId: string): Copy | undefined {
		return shownOf(this.copies((this.#copies.get(docId) as Copy).tag));
	}
}

/** @returns `undefined` of a message that is deleted, or of none. */
function shownOf(copies: readonly Copy[]): Copy | undefined {
	return copies.some(({ isDeleted }) => isDeleted) ? undefined : newestOf(copies);
}

/** The same one on every device that has these copies. */
export function newestOf(copies: readonly Copy[]): Copy | undefined {
	return [...copies].sort(
		(a, b) => b.revision - a.revision || compare(b.shownTag, a.shownTag) || compare(a.docId, b.docId),
	)[0];
}

function setIn(sets: Map<string, Set<string>>, key: string): Set<string> {
	const set = sets.get(key) ?? new Set();
	sets.set(key, set);
	return set;
}

function deleteFrom(sets: Map<string, Set<string>>, key: string, item: string): void {
	const set = sets.get(key);
	set?.delete(item);
	if (set?.size === 0) sets.delete(key);
}

function compare(a: string, b: string): number {
	return a < b ? -1 : Number(a > b);
}
