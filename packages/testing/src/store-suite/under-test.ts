import type {
	Arrival,
	Crypto,
	Entry,
	LocalStore,
	OpenStoreOptions,
	ReconciliationRecord,
	StoredEntry,
	StoreFactory,
} from "@mindoodb/core";
import { type EntryMaker, entryMaker } from "../entry-maker.js";

/** An adapter that `testStore` is to try. Each test gets one of its own, without stores. */
export interface StoreUnderTest {
	readonly crypto: Crypto;
	readonly stores: StoreFactory;
	/**
	 * Spoils what an open store keeps for an arrival, behind its back: "bytes" flips a bit of what must not change, "missing" takes
	 * the record away. Without it the tests of damage are skipped.
	 */
	readonly damage?: (options: OpenStoreOptions, arrival: number, how: "bytes" | "missing") => Promise<void>;
	/** Whether a store may be open more than once, so that each sees what the other appended. @default false */
	readonly shared?: boolean;
	/** Takes everything away. */
	readonly end?: () => Promise<void>;
}

export type MakeStoreUnderTest = () => Promise<StoreUnderTest>;

/** A store of one database, and an author in it. */
export interface Stage {
	readonly under: StoreUnderTest;
	readonly maker: EntryMaker;
	readonly options: OpenStoreOptions;
	store: LocalStore;
	/** Closes the store and opens it again. */
	reopen(): Promise<LocalStore>;
}

/** Runs a test on a fresh store and clears up behind it. */
export async function onStage(make: MakeStoreUnderTest, test: (stage: Stage) => Promise<void>): Promise<void> {
	const under = await make();
	const maker = await entryMaker({ crypto: under.crypto });
	const options = { tenantRoot: maker.tenantRoot, dbId: maker.dbId, purpose: "documents" } as const;
	const stage: Stage = {
		under,
		maker,
		options,
		store: await under.stores.open(options),
		async reopen() {
			await stage.store.close();
			stage.store = await under.stores.open(options);
			return stage.store;
		},
	};
	try {
		await test(stage);
	} finally {
		await stage.store.close().catch(() => undefined);
		await under.end?.();
	}
}

/** The store as it is, then closed and opened again. */
export async function* closedAndOpened(stage: Stage): AsyncGenerator<LocalStore> {
	yield stage.store;
	yield await stage.reopen();
}

/** What of an entry goes over the wire; entries are equal when this is. */
export function wire(entry: StoredEntry) {
	if (entry.kind === "stub") return entry;
	const { hash, header, signature, payload } = entry;
	return { hash, header: plain(header), signature: plain(signature), payload: plain(payload) };
}

export function withoutPayload(entry: Entry): Entry {
	return { ...entry, payload: undefined };
}

export async function collect<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
	const all: T[] = [];
	for await (const batch of batches) all.push(...batch);
	return all;
}

export function entriesOf(arrivals: readonly Arrival[]) {
	return arrivals.map(({ entry }) => wire(entry));
}

export function hashesOf(entries: readonly { readonly hash: string }[]): string[] {
	return entries.map(({ hash }) => hash);
}

/** Order of reconciliation. */
export function byTimeAndHash(a: ReconciliationRecord, b: ReconciliationRecord): number {
	return a.createdAt - b.createdAt || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0);
}

function plain(bytes: Uint8Array | undefined): string | undefined {
	return bytes && [...bytes].join(",");
}
