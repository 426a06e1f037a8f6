import type { StoredEntry } from "../entry/entry.js";

/** A place among the documents of a store, the newest first. */
export interface RecentPlace {
	/** Documents whose newest entries arrived before this. */
	readonly before: number;
	/** Arrival up to which the first of them was given; 0 for nothing of it. */
	readonly within: number;
}

export interface RecentOptions extends RecentPlace {
	/** Most entries of one answer. @default 256 */
	readonly limit?: number;
	/** Most payload bytes of one answer, but always at least one entry. @default 8 MiB */
	readonly maxBytes?: number;
	/** Whether entries that a document's newest snapshot covers, and older snapshots, come without payload. @default false */
	readonly dense?: boolean;
}

/** Entries of whole documents, the newest document first, each document's in order of arrival; chunks are left out. */
export interface RecentEntries {
	readonly entries: readonly StoredEntry[];
	/** Where to go on; `undefined` when there is nothing more. */
	readonly next: RecentPlace | undefined;
}
