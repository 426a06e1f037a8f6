import {
	type Crypto,
	type Level,
	type LocalStore,
	type OpenStoreOptions,
	openLevelStore,
	StoreError,
	type StoreFactory,
} from "@mindoodb/core";
import { BrowserLevel } from "browser-level";

export interface BrowserStoresOptions {
	/** Begins the names of the IndexedDB databases. @default "mindoodb/" */
	readonly prefix?: string;
}

type Engine = BrowserLevel<Uint8Array, Uint8Array>;

const encodings = { keyEncoding: "view", valueEncoding: "view" } as const;

/**
 * Stores in the browser's IndexedDB, one database each.
 *
 * IndexedDB has no lock of its own, so each open store holds a Web Lock: a second tab gets `StoreError` `store-locked`. A batch is
 * one transaction; how soon it is on disk is the browser's choice ("relaxed" durability where the browser offers one).
 */
export function browserStores(crypto: Crypto, { prefix = "mindoodb/" }: BrowserStoresOptions = {}): StoreFactory {
	/** Names of the stores; a database of its own, open only while it is asked. */
	async function withNames<T>(task: (names: BrowserLevel<string, string>) => Promise<T>): Promise<T> {
		const names = new BrowserLevel<string, string>("names", { prefix });
		try {
			await names.open();
			return await task(names);
		} finally {
			await names.close();
		}
	}

	const storesOf = (tenantRoot: string): Promise<OpenStoreOptions[]> =>
		withNames(async (names) => {
			const keys = await names.keys({ gte: `["${tenantRoot}"`, lt: `["${tenantRoot}#` }).all();
			return keys.map(parseName);
		});

	return {
		async open(options: OpenStoreOptions): Promise<LocalStore> {
			const name = nameOf(options);
			const level = lockedLevel(new BrowserLevel(name, { ...encodings, prefix }), prefix + name);
			await level.open();
			await withNames((names) => names.put(name, ""));
			const { tenantRoot, dbId } = options;
			return openLevelStore(level, { crypto, random: crypto, tenantRoot, dbId });
		},

		async list(tenantRoot: string): Promise<string[]> {
			return [...new Set((await storesOf(tenantRoot)).map(({ dbId }) => dbId))].sort();
		},

		async drop(tenantRoot: string, dbId: string): Promise<void> {
			for (const options of await storesOf(tenantRoot)) {
				if (options.dbId !== dbId) continue;
				const name = nameOf(options);
				const release = await lock(prefix + name);
				try {
					await BrowserLevel.destroy(name, prefix);
					await withNames((names) => names.del(name));
				} finally {
					release();
				}
			}
		},
	};
}

function nameOf({ tenantRoot, dbId, purpose }: OpenStoreOptions): string {
	return JSON.stringify([tenantRoot, dbId, purpose]);
}

function parseName(name: string): OpenStoreOptions {
	const [tenantRoot, dbId, purpose] = JSON.parse(name) as [string, string, OpenStoreOptions["purpose"]];
	return { tenantRoot, dbId, purpose };
}

/** Takes the lock of a store. @returns what gives it back. */
async function lock(name: string): Promise<() => void> {
	const locks = globalThis.navigator?.locks;
	if (locks === undefined) return () => undefined;
	return new Promise((resolve, reject) => {
		const held = locks.request(name, { ifAvailable: true }, (granted) => {
			if (granted === null) throw new StoreError("store: another tab holds the store", { code: "store-locked" });
			return new Promise<void>((release) => resolve(release));
		});
		held.catch(reject);
	});
}

/** The same level, which holds the store's lock while it is open. */
function lockedLevel(level: Engine, name: string): Level {
	let release = () => {};
	return {
		open: async () => {
			release = await lock(name);
			try {
				await level.open();
			} catch (cause) {
				release();
				throw new StoreError("store: IndexedDB could not be opened", { code: "store-io", cause });
			}
		},
		close: async () => {
			await level.close();
			release();
		},
		get: (key) => level.get(key),
		getMany: (keys) => level.getMany(keys),
		hasMany: (keys) => level.hasMany(keys),
		iterator: (range) => level.iterator(range),
		batch: () => level.batch(),
	};
}
