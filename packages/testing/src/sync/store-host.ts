import {
	type Clock,
	type ContentAddressedStore,
	type Crypto,
	type IncomingPayloads,
	type LocalStore,
	linkOf,
	PeerMemory,
	Pull,
	type PullOptions,
	type PullResult,
	type PutReport,
	type ReceiveOptions,
	RecentDocuments,
	type RecentOptions,
	type Refusal,
	type RememberedStore,
	rememberedOf,
	type Standing,
	type StoredEntry,
	type StoreFactory,
	type StorePosition,
	type SyncedStore,
	type SyncHost,
} from "@mindoodb/core";

export interface StoreHostOptions {
	readonly crypto: Crypto;
	readonly clock: Clock;
	readonly tenantRoot: string;
	readonly stores: StoreFactory;
	/** Databases that are kept from the start, beside the directory. @default ["notes"] */
	readonly dbIds?: readonly string[];
	/** Whether databases that others name are kept too. @default true */
	readonly takesAll?: boolean;
	/** Whether an empty store takes the newest documents first. @default false */
	readonly latestFirst?: boolean;
	/** Where payloads come together that come in Chunks. */
	readonly incoming?: IncomingPayloads;
	/** Puts a wrapper round what the session reads. */
	readonly wrap?: (store: LocalStore) => LocalStore;
}

/** Bare stores as a side of a session: nobody judges, and the directory says what a test says. */
export class StoreHost implements SyncHost {
	readonly tenantRoot: string;
	readonly incoming?: IncomingPayloads;
	readonly #options: StoreHostOptions;
	readonly #dbIds: Set<string>;
	readonly #stores = new Map<string, Promise<HostedStore>>();
	readonly #onDirectory = new Set<() => void>();
	/** What the directory says of keys; "member" of those that are not named. */
	readonly standings = new Map<string, Standing>();
	/** Authors whose entries are not taken. */
	readonly strangers = new Set<string>();
	heads: readonly string[] = ["11".repeat(32)];

	constructor(options: StoreHostOptions) {
		this.#options = options;
		this.tenantRoot = options.tenantRoot;
		if (options.incoming !== undefined) this.incoming = options.incoming;
		this.#dbIds = new Set(options.dbIds ?? ["notes"]);
	}

	directoryHeads(): readonly string[] {
		return this.heads;
	}

	standing(publicKey: string): Standing {
		return this.standings.get(publicKey) ?? "member";
	}

	async databases(): Promise<readonly string[]> {
		return [...this.#dbIds];
	}

	async open(dbId: string): Promise<readonly SyncedStore[] | undefined> {
		if (dbId !== "directory" && !this.#dbIds.has(dbId)) {
			if (this.#options.takesAll === false) return undefined;
			this.#dbIds.add(dbId);
		}
		return [await this.hosted(dbId)];
	}

	onDirectory(listener: () => void): () => void {
		this.#onDirectory.add(listener);
		return () => this.#onDirectory.delete(listener);
	}

	/** The directory has changed. */
	step(): void {
		for (const each of [...this.#onDirectory]) each();
	}

	hosted(dbId: string): Promise<HostedStore> {
		const hosted = this.#stores.get(dbId) ?? this.#host(dbId);
		this.#stores.set(dbId, hosted);
		return hosted;
	}

	async close(): Promise<void> {
		for (const hosted of this.#stores.values()) await (await hosted).local.close();
		this.#stores.clear();
	}

	async #host(dbId: string): Promise<HostedStore> {
		const { stores, tenantRoot, wrap = (store) => store } = this.#options;
		const store = await stores.open({ tenantRoot, dbId, purpose: "documents" });
		return new HostedStore(dbId, wrap(store), this.#options, this.strangers);
	}
}

/** One store of a `StoreHost`. */
export class HostedStore implements SyncedStore {
	readonly dbId: string;
	readonly purpose = "documents";
	readonly local: LocalStore;
	readonly store: LocalStore;
	readonly #clock: Clock;
	readonly #crypto: Crypto;
	readonly #strangers: ReadonlySet<string>;
	readonly #latestFirst: boolean;
	readonly #onAppended = new Set<() => void>();
	/** What peers have acknowledged last, by their key. */
	readonly acknowledgements = new Map<string, { position: StorePosition; declined: Refusal[] }>();
	pulls = 0;

	constructor(
		dbId: string,
		local: LocalStore,
		{ clock, crypto, latestFirst = false }: Pick<StoreHostOptions, "clock" | "crypto" | "latestFirst">,
		strangers: ReadonlySet<string>,
	) {
		this.dbId = dbId;
		this.#crypto = crypto;
		this.local = local;
		this.#clock = clock;
		this.#strangers = strangers;
		this.#latestFirst = latestFirst;
		const recent = new RecentDocuments(local);
		this.store = new Proxy(local, {
			get: (target, name: keyof LocalStore) => {
				if (name === "recent") return (options: RecentOptions) => recent.entries(options);
				if (name === "putEntries") return (entries: readonly StoredEntry[]) => this.#receive(entries);
				const value: unknown = target[name];
				return typeof value === "function" ? value.bind(target) : value;
			},
		});
	}

	/** Appends what this side has made itself. */
	async append(entries: readonly StoredEntry[]): Promise<void> {
		await this.local.append(entries);
		this.#tell();
	}

	remembered(peer: string, storeId?: string): Promise<RememberedStore | undefined> {
		return rememberedOf(this.local, peer, storeId);
	}

	async pull(
		remote: ContentAddressedStore,
		{ peer, ...options }: PullOptions & { readonly peer: string },
	): Promise<PullResult> {
		this.pulls++;
		const { storeId } = await remote.identity();
		const pull = new Pull({
			ownArrivals: async () => (await this.local.position()).arrival,
			remote,
			memory: new PeerMemory({ store: this.local, clock: this.#clock, storeId, peer, direction: "pull" }),
			take: (entries) => this.#receive(entries),
			own: {
				crypto: this.#crypto,
				index: async () => this.local,
				missing: async (hashes) => {
					const known = await this.local.arrivalsOf(hashes);
					return hashes.filter((_, index) => known[index] === undefined);
				},
			},
			...(this.#latestFirst && {
				takeLatest: (entries) => this.#receive(entries, { headersAlone: true }),
				limits: { inOrder: 0 },
			}),
			options,
		});
		return pull.run(["directory", "again"]);
	}

	acknowledged(peer: string, position: StorePosition, declined: readonly Refusal[]): void {
		const before = this.acknowledgements.get(peer)?.declined ?? [];
		this.acknowledgements.set(peer, { position, declined: [...before, ...declined] });
	}

	onAppended(listener: () => void): () => void {
		this.#onAppended.add(listener);
		return () => this.#onAppended.delete(listener);
	}

	async #receive(
		entries: readonly StoredEntry[],
		options: Pick<ReceiveOptions, "headersAlone"> = {},
	): Promise<PutReport> {
		const report = await this.local.receive(entries, {
			...options,
			admit: async (offered) =>
				offered.map((entry): Refusal | undefined =>
					this.#strangers.has(linkOf(entry).createdByPublicKey)
						? { hash: entry.hash, reason: "not-member", message: "its author is not known here" }
						: undefined,
				),
		});
		if (report.stored.length > 0) this.#tell();
		return report;
	}

	#tell(): void {
		for (const each of [...this.#onAppended]) each();
	}
}
