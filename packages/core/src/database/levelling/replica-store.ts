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
	readonly #beside: LocalStore | undefined;
	readonly #chunks: LocalStore;

	/**
	 * @param chunks the one that takes attachment chunks.
	 * @param beside another store of the database: what it holds is taken and found here too, and listed by itself.
	 */
	constructor(
		store: LocalStore,
		receive: (entries: readonly StoredEntry[]) => Promise<PutReport>,
		purge: (docId: string) => Promise<string[]>,
		beside?: LocalStore | undefined,
		chunks: LocalStore = store,
	) {
		this.#chunks = chunks;
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

	hasContents(contentHashes: readonly string[]): Promise<string[]> {
		return this.#chunks.hasContents?.(contentHashes) ?? Promise.resolve([]);
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

	purgeDocHistory(docId: string): Promise<string[]> {
		return this.#purge(docId);
	}

	/** Does nothing: the database closes its store itself. */
	async close(): Promise<void> {}
}
