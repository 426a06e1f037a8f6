import { readUint, writeUint } from "../../bytes/big-endian.js";
import type { RowWrite } from "../../store/rows.js";
import type { LocalStore } from "../../store/store.js";
import { behindKey, documentOfKey, rowKinds, rowRange } from "../document-rows.js";

/** Why a document's projection is behind. */
export interface Lag {
	/** Feed number of the latest change that the feed knows; 0 = the one in the projection row. */
	readonly feed: number;
	/** Whether entries have arrived that nobody judged yet. */
	readonly unapplied: boolean;
	/** Whether rights or keys changed, so that every entry is judged anew. */
	readonly anew: boolean;
	/**
	 * Latest arrival that was noted; only in memory. It is noted while its batch is being written, so whoever brings the document up
	 * meanwhile may not have seen it.
	 */
	readonly arrival: number;
}

/**
 * The documents whose projection is behind their entries. Their rows are written in the batch that leaves them behind and deleted in
 * the batch that brings them up, so a crash in between loses nothing. Value: feed(6) ‖ flags(1): 1 unapplied, 2 anew.
 */
export class BehindDocuments {
	readonly #lags = new Map<number, Lag>();

	static async load(store: LocalStore): Promise<BehindDocuments> {
		const behind = new BehindDocuments();
		await behind.reload(store);
		return behind;
	}

	/** Reads all of it anew: what was noted for a write that failed no longer holds. */
	async reload(store: LocalStore): Promise<void> {
		const lags = new Map<number, Lag>();
		for await (const batch of store.rows.scan(rowRange(rowKinds.behind))) {
			for (const [key, value] of batch) {
				const flags = value[6] as number;
				const lag = { feed: readUint(value, 0, 6), unapplied: (flags & 1) !== 0, anew: (flags & 2) !== 0, arrival: 0 };
				lags.set(documentOfKey(key), lag);
			}
		}
		this.#lags.clear();
		for (const [document, lag] of lags) this.#lags.set(document, lag);
	}

	get(document: number): Lag | undefined {
		return this.#lags.get(document);
	}

	/**
	 * Documents that have to be judged before they are read.
	 * @param last number of the newest one in the store: a new document is noted while its batch is being written, and whoever writes it
	 * has it judged.
	 */
	unapplied(last: number): number[] {
		const lags = [...this.#lags].filter(([document, lag]) => document <= last && (lag.unapplied || lag.anew));
		return lags.map(([document]) => document);
	}

	/** @param last as of `unapplied`. */
	all(last: number): number[] {
		return [...this.#lags.keys()].filter((document) => document <= last);
	}

	/** Rows that note a lag, on top of what was noted before. Takes effect in memory at once, so that `clear` sees a newer lag. */
	note(document: number, lag: Partial<Lag>): RowWrite[] {
		const before = this.#lags.get(document);
		const next: Lag = {
			feed: lag.feed ?? before?.feed ?? 0,
			unapplied: (before?.unapplied ?? false) || (lag.unapplied ?? false),
			anew: (before?.anew ?? false) || (lag.anew ?? false),
			arrival: Math.max(before?.arrival ?? 0, lag.arrival ?? 0),
		};
		this.#lags.set(document, next);
		// Written even when nothing changed: the batch before, which wrote the same, may have failed or been drafted anew.
		const value = new Uint8Array(7);
		writeUint(value, 0, next.feed, 6);
		value[6] = (next.unapplied ? 1 : 0) | (next.anew ? 2 : 0);
		return [{ type: "put", key: behindKey(document), value }];
	}

	/** The row that says a document is up to date, if `lag` is still all that was noted, and `applied` covers what arrived. */
	clear(document: number, lag: Lag | undefined, applied: number): RowWrite[] {
		if (lag === undefined || this.#lags.get(document) !== lag) return [];
		if (lag.arrival > applied) {
			// This runs behind the batch that held the arrival, so the next look sees it, unless it is damaged or purged.
			this.#lags.set(document, { ...lag, arrival: 0 });
			return [];
		}
		this.#lags.delete(document);
		return [{ type: "del", key: behindKey(document) }];
	}

	/** Puts back what `clear` took away, when the write failed. */
	restore(document: number, lag: Lag): void {
		if (!this.#lags.has(document)) this.#lags.set(document, lag);
	}
}
