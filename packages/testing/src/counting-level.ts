import type { Level, LevelBatch } from "@mindoodb/core";

/** What was asked of an engine. Bytes are those of keys and values together. */
export interface LevelCounts {
	/** Keys asked for one by one or together. */
	gets: number;
	/** Calls that read, however many keys each. */
	reads: number;
	puts: number;
	deletes: number;
	batches: number;
	/** Batches that had to be durable. */
	syncs: number;
	iterators: number;
	/** Rows that iterators gave. */
	rows: number;
	bytesRead: number;
	bytesWritten: number;
}

export interface CountingLevel {
	readonly level: Level;
	/** Counts since the last `reset`. */
	readonly counts: Readonly<LevelCounts>;
	reset(): void;
}

/** Wraps an engine and counts what is asked of it. */
export function countingLevel(inner: Level): CountingLevel {
	const counts = zeros();
	const read = (bytes: Uint8Array | undefined) => {
		counts.bytesRead += bytes?.length ?? 0;
		return bytes;
	};
	const level: Level = {
		open: () => inner.open(),
		close: () => inner.close(),
		async get(key) {
			counts.reads++;
			counts.gets++;
			return read(await inner.get(key));
		},
		async getMany(keys) {
			counts.reads++;
			counts.gets += keys.length;
			return (await inner.getMany(keys)).map(read);
		},
		async hasMany(keys) {
			counts.reads++;
			counts.gets += keys.length;
			return inner.hasMany(keys);
		},
		iterator(range) {
			counts.iterators++;
			const iterator = inner.iterator(range);
			return {
				async nextv(size) {
					const rows = await iterator.nextv(size);
					counts.rows += rows.length;
					for (const [key, value] of rows) counts.bytesRead += key.length + value.length;
					return rows;
				},
				close: () => iterator.close(),
			};
		},
		batch: () => countBatch(inner.batch(), counts),
		compactRange: async (start, end) => inner.compactRange?.(start, end),
	};
	return { level, counts, reset: () => Object.assign(counts, zeros()) };
}

function countBatch(batch: LevelBatch, counts: LevelCounts): LevelBatch {
	let puts = 0;
	let deletes = 0;
	let bytes = 0;
	return {
		put(key, value) {
			puts++;
			bytes += key.length + value.length;
			batch.put(key, value);
		},
		del(key) {
			deletes++;
			bytes += key.length;
			batch.del(key);
		},
		async write(options) {
			await batch.write(options);
			counts.batches++;
			if (options?.sync) counts.syncs++;
			counts.puts += puts;
			counts.deletes += deletes;
			counts.bytesWritten += bytes;
		},
		close: () => batch.close(),
	};
}

function zeros(): LevelCounts {
	return {
		gets: 0,
		reads: 0,
		puts: 0,
		deletes: 0,
		batches: 0,
		syncs: 0,
		iterators: 0,
		rows: 0,
		bytesRead: 0,
		bytesWritten: 0,
	};
}
