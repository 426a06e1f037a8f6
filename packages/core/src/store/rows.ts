/** Rows of a key-value engine: the store's own, and those of the layer above that lie in the same file. */

export type Row = readonly [key: Uint8Array, value: Uint8Array];

export type RowWrite =
	| { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
	| { readonly type: "del"; readonly key: Uint8Array };

export interface RowRange {
	/** First key, inclusive. */
	readonly gte: Uint8Array;
	/** End, exclusive. */
	readonly lt: Uint8Array;
	readonly reverse?: boolean;
	/** @default -1, unlimited */
	readonly limit?: number;
	/**
	 * Whether it is looked at often and mostly nothing is there: that it is empty is remembered until something is written there. "part" of
	 * such a range: where that one is known to be empty, nothing is looked for, and nothing is remembered of this one. @default false
	 */
	readonly mostlyEmpty?: boolean | "part";
}

/** Rows of the layer above: projections, change feed, verdicts, positions. Keys are free; the store keeps them apart from its own. */
export interface Rows {
	get(key: Uint8Array): Promise<Uint8Array | undefined>;
	getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
	/** Rows in key order, in batches of up to 1,000. */
	scan(range: RowRange): AsyncIterable<readonly Row[]>;
	/** One atomic, durable batch without entries. */
	write(rows: readonly RowWrite[], options?: { readonly durable?: boolean }): Promise<void>;
}
