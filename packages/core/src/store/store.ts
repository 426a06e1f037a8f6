import type { Entry, StoredEntry } from "../entry/entry.js";
import type { EntryType, HeaderFields } from "../entry/header.js";
import type { Contents } from "./contents.js";
import type { RecentEntries, RecentOptions } from "./recent-entries.js";
import type { ReconcilableRecords } from "./reconciliation.js";
import type { Rows, RowWrite } from "./rows.js";
import type { Staging } from "./staging.js";

/** Identity of a store. A store holds the entries of one database of one tenant. */
export interface StoreIdentity {
	/** 32 hex digits, drawn when the store is made; a store that is made anew gets another. */
	readonly storeId: string;
	readonly tenantRoot: string;
	readonly dbId: string;
}

/** Where a store's arrivals stand. */
export interface StorePosition {
	/** Number of the newest arrival; 0 for an empty store. Arrivals count from 1 without gaps. */
	readonly arrival: number;
	/** Running digest over all arrivals up to that one, 32 hex digits (16 bytes). */
	readonly digest: string;
}

/** An entry with its arrival number in the store that answered. */
export interface Arrival<E extends StoredEntry = StoredEntry> {
	readonly arrival: number;
	readonly entry: E;
}

/** What the record of an entry tells of its place in the document. */
export interface EntryOutline {
	readonly arrival: number;
	readonly hash: string;
	readonly entryType: EntryType;
	/** Milliseconds. */
	readonly createdAt: number;
	readonly dependencyHashes: readonly string[];
	/** Fields that it has in common with others. */
	readonly shared: Pick<HeaderFields, "createdByPublicKey" | "decryptionKeyId">;
}

export interface Page {
	/** In arrival order. A damaged record is left out here and listed in `damaged`. */
	readonly arrivals: readonly Arrival[];
	/** Continue after this arrival; equals the arrival asked for when there is nothing more. */
	readonly next: number;
	/** Running digest up to and including `next`. */
	readonly digest: string;
	readonly damaged: readonly number[];
}

/** Why an offered entry was not stored. Data, not an exception: one bad entry never stops the rest. */
export interface Refusal {
	readonly hash: string;
	readonly reason:
		| "format"
		| "limit"
		| "address"
		| "signature"
		| "unsigned"
		| "wrong-database"
		| "purged"
		| "stub"
		| "not-member"
		| "unacknowledged";
	/** One sentence for people. */
	readonly message: string;
}

export interface PutReport {
	/** Addresses that this call stored, with their arrivals. */
	readonly stored: readonly { readonly hash: string; readonly arrival: number }[];
	/** Addresses that were there before. */
	readonly known: readonly string[];
	readonly refused: readonly Refusal[];
}

export interface DependencyOptions {
	/** A path ends at the first entry of this type, which is included. */
	readonly stopAtEntryType?: EntryType;
	/** Longest path that is followed, in steps from the start. @default unlimited */
	readonly maxDepth?: number;
	/** Whether the start is part of the answer. @default true */
	readonly includeStart?: boolean;
}

export interface PageOptions {
	/** Most entries of one page. @default 256 */
	readonly limit?: number;
	/** Most payload bytes of one page, but always at least one entry. @default 8 MiB */
	readonly maxBytes?: number;
	/** Whether payloads are read. @default true */
	readonly payload?: boolean;
	/** Whether payloads of chunks that `getContents` gives are read too. @default true */
	readonly contents?: boolean;
	/** Addresses of entries that the caller has; a store may give them all the same. @default none */
	readonly skip?: ((hash: string) => boolean) | undefined;
}

export interface FindOptions extends Pick<PageOptions, "contents"> {
	/** Most payload bytes of one answer, but always at least one entry. @default 8 MiB */
	readonly maxBytes?: number;
}

/** Entries that were asked for by their hashes. */
export interface FoundEntries {
	/** In the order asked for. What is not here, or was erased here, is left out; a damaged record is listed in `damaged`. */
	readonly arrivals: readonly Arrival[];
	readonly damaged: readonly number[];
	/** How many of the hashes, from the first on, this answers: not all when their payloads fill it. Ask for the rest again. */
	readonly covered: number;
}

