/**
 * The store over a key-value engine: on disk, in a browser, in memory. Source: docs/architecture.md, "One storage engine, four
 * places". Rows are listed in `row-keys.ts`.
 */
import { toHex } from "../bytes/hex.js";
import { decodeUtf8 } from "../bytes/text.js";
import type { Crypto, Random } from "../crypto/crypto.js";
import type { StoredEntry } from "../entry/entry.js";
import { checkId } from "../entry/header.js";
import { checkAppendable } from "./appendable.js";
import { ArrivalReader } from "./arrival-reader.js";
import type { Blobs } from "./blobs.js";
import type { Contents } from "./contents.js";
import { resolveDependencies } from "./dependencies.js";
import type { DraftParts } from "./drafting.js";
import { openIdentity, type StoreUpgrade } from "./identity.js";
import { takeLackingBytes, withoutBytes } from "./known-bytes.js";
import { listArrivals, newestArrival } from "./listing.js";
import type { Packs } from "./packs.js";
import { Payloads } from "./payloads.js";
import { type Purge, type PurgeEnv, purgeDocument, readPurges } from "./purge.js";
import type { ReadOptions } from "./reading.js";
import { purgedRefusal, vouchedOf, welcomeOf } from "./receiving.js";
import type { ReconciliationRange, ReconciliationRecord, ReconciliationSum } from "./reconciliation.js";
import { chainKey, documentIdKey, prefixRange, tags } from "./row-keys.js";
import type { Staging } from "./staging.js";
import { StoreState } from "./state.js";
import type {
	AppendOptions,
	Arrival,
	DamagedRecord,
	DependencyOptions,
	DocumentEntriesOptions,
	EntryOutline,
	FindOptions,
	FoundEntries,
	HeldContentsOptions,
	LocalStore,
	Page,
	PageOptions,
	Placement,
	PurgeOptions,
	PutReport,
	ReceiveOptions,
	Refusal,
	StoreIdentity,
	StorePosition,
} from "./store.js";
import type { Table } from "./table.js";
import { TableContents } from "./table-contents.js";
import { TableRows } from "./table-rows.js";
import { TableStaging } from "./table-staging.js";
import { Trie } from "./trie.js";
import { verifyEntries } from "./verify-entries.js";
import { type VerifyOptions, verifyRecords } from "./verify-records.js";
import { rowAbove, Writer } from "./writer.js";

export interface TableStoreOptions {
	readonly crypto: Crypto;
	/** Source of the store's id. */
	readonly random: Random;
	/** 64 hex digits. */
	readonly tenantRoot: string;
	readonly dbId: string;
	/** Where many bytes lie better than in rows. @default none: all payloads lie in rows */
	readonly packs?: Packs;
	/** Where single large payloads lie better than in the store's files. @default none */
	readonly blobs?: Blobs;
	/** Ways from older formats. @default those to the newest */
	readonly upgrades?: readonly StoreUpgrade[];
	/** Format version that is read and written. @default the newest */
	readonly version?: number;
}

/**
 * Opens a store over a table. The store owns the table from then on and closes it, also when opening fails. A table that is shared may be
 * open in other stores at the same time.
 * @throws {StoreError} `store-version`, `store-damaged`, `store-io`
 */
export async function openTableStore(table: Table, options: TableStoreOptions): Promise<LocalStore> {
	checkId(options.dbId, "dbId");
	try {
		const identity = await table.exclusively(() => openIdentity(table, options));
		const state = new StoreState(table);
		const payloads = new Payloads(table, options);
		await Promise.all([state.load(), payloads.eraseLeftOver((rows) => table.write(rows, true))]);
		const store = new TableStore({ crypto: options.crypto, table, payloads }, identity, state);
		// In a shared table a purge is one transaction, and what was erased is read when it matters.
		if (!table.shared) await store.goOn();
		return store;
	} catch (error) {
		await table.close().catch(() => undefined);
		throw error;
	}
}

/** Entries that are read at once in listings. */
const batchSize = 1000;

