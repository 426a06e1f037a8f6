import type { StoredEntry } from "../entry/entry.js";
import type { RowWrite } from "./rows.js";

/** A payload in a row of its own. */
export interface Content {
	/** SHA-256 of the payload, hex. */
	readonly contentHash: string;
	readonly payload: Uint8Array;
}

/** Bytes that a store lacks though it has an entry that needs them. */
export interface LackingContent {
	readonly contentHash: string;
	/** As the header says, which nobody has checked: of a chunk exactly, of others at most. */
	readonly bytes: number;
	/** Whether it is an entry's of a document, and not a chunk's. */
	readonly ofDocument: boolean;
}

/** Which payloads a store takes and keeps. */
export interface ContentPolicy {
	/** Whether payloads are taken with their chunks; else only through `Contents.put` and uploads. */
	readonly wanted: boolean;
	/** Whether payloads stay until their documents are purged; else they may be dropped to make room. */
	readonly lasting: boolean;
}

export interface PutContentsOptions {
	/** Rows of the layer above for the same batch. */
	readonly rows?: readonly RowWrite[];
}

export interface DropOptions {
	/** Nothing needs them any more, so they do not count as lacking. @default false */
	readonly unwanted?: boolean;
}

/**
 * Payloads that have rows of their own, those of more than 4 KiB and those that came after their entries. A replica may hold all entries
 * and lack such payloads of chunks, or of a document's past; an entry whose payload is lacking is given out without it and is not damaged.
 */
export interface Contents {
	/** Whether each of them is here. */
	has(contentHashes: readonly string[]): Promise<boolean[]>;
	/** Unchecked, in the order asked for; `undefined` for what is not here. */
	get(contentHashes: readonly string[]): Promise<(Uint8Array | undefined)[]>;
	/**
	 * Keeps payloads that an entry here needs and that lie in no record, durably, in one batch; others are left out. The caller has checked them.
	 * @returns their hashes.
	 */
	put(contents: readonly Content[], options?: PutContentsOptions): Promise<string[]>;
	/**
	 * Erases payloads and keeps their entries. One that an upload under way has staged stays.
	 * @returns the hashes of those that were erased.
	 */
	drop(contentHashes: readonly string[], options?: DropOptions): Promise<string[]>;
	/** What is lacking, in batches. */
	lacking(): AsyncIterable<readonly LackingContent[]>;
	/** The entries that need a payload, without it. */
	entriesOf(contentHash: string): Promise<StoredEntry[]>;
	/**
	 * Erases what a crash left in an object store: objects written before a time (milliseconds) that no row names. A write that is still
	 * under way must be younger. @returns how many.
	 */
	collect(before: number): Promise<number>;
	/** Kept by the store itself, so that it holds for those too who reach the store without its database. */
	policy(): Promise<ContentPolicy>;
	setPolicy(policy: ContentPolicy): Promise<void>;
}