export interface HeldContentsOptions {
	/** Only those that the store does not drop to make room, so that others may drop theirs. @default false */
	readonly lasting?: boolean;
}

/**
 * An append-only store of entries, found by their address. Everything that holds entries implements it: a folder, a browser's
 * database, memory, Postgres, a peer at the other end of a wire. `testStore` of `@mindoodb/testing` is its acceptance suite.
 *
 * Hashes are 64 lower-case hex digits.
 */
export interface ContentAddressedStore {
	/** Arrivals that a reader had better ask for at once. @default 256 */
	readonly pageEntries?: number;
	/** Who answers, where a channel has proved it: a public key, hex. What is remembered of the store stands under that name too. */
	readonly peer?: string;
	identity(): Promise<StoreIdentity>;
	position(): Promise<StorePosition>;

	/**
	 * Those of the payloads of more than 4 KiB, by their SHA-256 as hex, that are to come with their chunks; any other chunk is put
	 * without its payload. A store that lacks this call takes every entry whole.
	 */
	wantsContents?(contentHashes: readonly string[]): Promise<string[]>;
	/** Those of the payloads that the store holds. A store that lacks this call holds what its entries come with. */
	hasContents?(contentHashes: readonly string[], options?: HeldContentsOptions): Promise<string[]>;
	/** Payloads by their hashes, in any order; those that are not here are left out. Ask for some 8 MiB at a time. */
	getContents?(contentHashes: readonly string[]): Promise<Uint8Array[]>;

	/**
	 * Stores what is new, after checking form, address (hash of header and payload), database and signature. Resolves when the
	 * stored entries are durable. What is not stored is listed in the report.
	 */
	putEntries(entries: readonly StoredEntry[]): Promise<PutReport>;

	/** Entries in the order asked for; unknown hashes are left out. @throws {StoreError} `store-damaged` names a damaged record. */
	getEntries(hashes: readonly string[]): Promise<StoredEntry[]>;
	/** Those of `hashes` that the store holds, in the order asked for. */
	hasEntries(hashes: readonly string[]): Promise<string[]>;
	/** Entries without payload, in arrival order, except `knownHashes`. Costs O(all entries): see `entriesAfter`. */
	findNewEntries(knownHashes: readonly string[]): Promise<StoredEntry[]>;
	findNewEntriesForDoc(knownHashes: readonly string[], docId: string): Promise<StoredEntry[]>;
	getAllHashes(): Promise<string[]>;
	/**
	 * Addresses of `startHash` and what it depends on, nearest first. Missing entries end their path. With
	 * `stopAtEntryType: "doc_snapshot"` a path ends at the first entry that an accepted snapshot covers, and the snapshot's
	 * address stands in its place.
	 */
	resolveDependencies(startHash: string, options?: DependencyOptions): Promise<string[]>;
	/** What arrived after `arrival`, in order, a page at a time. */
	entriesAfter(arrival: number, options?: PageOptions): Promise<Page>;
	/** Entries by their hashes, with their places in this store. @param hashes at most 256. */
	entriesByHash?(hashes: readonly string[], options?: FindOptions): Promise<FoundEntries>;
	/** Documents by recency. A store that lacks this call is read in order of arrival. */
	recent?(options: RecentOptions): Promise<RecentEntries>;
	/**
	 * The answer to a message of Negentropy over (createdAt, hash) of everything that was ever stored here, erased or not: see
	 * docs/negentropy.md. Nothing is kept between two calls. A store that lacks this call, or `entriesByHash`, is read by pages.
	 * @throws {FormatError} when the message is none.
	 */
	reconcile?(message: Uint8Array): Promise<Uint8Array>;
	/**
	 * Erases all entries of a document from this store alone, keeps their stubs to itself and refuses their return.
	 * @returns the addresses erased.
	 */
	purgeDocHistory(docId: string): Promise<string[]>;
	close(): Promise<void>;
}

