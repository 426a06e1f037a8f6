/**
 * The border to the key-value engine. Everything behind it is plain `Uint8Array`; every failure is a `StoreError`.
 */
import { compareBytes } from "../bytes/compare.js";
import { StoreError } from "../errors.js";

export type LevelWrite =
	| { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
	| { readonly type: "del"; readonly key: Uint8Array };

export interface LevelRange {
	/** First key, inclusive. */
	readonly gte: Uint8Array;
	/** End, exclusive. */
	readonly lt: Uint8Array;
	readonly reverse?: boolean;
	/** @default -1, unlimited */
	readonly limit?: number;
	/** Bytes that an engine may read ahead. */
	readonly highWaterMarkBytes?: number;
}

export interface LevelIterator {
	/** Up to `size` rows; none at the end. */
	nextv(size: number): Promise<(readonly [key: Uint8Array, value: Uint8Array])[]>;
	close(): Promise<void>;
}

export interface LevelBatch {
	put(key: Uint8Array, value: Uint8Array): unknown;
	del(key: Uint8Array): unknown;
	write(options?: { readonly sync?: boolean }): Promise<void>;
	close(): Promise<void>;
}

/**
 * What the store needs of an `abstract-level` database that was made with `keyEncoding` and `valueEncoding` "view":
 * `classic-level`, `browser-level`, `memory-level`, or a wrapper round one of them. Keys are ordered bytewise; a batch is atomic.
 */
export interface Level {
	open(): Promise<void>;
	close(): Promise<void>;
	get(key: Uint8Array): Promise<Uint8Array | undefined>;
	getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
	hasMany(keys: Uint8Array[]): Promise<boolean[]>;
	iterator(range: LevelRange): LevelIterator;
	batch(): LevelBatch;
	/** Engines that keep erased bytes until they are asked drop them here. */
	compactRange?(start: Uint8Array, end: Uint8Array): Promise<void>;
}

export type LevelRow = readonly [key: Uint8Array, value: Uint8Array];

/** Reads and writes rows of a level. Values that are returned belong to the caller. */
export class Table {
	readonly #level: Level;
	#closed = false;

	constructor(level: Level) {
		this.#level = level;
	}

	async get(key: Uint8Array): Promise<Uint8Array | undefined> {
		return plain(await this.#guard("read", () => this.#level.get(key)));
	}

	async getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
		if (keys.length === 0) return [];
		const values = await this.#guard("read", () => this.#level.getMany(keys));
		return values.map(plain);
	}

	async hasMany(keys: Uint8Array[]): Promise<boolean[]> {
		return keys.length === 0 ? [] : this.#guard("read", () => this.#level.hasMany(keys));
	}

	/** Rows in order, in batches of up to `size`. */
	async *scan(range: LevelRange, size: number): AsyncGenerator<LevelRow[]> {
		const iterator = await this.#guard("read", async () =>
			this.#level.iterator({ highWaterMarkBytes: 1 << 20, ...range }),
		);
		try {
			for (;;) {
				const rows = await this.#guard("read", () => iterator.nextv(size));
				if (rows.length === 0) return;
				yield rows.map(([key, value]) => [plain(key), plain(value)] as const);
			}
		} finally {
			await iterator.close();
		}
	}

	/** First row of a range. */
	async first(range: LevelRange): Promise<LevelRow | undefined> {
		for await (const rows of this.scan({ ...range, limit: 1 }, 1)) return rows[0];
		return undefined;
	}

	/** One atomic batch. @param durable whether it is on disk when this resolves. */
	async write(rows: readonly LevelWrite[], durable: boolean): Promise<void> {
		if (rows.length === 0) return;
		await this.#guard("write", async () => {
			const batch = this.#level.batch();
			try {
				for (const row of rows) {
					if (row.type === "put") batch.put(row.key, row.value);
					else batch.del(row.key);
				}
			} catch (error) {
				await batch.close();
				throw error;
			}
			await batch.write({ sync: durable });
		});
	}

	/**
	 * Makes the engine drop the bytes that rows had before they were overwritten or deleted.
	 * @param rows the newest writes of the rows in question, repeated; the ranges between the first and last key of each tag.
	 */
	async compact(rows: readonly LevelWrite[]): Promise<void> {
		if (this.#level.compactRange === undefined || rows.length === 0) return;
		const ranges = rangesOf(rows);
		const compactAll = async () => {
			for (const [start, end] of ranges)
				await this.#guard("compact", async () => this.#level.compactRange?.(start, end));
		};
		await compactAll();
		// LevelDB does not rewrite the deepest files of a range by themselves: they are merged with what lies above them.
		await this.write(rows, true);
		await compactAll();
	}

	/** Closes and opens the engine: some refuse every write after a failed one until then. */
	async reopen(): Promise<void> {
		await this.#guard("reopen", async () => {
			await this.#level.close();
			await this.#level.open();
		});
	}

	async close(): Promise<void> {
		await this.#guard("close", () => this.#level.close());
		this.#closed = true;
	}

	async #guard<T>(what: string, action: () => Promise<T>): Promise<T> {
		if (this.#closed) throw new StoreError("store: expected an open store, found a closed one", { code: "closed" });
		try {
			return await action();
		} catch (cause) {
			if (cause instanceof StoreError) throw cause;
			throw new StoreError(`store: the engine could not ${what}`, { code: "store-io", cause });
		}
	}
}

function rangesOf(rows: readonly LevelWrite[]): (readonly [start: Uint8Array, end: Uint8Array])[] {
	const ranges = new Map<number | undefined, [Uint8Array, Uint8Array]>();
	for (const { key } of rows) {
		const range = ranges.get(key[0]);
		if (range === undefined) ranges.set(key[0], [key, key]);
		else if (compareBytes(key, range[0]) < 0) range[0] = key;
		else if (compareBytes(key, range[1]) > 0) range[1] = key;
	}
	return [...ranges.values()];
}

function plain<T extends Uint8Array | undefined>(bytes: T): T;
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
	if (bytes === undefined) return undefined;
	// A `Buffer` that fills its memory is LevelDB's own copy for us. Others hand out views into pools, or the very array that they keep.
	const owned = bytes.constructor !== Uint8Array && bytes.byteLength === bytes.buffer.byteLength;
	return owned ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}
