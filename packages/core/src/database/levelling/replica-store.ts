import type { StoredEntry } from "../../entry/entry.js";
import type {
	ContentAddressedStore,
	DependencyOptions,
	LocalStore,
	Page,
	PageOptions,
	PutReport,
	StoreIdentity,
	StorePosition,
} from "../../store/store.js";

/**
 * A database as others see it: a store whose `putEntries` also asks the directory whether the author is a member, and judges what came.
 * Give it to `pullChangesFrom` and `pushChangesTo` of another replica.
 */
export class ReplicaStore implements ContentAddressedStore {
	readonly #store: LocalStore;
	readonly #receive: (entries: readonly StoredEntry[]) => Promise<PutReport>;
	readonly #purge: (docId: string) => Promise<string[]>;

	constructor(
		store: LocalStore,
		receive: (entries: readonly StoredEntry[]) => Promise<PutReport>,
		purge: (docId: string) => Promise<string[]>,
	) {
		this.#store = store;
		this.#receive = receive;
		this.#purge = purge;
	}

	identity(): Promise<StoreIdentity> {
		return this.#store.identity();
	}

	position(): Promise<StorePosition> {
		return this.#store.position();
	}

	putEntries(entries: readonly StoredEntry[]): Promise<PutReport> {
		return this.#receive(entries);
	}

	getEntries(hashes: readonly string[]): Promise<StoredEntry[]> {
		return this.#store.getEntries(hashes);
	}

	hasEntries(hashes: readonly string[]): Promise<string[]> {
		return this.#store.hasEntries(hashes);
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

	purgeDocHistory(docId: string): Promise<string[]> {
		return this.#purge(docId);
	}

	/** Does nothing: the database closes its store itself. */
	async close(): Promise<void> {}
}