/** What the store made of an entry that it appended. */
export interface Placement {
	readonly hash: string;
	readonly arrival: number;
	/** Number of the document in this store, from 1. */
	readonly document: number;
	/** Whether the author signed another entry with the same predecessor before: a fork of its chain. */
	readonly fork: boolean;
}

export interface AppendOptions {
	/**
	 * Rows for the same batch; awaited in the serial section, once the arrivals are known (rows are encrypted with their arrival
	 * as associated data). Must be quick; when it throws, nothing is written and `append` rejects with its error.
	 */
	readonly rows?: (placements: readonly Placement[]) => Promise<readonly RowWrite[]>;
	/** Whether chunks may come without their payloads though nobody has staged these: the store lacks them then. @default false */
	readonly mayLack?: boolean;
}

export interface PurgeOptions {
	/**
	 * Rows of the layer above that go with the document, for the purge's first batch; called in the serial section. What they delete
	 * is erased from the engine's files like the entries, and also when the purge is cut short and done again.
	 */
	readonly rows?: () => Promise<readonly RowWrite[]>;
	/**
	 * Signs those of the entries whose author this process is: ones of other documents for which nobody would vouch any more. Called in the
	 * serial section; of no effect where stubs are passed on.
	 */
	readonly sign?: (entries: readonly Entry[]) => Promise<readonly Entry[]>;
}

/**
 * Checks who may store, and which documents may have stubs; called for entries whose address and signature hold. Answers in the order
 * given; `undefined` = welcome.
 */
export type Admission = (entries: readonly StoredEntry[]) => Promise<readonly (Refusal | undefined)[]>;

export interface ReceiveOptions extends Omit<AppendOptions, "mayLack"> {
	readonly admit?: Admission;
	/** Whether entries of documents may come without their payloads: the store lacks them then. @default false */
	readonly headersAlone?: boolean;
}

export interface DocumentEntriesOptions {
	/** Arrivals behind this one. @default 0 */
	readonly after?: number;
	/** Whether payloads are read. @default true */
	readonly payload?: boolean;
	/** Arrivals that are not wanted. */
	readonly except?: ReadonlySet<number>;
	/** Whether attachment chunks are wanted, instead of everything else. @default false */
	readonly chunks?: boolean;
}

/** A store in reach of this process, with what a database needs beyond the contract. */
export interface LocalStore extends ContentAddressedStore, ReconcilableRecords {
	/** Whether other processes write here too: what was read of rows may be out of date when rows are written. */
	readonly shared: boolean;
	readonly rows: Rows;
	readonly staging: Staging;
	readonly contents: Contents;

	/**
	 * Appends entries that this process has made or verified, in one atomic and durable batch. Addresses already known are
	 * skipped (their placement is the old one). Calls are carried out in order. A chunk may come without its payload when that is staged.
	 */
	append(entries: readonly StoredEntry[], options?: AppendOptions): Promise<Placement[]>;
	/** `putEntries` with a check of who may store, and rows for the same batch. */
	receive(entries: readonly StoredEntry[], options?: ReceiveOptions): Promise<PutReport>;
	entriesByHash(hashes: readonly string[], options?: FindOptions): Promise<FoundEntries>;
	/** As the contract says, with rows that go with the document. */
	purgeDocHistory(docId: string, options?: PurgeOptions): Promise<string[]>;
	/**
	 * Erases a document because its tenant asked for it: the stubs are passed on like entries, and what arrives or is appended later is
	 * kept as its stub. Nothing takes it back. @returns the addresses erased.
	 */
	eraseDocument(docId: string, options?: PurgeOptions): Promise<string[]>;
	/** Whether the document was erased by `eraseDocument`. */
	isErased(docId: string): Promise<boolean>;

	/** Newest entries of an author's chain: those that no other entry here names as predecessor. Several devices and forks have several. */
	chainHeads(publicKey: string): Promise<readonly string[]>;
	/** Entries of one author in arrival order, without payload: its chain. What was purged here comes as its stub. */
	entriesOfAuthor(publicKey: string, options?: { readonly after?: number }): AsyncIterable<readonly Arrival[]>;
	/** Authors (hex public keys) that have entries here. */
	authors(): Promise<readonly string[]>;

