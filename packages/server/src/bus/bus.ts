import type { OpenStoreOptions } from "@mindoodb/core";

/** A store, as processes name it to each other. */
export type StoreName = OpenStoreOptions;

/** Something was appended to a store, durably. */
export interface Appended extends StoreName {
	/** Number of the newest arrival then. */
	readonly arrival: number;
}

/** @param arrival of the newest entry; `undefined` when notices may have been lost: there may be something new. */
export type AppendedListener = (arrival: number | undefined) => void;

/**
 * Tells the processes that serve the same stores when one of them appended. It carries no entries and promises nothing: a notice can be
 * lost, repeated or late. Whoever hears one reads on from its own position in the store, which misses nothing.
 */
export interface Bus {
	/** Listeners of this process hear it before this returns; those of others soon. Never throws. */
	publish(appended: Appended): void;
	/** @returns a function that ends it. */
	subscribe(store: StoreName, listener: AppendedListener): () => void;
	close(): Promise<void>;
}
