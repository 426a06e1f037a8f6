import type { OpenDocument } from "./open-document.js";

/** Documents with their Automerge document in memory: with thousands of live ones, making another becomes many times slower. */
const mostOpen = 64;
/** Documents that may come up together and stay in memory; more are what a replica has missed (docs/decisions/0079). */
export const mostKeptOpen = 8;

/** The documents that are being written or were lately, least recently used first. */
export class OpenDocuments {
	readonly #open = new Map<number, OpenDocument>();
	/** Numbers of the open documents. */
	readonly #numbers = new Map<string, number>();

	get size(): number {
		return this.#open.size;
	}

	all(): readonly OpenDocument[] {
		return [...this.#open.values()];
	}

	/** The document, unless nothing can be built on it any more. */
	get(document: number): OpenDocument | undefined {
		const open = this.#open.get(document);
		return open?.broken === undefined ? open : undefined;
	}

	/** As `get`, by id. */
	find(docId: string): OpenDocument | undefined {
		const document = this.#numbers.get(docId);
		return document === undefined ? undefined : this.get(document);
	}

	/** Adds a document, or marks it as just used. */
	touch(open: OpenDocument): void {
		this.#open.delete(open.document);
		this.#open.set(open.document, open);
		this.#numbers.set(open.docId, open.document);
	}

	/** Takes a document out and gives its memory back. */
	drop(open: OpenDocument): void {
		if (this.#open.get(open.document) === open) {
			this.#open.delete(open.document);
			this.#numbers.delete(open.docId);
		}
		open.free();
	}

	/**
	 * Lets the documents go that were not used for the longest time and are not being written.
	 * @param busy whether somebody is at work on a document.
	 * @param behind whether its projection has to be written first.
	 * @returns documents that have to go once their projection is written.
	 */
	evict(busy: (document: number) => boolean, behind: (document: number) => boolean): number[] {
		const waiting: number[] = [];
		for (const [document, open] of this.#open) {
			if (this.#open.size <= mostOpen) break;
			if (open.own.unwritten > 0 || open.isLent || busy(document)) continue;
			if (behind(document)) waiting.push(document);
			else this.drop(open);
		}
		return waiting.length < mostOpen / 2 ? [] : waiting;
	}

	/** Lets all documents go that nobody is at work on. */
	dropIdle(busy: (document: number) => boolean): void {
		for (const [document, open] of this.#open) {
			if (open.own.unwritten === 0 && !open.isLent && !busy(document)) this.drop(open);
		}
	}

	clear(): void {
		for (const open of this.#open.values()) open.free();
		this.#open.clear();
		this.#numbers.clear();
	}
}
