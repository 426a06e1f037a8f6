import type { Crypto } from "../../crypto/crypto.js";
import type { StoredEntry } from "../../entry/entry.js";
import type { RecentEntries, RecentOptions } from "../../store/recent-entries.js";
import type { ReconciliationRange, ReconciliationRecord } from "../../store/reconciliation.js";
import type {
	ContentAddressedStore,
	DependencyOptions,
	FindOptions,
	FoundEntries,
	HeldContentsOptions,
	LocalStore,
	Page,
	PageOptions,
	PutReport,
	StoreIdentity,
	StorePosition,
} from "../../store/store.js";
import { RecentDocuments } from "../../sync/levelling/recent-documents.js";
import { storeResponder } from "../../sync/negentropy/responder.js";

export interface ReplicaStoreParts {
	readonly crypto: Crypto;
	/** Another store of the database: what it holds is taken and found here too, and listed by itself. */
	readonly beside: LocalStore | undefined;
	/** The one that takes attachment chunks. @default the one that is listed */
	readonly chunks: LocalStore | undefined;
}

/**
 * A database as others see it: a store whose `putEntries` also asks the directory whether the author is a member, and judges what came.
 * Give it to `pullChangesFrom` and `pushChangesTo` of another replica.
 */
export class ReplicaStore implements ContentAddressedStore {
	readonly #store: LocalStore;
	readonly #crypto: Crypto;
	readonly #recent: RecentDocuments;
	readonly #receive: (entries: readonly StoredEntry[]) => Promise<PutReport>;
	readonly #purge: (docId: string) => Promise<string[]>;
	readonly #beside: LocalStore | undefined;
	readonly #chunks: LocalStore;

	constructor(
		store: LocalStore,
		receive: (entries: readonly StoredEntry[]) => Promise<PutReport>,
		purge: (docId: string) => Promise<string[]>,
		{ crypto, beside, chunks = store }: ReplicaStoreParts,
	) {
		this.#chunks = chunks;
		this.#crypto = crypto;
		this.#recent = new RecentDocuments(store);
		this.#store = store;
		this.#receive = receive;
		this.#purge = purge;
		this.#beside = beside;
	}

	identity(): Promise<StoreIdentity> {
		return this.#store.identity();
	}

	position(): Promise<StorePosition> {
		return this.#store.position();
	}

	async wantsContents(contentHashes: readonly string[]): Promise<string[]> {
		return (await this.#chunks.wantsContents?.(contentHashes)) ?? [];
	}

	async hasContents(contentHashes: readonly string[], options?: HeldContentsOptions): Promise<string[]> {
		return (await this.#chunks.hasContents?.(contentHashes, options)) ?? [];
	}

	async getContents(contentHashes: readonly string[]): Promise<Uint8Array[]> {
		const found = (await this.#chunks.getContents?.(contentHashes)) ?? [];
		// Payloads of documents lie beside those of chunks, or with them.
		if (this.#beside === undefined || found.length === contentHashes.length) return found;
		const documents = this.#chunks === this.#store ? this.#beside : this.#store;
		return [...found, ...((await documents.getContents?.(contentHashes)) ?? [])];
	}

	fingerprint(range: ReconciliationRange): Promise<{ readonly count: number; readonly sum: Uint8Array }> {
		return this.#store.fingerprint(range);
	}

	records(range: ReconciliationRange): AsyncIterable<readonly ReconciliationRecord[]> {
		return this.#store.records(range);
	}

	putEntries(entries: readonly StoredEntry[]): Promise<PutReport> {
		return this.#receive(entries);
	}

	async getEntries(hashes: readonly string[]): Promise<StoredEntry[]> {
		const found = [...(await this.#store.getEntries(hashes)), ...((await this.#beside?.getEntries(hashes)) ?? [])];
		if (this.#beside === undefined) return found;
		const byHash = new Map(found.map((entry) => [entry.hash, entry]));
		return hashes.flatMap((hash) => byHash.get(hash) ?? []);
	}

	async hasEntries(hashes: readonly string[]): Promise<string[]> {
		const found = await this.#store.hasEntries(hashes);
		if (this.#beside === undefined) return found;
		const all = new Set([...found, ...(await this.#beside.hasEntries(hashes))]);
		return hashes.filter((hash) => all.has(hash));
	}

	findNewEntries(knownHashes: readonly string[]): Promise<StoredEntry[]> {
		return this.#store.findNewEntries(knownHashes);
	}

	findNewEntriesForDoc(knownHashes: readonly string[], docId: string): Promise<StoredEntry[]> {
		return this.#store.findNewEntriesForDoc(knownHashes, docId);
	}

	getAllHashes(): Promise<string[]> {
		return this.#store.getAllHashes();
	}

	resolveDependencies(startHash: string, options?: DependencyOptions): Promise<string[]> {
		return this.#store.resolveDependencies(startHash, options);
	}

	entriesAfter(arrival: number, options?: PageOptions): Promise<Page> {
		return this.#store.entriesAfter(arrival, options);
	}

	async entriesByHash(hashes: readonly string[], options?: FindOptions): Promise<FoundEntries> {
		return this.#store.entriesByHash(hashes, options);
	}

	recent(options: RecentOptions): Promise<RecentEntries> {
		return this.#recent.entries(options);
	}

	reconcile(message: Uint8Array): Promise<Uint8Array> {
		return storeResponder(this.#crypto, this.#store)(message);
	}

	purgeDocHistory(docId: string): Promise<string[]> {
		return this.#purge(docId);
	}

	/** Does nothing: the database closes its store itself. */
	async close(): Promise<void> {}
}
