import type { Appended, AppendedListener, Bus, StoreName } from "./bus.js";

/** The bus of a server that is one process; others deliver through one. */
export class LocalBus implements Bus {
	readonly #listeners = new Map<string, { readonly store: StoreName; readonly listeners: Set<AppendedListener> }>();

	publish(appended: Appended): void {
		for (const listener of [...(this.#listeners.get(nameOf(appended))?.listeners ?? [])]) listener(appended.arrival);
	}

	/** Tells all listeners that they may have missed something. */
	publishLoss(): void {
		for (const { listeners } of [...this.#listeners.values()])
			for (const listener of [...listeners]) listener(undefined);
	}

	subscribe(store: StoreName, listener: AppendedListener): () => void {
		const name = nameOf(store);
		const held = this.#listeners.get(name) ?? { store, listeners: new Set() };
		this.#listeners.set(name, held);
		// A function of its own, so that each call ends one subscription.
		const told: AppendedListener = (arrival) => listener(arrival);
		held.listeners.add(told);
		return () => {
			held.listeners.delete(told);
			if (held.listeners.size === 0 && this.#listeners.get(name) === held) this.#listeners.delete(name);
		};
	}

	/** Stores that somebody listens to. */
	stores(): StoreName[] {
		return [...this.#listeners.values()].map(({ store }) => store);
	}

	async close(): Promise<void> {
		this.#listeners.clear();
	}
}

/** A text that is the same for the same store. */
export function nameOf({ tenantRoot, dbId, purpose }: StoreName): string {
	return JSON.stringify([tenantRoot, dbId, purpose]);
}
