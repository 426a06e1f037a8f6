import { directoryId, type LocalStore, type OpenStoreOptions, type StoreFactory } from "@mindoodb/core";
import type { Bus, StoreName } from "./bus.js";
import { nameOf } from "./local-bus.js";

/** Told of a store to which another process appended; `anything`: it may have done more, and in the tenant's other stores too. */
export type ElsewhereListener = (store: StoreName, anything: boolean) => void;

/**
 * Stores that several processes share: what is appended here goes out on a bus, and what others append is told here. A store that is made
 * is told as one in which the tenant's directory has nothing new, so that others look for it.
 */
export class AnnouncedStores implements StoreFactory {
	readonly #stores: StoreFactory;
	readonly #bus: Bus;
	readonly #subscriptions = new Map<string, () => void>();
	readonly #listeners = new Set<ElsewhereListener>();
	/** Set while this process tells others: its own listeners hear that too. */
	#telling = false;

	constructor(stores: StoreFactory, bus: Bus) {
		this.#stores = stores;
		this.#bus = bus;
	}

	async open(options: OpenStoreOptions): Promise<LocalStore> {
		const { tenantRoot, dbId, purpose } = options;
		const name: StoreName = { tenantRoot, dbId, purpose };
		// Before it is opened, so that nothing is appended unheard in between.
		this.#subscribe(name);
		const store = await this.#stores.open(options);
		store.onAppended((arrival) => this.#tell(name, arrival));
		if (dbId !== directoryId && (await store.position()).arrival === 0) {
			this.#tell({ tenantRoot, dbId: directoryId, purpose: "documents" }, 0);
		}
		return store;
	}

	list(tenantRoot: string): Promise<string[]> {
		return this.#stores.list(tenantRoot);
	}

	drop(tenantRoot: string, dbId: string): Promise<void> {
		return this.#stores.drop(tenantRoot, dbId);
	}

	/** @returns a function that ends it. */
	onElsewhere(listener: ElsewhereListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	#subscribe(name: StoreName): void {
		this.#subscriptions.get(nameOf(name))?.();
		const end = this.#bus.subscribe(name, (arrival) => {
			if (this.#telling) return;
			for (const listener of this.#listeners) listener(name, arrival === undefined || arrival === 0);
		});
		this.#subscriptions.set(nameOf(name), end);
	}

	#tell(name: StoreName, arrival: number): void {
		this.#telling = true;
		this.#bus.publish({ ...name, arrival });
		this.#telling = false;
	}
}
