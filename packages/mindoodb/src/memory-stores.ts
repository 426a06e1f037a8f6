import {
	type Crypto,
	type Level,
	type LocalStore,
	type OpenStoreOptions,
	openLevelStore,
	StoreError,
	type StoreFactory,
} from "@mindoodb/core";
import { MemoryLevel } from "memory-level";

export interface MemoryStoresOptions {
	/** Puts a wrapper round each engine, to count or to disturb. */
	readonly wrapLevel?: (level: Level) => Level;
}

interface Held {
	readonly level: Level;
	readonly options: OpenStoreOptions;
	open: boolean;
}

/**
 * Stores in memory, for tests and throw-away replicas. What was closed can be opened again by the same factory; everything is
 * gone with it.
 */
export function memoryStores(crypto: Crypto, { wrapLevel = (level) => level }: MemoryStoresOptions = {}): StoreFactory {
	const stores = new Map<string, Held>();

	return {
		async open(options: OpenStoreOptions): Promise<LocalStore> {
			const name = JSON.stringify([options.tenantRoot, options.dbId, options.purpose]);
			const held = stores.get(name) ?? { level: wrapLevel(newLevel()), options, open: false };
			if (held.open) throw new StoreError("store: is open already", { code: "store-locked" });
			stores.set(name, held);
			const level = marking(held);
			await level.open();
			const { tenantRoot, dbId } = options;
			return openLevelStore(level, { crypto, random: crypto, tenantRoot, dbId });
		},

		async list(tenantRoot: string): Promise<string[]> {
			const dbIds = new Set<string>();
			for (const { options } of stores.values()) if (options.tenantRoot === tenantRoot) dbIds.add(options.dbId);
			return [...dbIds].sort();
		},

		async drop(tenantRoot: string, dbId: string): Promise<void> {
			const dropped = [...stores].filter(
				([, { options }]) => options.tenantRoot === tenantRoot && options.dbId === dbId,
			);
			if (dropped.some(([, { open }]) => open)) {
				throw new StoreError("store: expected a closed store, found an open one", { code: "store-locked" });
			}
			for (const [name] of dropped) stores.delete(name);
		},
	};
}

function newLevel(): Level {
	return new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" });
}

/** The same level, which notes whether it is open. */
function marking(held: Held): Level {
	const { level } = held;
	return {
		open: async () => {
			held.open = true;
			await level.open();
		},
		close: async () => {
			await level.close();
			held.open = false;
		},
		get: (key) => level.get(key),
		getMany: (keys) => level.getMany(keys),
		hasMany: (keys) => level.hasMany(keys),
		iterator: (range) => level.iterator(range),
		batch: () => level.batch(),
	};
}
