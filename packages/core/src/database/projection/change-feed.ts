import { readUint } from "../../bytes/big-endian.js";
import { UsageError } from "../../errors.js";
import type { RowWrite } from "../../store/rows.js";
import type { LocalStore } from "../../store/store.js";
import { feedKey, lastUint48, rowKinds, rowRange, uint32 } from "../document-rows.js";

/** Tells a subscriber that what a document shows has changed. */
export interface DocumentChange {
	readonly docId: string;
	/** Whether the document is gone: deleted, or nothing of it counts any more. */
	readonly deleted: boolean;
	/** "local" for writes of this replica, "remote" for everything else: received entries, keys, revocations. */
	readonly origin: "local" | "remote";
	/** Position behind this change in the change feed. */
	readonly cursor: string;
}

export type ChangeListener = (change: DocumentChange) => void;

/**
 * The sequence of a database's own: a number for every time that what a document shows changed, for whatever reason. A document
 * stands in it once, at its latest number, so replaying the feed costs O(documents) and misses nothing.
 */
export class ChangeFeed {
	readonly #store: LocalStore;
	readonly #storeId: string;
	#last: number;
	/** The latest number whose row is on disk. */
	#durable: number;
	readonly #listeners = new Map<string, Set<ChangeListener>>();
	readonly #log: (error: unknown) => void;

	private constructor(store: LocalStore, storeId: string, last: number, log: (error: unknown) => void) {
		this.#store = store;
		this.#storeId = storeId;
		this.#last = last;
		this.#durable = last;
		this.#log = log;
	}

	/** @param log receives what a listener throws; it never reaches the writer. */
	static async open(store: LocalStore, log: (error: unknown) => void): Promise<ChangeFeed> {
		let last = 0;
		for await (const batch of store.rows.scan({ ...rowRange(rowKinds.feed), reverse: true, limit: 1 })) {
			const row = batch[0];
			if (row !== undefined) last = lastUint48(row[0]);
		}
		const { storeId } = await store.identity();
		return new ChangeFeed(store, storeId, last, log);
	}

	/** Position behind everything that changed so far. */
	get cursor(): string {
		return this.cursorAt(this.#durable);
	}

	cursorAt(feed: number): string {
		return `${this.#storeId}:${feed}`;
	}

	/**
	 * Takes the next number. Only within the store's serial section, with the row in the batch that is written next: so numbers become
	 * durable in their order, and no cursor passes one that is still to come.
	 */
	take(): number {
		return ++this.#last;
	}

	/** Rows that move a document to `feed`. @param before its number so far, 0 for none. */
	rows(document: number, feed: number, before: number): RowWrite[] {
		const put: RowWrite = { type: "put", key: feedKey(feed), value: uint32(document) };
		return before === 0 ? [put] : [{ type: "del", key: feedKey(before) }, put];
	}

	/** Documents that changed after `cursor`, oldest change first, in batches. @throws {UsageError} for a foreign cursor. */
	async *documentsSince(cursor: string | undefined): AsyncGenerator<readonly { document: number; feed: number }[]> {
		const range = rowRange(rowKinds.feed);
		const gte = cursor === undefined ? range.gte : feedKey(this.#parse(cursor) + 1);
		for await (const batch of this.#store.rows.scan({ ...range, gte })) {
			yield batch.map(([key, value]) => ({ document: readUint(value, 0, 4), feed: lastUint48(key) }));
		}
	}

	/** @param docId one document, or all when absent. @returns a function that ends the subscription. */
	subscribe(listener: ChangeListener, docId = ""): () => void {
		const listeners = this.#listeners.get(docId) ?? new Set();
		this.#listeners.set(docId, listeners);
		listeners.add(listener);
		return () => {
			listeners.delete(listener);
			if (listeners.size === 0) this.#listeners.delete(docId);
		};
	}

	/** Tells subscribers of changes that are durable now. */
	announce(changes: readonly { docId: string; deleted: boolean; origin: "local" | "remote"; feed: number }[]): void {
		for (const { feed } of changes) if (feed > this.#durable) this.#durable = feed;
		if (this.#listeners.size === 0) return;
		for (const { feed, ...change } of changes) {
			const told: DocumentChange = { ...change, cursor: this.cursorAt(feed) };
			for (const key of ["", change.docId]) {
				for (const listener of this.#listeners.get(key) ?? []) this.#tell(listener, told);
			}
		}
	}

	#tell(listener: ChangeListener, change: DocumentChange): void {
		try {
			listener(change);
		} catch (error) {
			this.#log(error);
		}
	}

	#parse(cursor: string): number {
		const [storeId, feed] = cursor.split(":");
		const number = Number(feed);
		if (storeId !== this.#storeId || !/^\d{1,15}$/.test(feed ?? "")) {
			throw new UsageError(
				"cursor: expected one that this store gave out; read all documents again and continue from there",
				{
					field: "cursor",
				},
			);
		}
		return number;
	}
}