class TableStore implements LocalStore {
	readonly #crypto: Crypto;
	readonly #table: Table;
	readonly #identity: StoreIdentity;
	readonly #state: StoreState;
	readonly #trie: Trie;
	readonly #writer: Writer;
	readonly #reader: ArrivalReader;
	readonly #payloads: Payloads;
	readonly #purging: PurgeEnv;
	#cover: ((hash: string) => Promise<string | undefined>) | undefined;
	readonly rows: TableRows;
	readonly staging: Staging;
	readonly contents: Contents;

	constructor(parts: DraftParts, identity: StoreIdentity, state: StoreState) {
		const { crypto, table, payloads } = parts;
		this.#crypto = crypto;
		this.#table = table;
		this.#payloads = payloads;
		this.#identity = identity;
		this.#state = state;
		this.#trie = new Trie(table);
		this.#trie.reset(state.arrival);
		this.#writer = new Writer(parts, state, this.#trie);
		const { tenantRoot, dbId } = identity;
		const reader = { crypto, table, payloads, contexts: state.contexts, tenantRoot, dbId };
		this.#reader = new ArrivalReader(reader, state);
		this.#purging = { reader, state, write: (rows) => this.#writer.writeAlone(rows) };
		this.rows = new TableRows(table, this.#writer);
		this.staging = new TableStaging(table, payloads, this.#writer);
		this.contents = new TableContents(reader, this.#writer);
	}

	/** Takes in what was erased for everybody, and finishes what a crash cut short. */
	async goOn(): Promise<void> {
		const { erased, unfinished } = await readPurges(this.#table);
		for (const docId of erased) this.#state.erase(docId);
		for (const { docId, forEverybody } of unfinished) {
			await (forEverybody ? this.eraseDocument(docId) : this.purgeDocHistory(docId));
		}
	}

	get shared(): boolean {
		return this.#table.shared;
	}

	async identity(): Promise<StoreIdentity> {
		return this.#identity;
	}

	async position(): Promise<StorePosition> {
		return this.#state.position();
	}

	async wantsContents(contentHashes: readonly string[]): Promise<string[]> {
		if (!(await this.contents.policy()).wanted) return [];
		const present = await this.contents.has(contentHashes);
		return contentHashes.filter((_, index) => !present[index]);
	}

	async hasContents(contentHashes: readonly string[], options: HeldContentsOptions = {}): Promise<string[]> {
		if (options.lasting && !(await this.contents.policy()).lasting) return [];
		const present = await this.contents.has(contentHashes);
		return contentHashes.filter((_, index) => present[index]);
	}

	async getContents(contentHashes: readonly string[]): Promise<Uint8Array[]> {
		const payloads = await this.contents.get(contentHashes);
		return payloads.filter((payload) => payload !== undefined);
	}

	putEntries(entries: readonly StoredEntry[]): Promise<PutReport> {
		return this.receive(entries);
	}

	async append(entries: readonly StoredEntry[], options: AppendOptions = {}): Promise<Placement[]> {
		checkAppendable(entries, this.#identity);
		const { rows, mayLack = false } = options;
		const above = rows && ((done: { readonly placements: readonly Placement[] }) => rows(done.placements));
		return [...(await this.#writer.write({ entries, mayLack, rows: above })).placements];
	}

	async receive(offered: readonly StoredEntry[], options: ReceiveOptions = {}): Promise<PutReport> {
		const { admit, rows, headersAlone = false } = options;
		const { wanted } = await this.contents.policy();
		const { tenantRoot, dbId } = this.#identity;
		const settled = new Map<string, boolean>();
		const verified = await verifyEntries(wanted ? offered : offered.map(withoutBytes), {
			crypto: this.#crypto,
			tenantRoot,
			dbId,
			headersAlone,
			settled: async (hashes) => {
				for (const [hash, address] of await this.#reader.addresses(hashes)) settled.set(hash, address.purged);
				return new Set(settled.keys());
			},
			vouched: (unsigned) => vouchedOf(this.#table, this.#state, unsigned),
		});
		const refused: Refusal[] = [...verified.refused];
		const known: string[] = [];
		await takeLackingBytes(this.#crypto, this.contents, verified.settled);
		for (const { hash } of verified.settled) {
			if (settled.get(hash) === true) refused.push(purgedRefusal(hash));
			else known.push(hash);
		}
		const welcome = await welcomeOf(verified.entries, { state: this.#state, admit, refused });
		const ahead = await this.#payloads.uploadAhead(welcome);
		const appended = await this.#writer
			.write({
				entries: welcome,
				mayLack: true,
				rows: rows && ((done) => rows(done.placements.filter((_, index) => done.known[index] === undefined))),
			})
			.finally(() => this.#payloads.objects.endAhead(ahead));
		const stored: { hash: string; arrival: number }[] = [];
		for (const [index, { hash, arrival }] of appended.placements.entries()) {
			const before = appended.known[index];
			if (before === undefined) stored.push({ hash, arrival });
			else if (before.purged) refused.push(purgedRefusal(hash));
			else known.push(hash);
		}
		return { stored, known, refused };
	}

	getEntries(hashes: readonly string[]): Promise<StoredEntry[]> {
		return this.#reader.entries(hashes);
	}

	entriesByHash(hashes: readonly string[], options: FindOptions = {}): Promise<FoundEntries> {
		return this.#reader.find(hashes, options);
	}

	async hasEntries(hashes: readonly string[]): Promise<string[]> {
		const addresses = await this.#reader.addresses(hashes);
		return hashes.filter((hash) => addresses.get(hash)?.purged === false);
	}

	async findNewEntries(knownHashes: readonly string[]): Promise<StoredEntry[]> {
		const known = new Set(knownHashes);
		const entries: StoredEntry[] = [];
		for (let after = 0; ; ) {
			const page = await this.entriesAfter(after, { limit: batchSize, payload: false });
			for (const { entry } of page.arrivals) if (!known.has(entry.hash)) entries.push(entry);
			if (page.next === after) return entries;
			after = page.next;
		}
	}

	async findNewEntriesForDoc(knownHashes: readonly string[], docId: string): Promise<StoredEntry[]> {
		const known = new Set(knownHashes);
		const document = await this.documentNumber(docId);
		const found: Arrival[] = [];
		if (document === undefined) return [];
		for (const chunks of [false, true]) {
			for await (const arrivals of this.entriesOfDocument(document, { payload: false, chunks })) {
				for (const each of arrivals) if (!known.has(each.entry.hash)) found.push(each);
			}
		}
		return found.sort((a, b) => a.arrival - b.arrival).map(({ entry }) => entry);
	}

	async getAllHashes(): Promise<string[]> {
		return this.#reader.allHashes();
	}

	resolveDependencies(startHash: string, options?: DependencyOptions): Promise<string[]> {
		const read = (hashes: readonly string[]) => this.#reader.headersByHash(hashes);
		return resolveDependencies({ read, cover: this.#cover }, startHash, options);
	}

	entriesAfter(arrival: number, options: PageOptions = {}): Promise<Page> {
		return this.#reader.page(arrival, options);
	}

	purgeDocHistory(docId: string, options: PurgeOptions = {}): Promise<string[]> {
		return this.#purge({ docId, forEverybody: false, sign: options.sign }, options);
	}

	eraseDocument(docId: string, options: PurgeOptions = {}): Promise<string[]> {
		return this.#purge({ docId, forEverybody: true }, options);
	}

	async isErased(docId: string): Promise<boolean> {
		return (await this.#state.erasedAmong([docId])).has(docId);
	}

	async #purge(purge: Purge, { rows }: PurgeOptions): Promise<string[]> {
		checkId(purge.docId, "docId");
		return this.#writer.alone(async () => purgeDocument(this.#purging, purge, ((await rows?.()) ?? []).map(rowAbove)));
	}

	close(): Promise<void> {
		return this.#writer.close();
	}

	async chainHeads(publicKey: string): Promise<readonly string[]> {
		const author = await this.#authorNumber(publicKey);
		const heads: string[] = [];
		if (author === undefined) return heads;
		const prefix = chainKey(tags.head, author, "00".repeat(32)).subarray(0, 5);
		for await (const rows of this.#table.scan(prefixRange(prefix), batchSize)) {
			for (const [key] of rows) heads.push(toHex(key.subarray(5)));
		}
		return heads;
	}

	async *entriesOfAuthor(
		publicKey: string,
		options: { readonly after?: number } = {},
	): AsyncGenerator<readonly Arrival[]> {
		const author = await this.#authorNumber(publicKey);
		if (author === undefined) return;
		for await (const arrivals of listArrivals(this.#table, tags.authorListing, author, options.after ?? 0)) {
			const { arrivals: read } = await this.#reader.read(arrivals, { payload: false, purged: true });
			if (read.length > 0) yield read;
		}
	}

	async authors(): Promise<readonly string[]> {
		const authors: string[] = [];
		for await (const rows of this.#table.scan(prefixRange(Uint8Array.of(tags.author)), batchSize)) {
			for (const [key] of rows) authors.push(toHex(key.subarray(1)));
		}
		return authors;
	}

	async documentNumber(docId: string): Promise<number | undefined> {
		return (await this.#state.documentNumbers([docId])).get(docId);
	}

	async documentId(document: number): Promise<string | undefined> {
		const value = await this.#table.get(documentIdKey(document));
		return value && decodeUtf8(value);
	}

	newestOfDocument(document: number): Promise<number | undefined> {
		return newestArrival(this.#table, tags.documentListing, document);
	}

	documentCount(): number {
		return this.#state.documentCount;
	}

	entriesOfDocument(document: number, options?: DocumentEntriesOptions): AsyncIterable<readonly Arrival[]> {
		return this.#reader.ofDocument(document, options);
	}

	outlinesOfDocument(document: number): AsyncIterable<readonly EntryOutline[]> {
		return this.#reader.outlinesOfDocument(document);
	}

	async getArrivals(arrivals: readonly number[], options: ReadOptions = {}): Promise<Arrival[]> {
		return [...(await this.#reader.read(arrivals, options)).arrivals];
	}

	async arrivalsOf(hashes: readonly string[]): Promise<(number | undefined)[]> {
		const addresses = await this.#reader.addresses(hashes);
		return hashes.map((hash) => addresses.get(hash)?.arrival);
	}

	fingerprint(range: ReconciliationRange): Promise<ReconciliationSum> {
		return this.#trie.fingerprint(range);
	}

	fingerprints(ranges: readonly ReconciliationRange[]): Promise<readonly ReconciliationSum[]> {
		return this.#trie.fingerprints(ranges);
	}

	recordsAt(range: ReconciliationRange, ranks: readonly number[]): Promise<readonly ReconciliationRecord[]> {
		return this.#trie.recordsAt(range, ranks);
	}

	recordsWithin(ranges: readonly ReconciliationRange[]): Promise<readonly (readonly ReconciliationRecord[])[]> {
		return this.#trie.recordsWithin(ranges);
	}

	records(range: ReconciliationRange): AsyncIterable<readonly ReconciliationRecord[]> {
		return this.#trie.records(range);
	}

	onReadAnew(listener: () => Promise<void>): () => void {
		return this.#writer.onReadAnew(listener);
	}

	onAppended(listener: (arrival: number) => void): () => void {
		return this.#writer.onAppended(listener);
	}

	setSnapshotCover(cover: ((hash: string) => Promise<string | undefined>) | undefined): void {
		this.#cover = cover;
	}

	verifyRecords(options: VerifyOptions = {}): AsyncGenerator<DamagedRecord> {
		return verifyRecords({ reader: this.#reader, state: this.#state, table: this.#table, trie: this.#trie }, options);
	}

	async #authorNumber(publicKey: string): Promise<number | undefined> {
		return (await this.#state.authorStates([publicKey])).get(publicKey)?.number;
	}
}
