import type { Row, RowRange, RowWrite } from "./rows.js";

/**
 * The ground of a store: rows of an engine that this process holds alone (`LevelTable`), or of a database that several processes share.
 * Keys are ordered bytewise. Values that are returned belong to the caller; every failure is a `StoreError`.
 */
export interface Table {
	/** Whether other processes write here too: what is remembered of rows outside `exclusively` may be out of date. */
	readonly shared: boolean;

	get(key: Uint8Array): Promise<Uint8Array | undefined>;
	getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
	hasMany(keys: readonly Uint8Array[]): Promise<boolean[]>;
	/** Rows in order, in batches of up to `size`. */
	scan(range: RowRange, size: number): AsyncIterable<Row[]>;
	/** First row of a range. */
	first(range: RowRange): Promise<Row | undefined>;

	/**
	 * Runs `task` while nobody else writes. Of a shared table everything that the task writes is one transaction: durable and visible to
	 * others when this resolves, undone when it rejects; the task itself reads what it wrote.
	 * @param task is told whether others wrote since the last section of this table, or that section failed.
	 */
	exclusively<T>(task: (outdated: boolean) => Promise<T>): Promise<T>;
	/** Runs `task` on one state of the rows: no other process's writes come between its reads. */
	consistently<T>(task: () => Promise<T>): Promise<T>;
	/** One atomic batch, within `exclusively` where the table is shared. @param durable whether it is on disk when this resolves. */
	write(rows: readonly RowWrite[], durable: boolean): Promise<void>;

	/**
	 * Makes the engine drop the bytes that rows had before they were overwritten or deleted, from the first of these keys to the last.
	 * @param rows the newest writes of the rows in question, or of some of them with the first and the last; they are repeated.
	 */
	compact(rows: readonly RowWrite[]): Promise<void>;
	/** As `compact`, for all rows. */
	compactAll(): Promise<void>;
	/** Closes and opens the engine: some refuse every write after a failed one until then. */
	reopen(): Promise<void>;
	close(): Promise<void>;
}