	/** Number of a document, `undefined` when no entry of it arrived. */
	documentNumber(docId: string): Promise<number | undefined>;
	documentId(document: number): Promise<string | undefined>;
	/** Newest arrival of a document, chunks aside. */
	newestOfDocument(document: number): Promise<number | undefined>;
	/** Number of the newest document; documents are numbered from 1 without gaps. Of a shared store, as of its own last write. */
	documentCount(): number;
	/** Entries of a document in arrival order, a batch at a time: its attachment chunks, or all others. */
	entriesOfDocument(document: number, options?: DocumentEntriesOptions): AsyncIterable<readonly Arrival[]>;
	/**
	 * As `entriesOfDocument` without chunks, a fraction of its cost: what the records say, which is not compared with the address. For
	 * order and times of many entries; who builds on what one of them holds reads that one whole. Stubs and entries of unknown
	 * versions are left out.
	 */
	outlinesOfDocument(document: number): AsyncIterable<readonly EntryOutline[]>;
	/**
	 * By arrival number; missing and damaged ones are left out.
	 * @param options `purged`: whether what was purged here comes as its stub, which must not be passed on. Default false.
	 */
	getArrivals(
		arrivals: readonly number[],
		options?: { readonly payload?: boolean; readonly purged?: boolean },
	): Promise<Arrival[]>;
	/** Arrival numbers by hash, `undefined` where unknown. */
	arrivalsOf(hashes: readonly string[]): Promise<(number | undefined)[]>;

	/**
	 * Tells that rows were given in vain, because a write failed or another call of the batch did, or that another process wrote: what was remembered of them may be
	 * wrong, and what a failed write was to write may be here all the same. Runs before anybody is asked for rows again, and must not
	 * write. @returns a function that ends it.
	 */
	onReadAnew(listener: () => Promise<void>): () => void;

	/**
	 * Told, without delay, when this process has appended and it is durable, with the newest arrival then; must not throw.
	 * @returns a function that ends it.
	 */
	onAppended(listener: (arrival: number) => void): () => void;

	/** Sets which accepted snapshots cover which entries, for `resolveDependencies`. */
	setSnapshotCover(cover: ((hash: string) => Promise<string | undefined>) | undefined): void;
	/** Reads every record and checks address, payload and indexes. Yields what is damaged, in arrival order. */
	verifyRecords(options?: {
		readonly onProgress?: (done: number, total: number) => void;
	}): AsyncIterable<DamagedRecord>;
}

/**
 * A store that a server keeps for others: what it needs to check what comes, to level and to erase. Unlike a `LocalStore` it can be shared
 * by several processes, so nothing here answers from memory that another one could have outdated.
 */
export type KeepingStore = ContentAddressedStore &
	ReconcilableRecords &
	Pick<
		LocalStore,
		| "shared"
		| "rows"
		| "contents"
		| "append"
		| "receive"
		| "purgeDocHistory"
		| "eraseDocument"
		| "isErased"
		| "chainHeads"
		| "authors"
		| "entriesOfAuthor"
		| "documentNumber"
		| "documentId"
		| "entriesOfDocument"
		| "getArrivals"
		| "arrivalsOf"
		| "onAppended"
		| "verifyRecords"
	>;

export interface DamagedRecord {
	/** 0 for what belongs to no arrival: an index that had to be built anew. */
	readonly arrival: number;
	/** The address under which the record is found, where that can still be told. */
	readonly hash: string | undefined;
	readonly message: string;
}

export interface OpenStoreOptions {
	/** 64 hex digits. */
	readonly tenantRoot: string;
	readonly dbId: string;
	/** "documents", or "attachments" for a store of their own. */
	readonly purpose: "documents" | "attachments";
}

/** Makes or opens the stores of a tenant, wherever the platform keeps them. */
export interface StoreFactory {
	open(options: OpenStoreOptions): Promise<LocalStore>;
	/** dbIds of the tenant that have stores here. */
	list(tenantRoot: string): Promise<string[]>;
	/** Erases the stores of a database; they must be closed. */
	drop(tenantRoot: string, dbId: string): Promise<void>;
}
