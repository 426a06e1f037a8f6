/**
 * Where a range begins or ends, in the order of records: by timestamp, then by the bytes of the id. Source: docs/negentropy.md.
 */

/** Stands for infinity; no record has it. */
export const infinity = (1n << 64n) - 1n;

export interface Bound {
	/** Below 2^64. */
	readonly timestamp: bigint;
	/** Up to 32 bytes; missing ones count as zero. */
	readonly prefix: Uint8Array;
}

/** Lower bound inclusive, upper exclusive. */
export interface Span {
	readonly lower: Bound;
	readonly upper: Bound;
}

export interface NegentropyRecord {
	readonly timestamp: bigint;
	/** 32 bytes. */
	readonly id: Uint8Array;
}

const noBytes = new Uint8Array(0);

export const firstBound: Bound = { timestamp: 0n, prefix: noBytes };
export const lastBound: Bound = { timestamp: infinity, prefix: noBytes };

/** Negative, 0 or positive. */
export function compareBounds(a: Bound, b: Bound): number {
	if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
	const length = Math.max(a.prefix.length, b.prefix.length);
	for (let i = 0; i < length; i++) {
		const difference = (a.prefix[i] ?? 0) - (b.prefix[i] ?? 0);
		if (difference !== 0) return difference;
	}
	return 0;
}

/** The shortest bound that lies behind `before` and not behind `record`, which follow each other. */
export function boundBetween(before: NegentropyRecord, record: NegentropyRecord): Bound {
	if (before.timestamp !== record.timestamp) return { timestamp: record.timestamp, prefix: noBytes };
	let common = 0;
	while (common < 31 && before.id[common] === record.id[common]) common++;
	return { timestamp: record.timestamp, prefix: record.id.slice(0, common + 1) };
}
