/**
 * The border to the key-value engine. Everything behind it is plain `Uint8Array`; every failure is a `StoreError`.
 */
import { compareBytes } from "../bytes/compare.js";
import { StoreError } from "../errors.js";
import { EmptyRanges } from "./empty-ranges.js";
import type { Row, RowRange, RowWrite } from "./rows.js";
import type { Table } from "./table.js";

export interface LevelRange extends RowRange {
	/** Bytes that an engine may read ahead. */
	readonly highWaterMarkBytes?: number;
}

export interface LevelIterator {
	/** Up to `size` rows; none at the end. */
	nextv(size: number): Promise<Row[]>;
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
	/** As `get`, at once; absent where the engine cannot. */
	getSync?(key: Uint8Array): Uint8Array | undefined;
	getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
	hasMany(keys: Uint8Array[]): Promise<boolean[]>;
	iterator(range: LevelRange): LevelIterator;
	batch(): LevelBatch;
	/** Engines that keep erased bytes until they are asked drop them here. */
	compactRange?(start: Uint8Array, end: Uint8Array): Promise<void>;
}

/**
 * So many rows are read at once where the engine can: one that lies in memory costs some microseconds, a trip to the thread pool ten times
 * that, and an edit on its way to others waits for each trip.
 */
export const fewRows = 16;

/** Rows of a level. */
export class LevelTable implements Table {
	readonly shared = false;
	readonly #level: Level;
	readonly #empty = new EmptyRanges();
	#closed = false;
	/** While it is, an engine can only be asked for what comes later. */
	#reopening = false;

	constructor(level: Level) {
		this.#level = level;
	}

	async get(key: Uint8Array): Promise<Uint8Array | undefined> {
		return this.#guard("read", async () => {
			const values = this.#atOnce([key]);
			return plain(values === undefined ? await this.#level.get(key) : values[0]);
		});
	}

	async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
		if (keys.length === 0) return [];
		return this.#guard("read", async () => (this.#atOnce(keys) ?? (await this.#level.getMany([...keys]))).map(plain));
	}

	async hasMany(keys: readonly Uint8Array[]): Promise<boolean[]> {
		if (keys.length === 0) return [];
		return this.#guard("read", async () => {
			const values = this.#atOnce(keys);
			return values === undefined ? this.#level.hasMany([...keys]) : values.map((value) => value !== undefined);
		});
	}

	async *scan(range: RowRange, size: number): AsyncGenerator<Row[]> {
		const { mostlyEmpty = false, ...within } = range;
		const wasEmpty = mostlyEmpty === true ? this.#empty.look(range) : undefined;
		const isEmpty = mostlyEmpty !== false && this.#empty.has(range);
		const iterator = await this.#guard("read", async () =>
			isEmpty ? undefined : this.#level.iterator({ highWaterMarkBytes: 1 << 20, ...within }),
		);
		if (iterator === undefined) return;
		try {
			for (let isFirst = true; ; isFirst = false) {
				const rows = await this.#guard("read", () => iterator.nextv(size));
				if (rows.length === 0) {
					if (isFirst) wasEmpty?.();
					return;
				}
				yield rows.map(([key, value]) => [plain(key), plain(value)] as const);
			}
		} finally {
			await iterator.close();
		}
	}

	async first(range: RowRange): Promise<Row | undefined> {
		for await (const rows of this.scan({ ...range, limit: 1 }, 1)) return rows[0];
		return undefined;
	}

	exclusively<T>(task: (outdated: boolean) => Promise<T>): Promise<T> {
		return task(false);
	}

	consistently<T>(task: () => Promise<T>): Promise<T> {
		return task();
	}

	async write(rows: readonly RowWrite[], durable: boolean): Promise<void> {
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
			await this.#empty.during(rows, () => batch.write({ sync: durable }));
		});
	}

	async compact(rows: readonly RowWrite[]): Promise<void> {
		const keys = rows.map(({ key }) => key).sort(compareBytes);
		const [start, end] = [keys[0], keys[keys.length - 1]];
		if (this.#level.compactRange === undefined || start === undefined || end === undefined) return;
		const compactRange = () => this.#guard("compact", async () => this.#level.compactRange?.(start, end));
		await compactRange();
		// LevelDB does not rewrite the deepest files of a range by themselves: they are merged with what lies above them.
		await this.write(rows, true);
		await compactRange();
	}

	async compactAll(): Promise<void> {
		const all = { gte: Uint8Array.of(0), lt: Uint8Array.of(255) };
		const ends = await Promise.all([this.first(all), this.first({ ...all, reverse: true })]);
		await this.compact(ends.flatMap((row) => (row === undefined ? [] : [{ type: "put", key: row[0], value: row[1] }])));
	}

	async reopen(): Promise<void> {
		this.#reopening = true;
		await this.#guard("reopen", async () => {
			await this.#level.close();
			await this.#level.open();
			this.#reopening = false;
		});
	}

	async close(): Promise<void> {
		await this.#guard("close", () => this.#level.close());
		this.#closed = true;
	}

	/** Values of a few rows; `undefined` where they cannot be had at once. */
	#atOnce(keys: readonly Uint8Array[]): (Uint8Array | undefined)[] | undefined {
		const level = this.#level;
		if (level.getSync === undefined || this.#reopening || keys.length > fewRows) return undefined;
		return keys.map((key) => level.getSync?.(key));
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

function plain<T extends Uint8Array | undefined>(bytes: T): T;
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
	if (bytes === undefined) return undefined;
	// A `Buffer` that fills its memory is LevelDB's own copy for us. Others hand out views into pools, or the very array that they keep.
	const owned = bytes.constructor !== Uint8Array && bytes.byteLength === bytes.buffer.byteLength;
	return owned ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}
