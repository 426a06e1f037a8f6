import type { ContentAddressedStore, Page, StoredEntry } from "@mindoodb/core";

/** What a store says instead of the truth, by the name of the call. */
export type Lies = Partial<ContentAddressedStore>;

/** A store that answers some calls with lies, and all others truly. */
export function lyingStore(honest: ContentAddressedStore, lies: Lies): ContentAddressedStore {
	return new Proxy(honest, {
		get(target, name: keyof ContentAddressedStore) {
			const told = lies[name] as ((...args: unknown[]) => unknown) | undefined;
			if (told !== undefined) return told;
			const honestly: unknown = target[name];
			return typeof honestly === "function" ? honestly.bind(target) : honestly;
		},
	});
}

/** A store whose pages are not what they were. */
export function changingPages(honest: ContentAddressedStore, change: (page: Page) => Page): ContentAddressedStore {
	return lyingStore(honest, {
		entriesAfter: async (arrival, options) => change(await honest.entriesAfter(arrival, options)),
	});
}

/** A store that changes the entries that it gives out. */
export function changingEntries(
	honest: ContentAddressedStore,
	change: (entry: StoredEntry) => StoredEntry,
): ContentAddressedStore {
	return changingPages(honest, (page) => ({
		...page,
		arrivals: page.arrivals.map(({ arrival, entry }) => ({ arrival, entry: change(entry) })),
	}));
}

/** A store with the identity of another one: a copy of its disk, or a lie. */
export function withStoreId(honest: ContentAddressedStore, storeId: string): ContentAddressedStore {
	return lyingStore(honest, { identity: async () => ({ ...(await honest.identity()), storeId }) });
}
