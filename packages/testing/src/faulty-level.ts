import type { Level, LevelBatch } from "@mindoodb/core";

export interface WriteFault {
	/** Batches that still succeed. @default 0 */
	readonly after?: number;
	/** Batches that fail then; the ones behind them succeed again. @default Infinity, until `repair` */
	readonly times?: number;
	/** Whether a batch that fails is on disk all the same, as after a failed flush. @default false */
	readonly written?: boolean;
}

export interface FaultyLevel {
	readonly level: Level;
	/** Makes writes fail as on a full disk. A batch fails whole. */
	failWrites(fault?: WriteFault): void;
	/** Makes every read fail until `repair`. */
	failReads(): void;
	repair(): void;
	/** Batches asked for so far. */
	readonly writes: number;
	/** Times that the engine was closed and opened again. */
	readonly reopens: number;
	/** Changes bytes behind the store's back. @param change gets a copy; `undefined` takes the row away. */
	damage(key: Uint8Array, change: (value: Uint8Array) => Uint8Array | undefined): Promise<void>;
}

/** Wraps an engine that fails when it is told to. Like a real one, it refuses every write after a failed one until it is opened anew. */
export function faultyLevel(inner: Level): FaultyLevel {
	let fault: Required<WriteFault> | undefined;
	let readsFail = false;
	let sticky = false;
	let writes = 0;
	let reopens = 0;

	const failing = (): { readonly written: boolean } | undefined => {
		writes++;
		if (sticky) return { written: false };
		if (fault === undefined || fault.times <= 0) return undefined;
		if (fault.after > 0) {
			fault = { ...fault, after: fault.after - 1 };
			return undefined;
		}
		fault = { ...fault, times: fault.times - 1 };
		return fault;
	};
	const reading = async <T>(read: () => Promise<T>): Promise<T> => {
		if (readsFail) throw new Error("input/output error");
		return read();
	};

	function batch(): LevelBatch {
		const real = inner.batch();
		return {
			put: (key, value) => real.put(key, value),
			del: (key) => real.del(key),
			async write(options) {
				const failed = failing();
				if (failed === undefined) return real.write(options);
				sticky = true;
				if (failed.written) await real.write(options);
				else await real.close();
				throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
			},
			close: () => real.close(),
		};
	}

	const level: Level = {
		open: async () => {
			reopens++;
			sticky = false;
			await inner.open();
		},
		close: () => inner.close(),
		get: (key) => reading(() => inner.get(key)),
		getMany: (keys) => reading(() => inner.getMany(keys)),
		hasMany: (keys) => reading(() => inner.hasMany(keys)),
		iterator(range) {
			const iterator = inner.iterator(range);
			return { nextv: (size) => reading(() => iterator.nextv(size)), close: () => iterator.close() };
		},
		batch,
		compactRange: async (start, end) => inner.compactRange?.(start, end),
	};

	return {
		level,
		failWrites({ after = 0, times = Number.POSITIVE_INFINITY, written = false } = {}) {
			fault = { after, times, written };
		},
		failReads() {
			readsFail = true;
		},
		repair() {
			fault = undefined;
			readsFail = false;
		},
		get writes() {
			return writes;
		},
		get reopens() {
			return reopens;
		},
		async damage(key, change) {
			const value = await inner.get(key);
			if (value === undefined) throw new Error("no such row to damage");
			const changed = change(new Uint8Array(value));
			const write = inner.batch();
			if (changed === undefined) write.del(key);
			else write.put(key, changed);
			await write.write({ sync: true });
		},
	};
}
