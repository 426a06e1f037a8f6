import type { ContentAddressedStore, FoundEntries, Page, PutReport, StorePosition } from "../../store/store.js";
import type { LevelledStore, SyncedStore } from "../host.js";
import { replicaParameters } from "../negentropy/parameters.js";
import { respond } from "../negentropy/responder.js";
import { SortedRecords } from "../negentropy/sorted-records.js";

type ForResponder = Parameters<typeof respond>[0]["crypto"];

const start: StorePosition = { arrival: 0, digest: "00".repeat(16) };

/**
 * What a replica with one store for documents and chunks shows a side that keeps chunks in a store of their own: it takes what is there into
 * the one store, and has nothing to give under this name, since it gives everything under the other one.
 * @param synced the one store.
 */
export function takingSide(crypto: ForResponder, synced: SyncedStore): SyncedStore {
	return {
		dbId: synced.dbId,
		purpose: "attachments",
		onlyTakes: true,
		store: takingStore(crypto, synced.store),
		// The one met last would be the peer's documents.
		remembered: async (peer, storeId) => (storeId === undefined ? undefined : synced.remembered(peer, storeId)),
		pull: (remote, options) => synced.pull(remote, options),
		...(synced.met && { met: synced.met }),
		...(synced.lacksContents && { lacksContents: synced.lacksContents }),
		...(synced.fetchContents && { fetchContents: synced.fetchContents }),
		acknowledged: () => {},
		onAppended: () => () => {},
	};
}

/** Empty to whoever lists it; whoever names an entry or a payload finds it. */
function takingStore(crypto: ForResponder, store: LevelledStore): LevelledStore {
	const side = { crypto, index: new SortedRecords([]), parameters: replicaParameters };
	const nothing: Pick<
		ContentAddressedStore,
		"findNewEntries" | "findNewEntriesForDoc" | "getAllHashes" | "resolveDependencies"
	> = {
		findNewEntries: async () => [],
		findNewEntriesForDoc: async () => [],
		getAllHashes: async () => [],
		resolveDependencies: async () => [],
	};
	return {
		...nothing,
		identity: () => store.identity(),
		position: async () => start,
		entriesAfter: async (arrival): Promise<Page> => ({
			arrivals: [],
			damaged: [],
			next: arrival,
			digest: start.digest,
		}),
		entriesByHash: async (hashes): Promise<FoundEntries> => ({ arrivals: [], damaged: [], covered: hashes.length }),
		reconcile: (message) => respond(side, message),
		getEntries: (hashes) => store.getEntries(hashes),
		hasEntries: (hashes) => store.hasEntries(hashes),
		putEntries: (entries): Promise<PutReport> => store.putEntries(entries),
		wantsContents: async (hashes) => (await store.wantsContents?.(hashes)) ?? [...hashes],
		hasContents: async (hashes, options) => (await store.hasContents?.(hashes, options)) ?? [],
		getContents: async (hashes) => (await store.getContents?.(hashes)) ?? [],
		purgeDocHistory: (docId) => store.purgeDocHistory(docId),
		close: async () => {},
	};
}
