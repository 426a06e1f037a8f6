/** What the calls of `MindooDB` take and give. */
import type { MindooDoc } from "./mindoo-doc.js";

/** A document that changed, or went. */
export interface FeedItem {
	readonly docId: string;
	/** The document as it is now; absent when it is deleted or nothing of it counts any more. */
	readonly doc: MindooDoc | undefined;
	/** Continue after this item. */
	readonly cursor: string;
}

export interface IterateOptions {
	/** Continue behind this document. */
	readonly after?: string;
	/** Most documents. @default unlimited */
	readonly limit?: number;
	/** Whether deleted documents are listed too. @default false */
	readonly includeDeleted?: boolean;
}

/** An author who signed two entries at one place of its chain. */
export interface AuthorFork {
	/** Public key, 64 hex digits. */
	readonly createdBy: string;
	/** Newest entry of each branch. */
	readonly heads: readonly string[];
}

/** What a document is made of. */
export type InitialValues = Readonly<Record<string, unknown>>;
