import type { Arrival, SyncedStore, SyncHost } from "@mindoodb/core";
import { changingPages, lyingStore } from "../lying-store.js";

/** What a hostile relay does with what it keeps. */
export type Lie =
	/** Says nothing of some entries, though it counts them. */
	| "withhold"
	/** Gives some entries twice, and some in the place of others. */
	| "replay"
	/** Changes bytes. */
	| "damage";

type LevelledStore = SyncedStore["store"];

/** A side of a session that does not say what it keeps. What it takes it keeps truly. */
export function lyingHost(host: SyncHost, lie: Lie | undefined): SyncHost {
	if (lie === undefined) return host;
	return {
		...host,
		open: async (dbId) => (await host.open(dbId))?.map((synced) => ({ ...synced, store: lyingAs(lie, synced.store) })),
	};
}

function lyingAs(lie: Lie, honest: LevelledStore): LevelledStore {
	const told = (arrivals: readonly Arrival[]) => arrivals.flatMap((each, i) => tell(lie, each, arrivals[i - 1]));
	const pages = changingPages(honest, (page) => ({ ...page, arrivals: told(page.arrivals) }));
	return lyingStore(pages, {
		entriesByHash: async (hashes, options) => {
			const found = await (honest as Required<LevelledStore>).entriesByHash(hashes, options);
			return { ...found, arrivals: told(found.arrivals) };
		},
	}) as LevelledStore;
}

function tell(lie: Lie, arrival: Arrival, before: Arrival | undefined): Arrival[] {
	// Which entries are concerned their addresses say, so that it is the same ones each time.
	const concerned = arrival.entry.hash.charCodeAt(5) % 3 === 0;
	if (!concerned) return [arrival];
	switch (lie) {
		case "withhold":
			return [];
		case "replay":
			return [{ ...arrival, entry: before?.entry ?? arrival.entry }];
		case "damage": {
			const { entry } = arrival;
			if (entry.kind !== "entry" || entry.payload === undefined) return [arrival];
			const payload = entry.payload.slice();
			payload[payload.length - 1] = (payload.at(-1) ?? 0) ^ 1;
			return [{ ...arrival, entry: { ...entry, payload } }];
		}
	}
}
