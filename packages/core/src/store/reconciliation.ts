/** What reconciliation asks of a store, see docs/negentropy.md. */

export interface ReconciliationBound {
	readonly createdAt: number;
	/** Up to 32 bytes; missing ones count as zero. */
	readonly hashPrefix: Uint8Array;
}

/** Lower bound inclusive, upper exclusive; without an upper bound up to infinity. */
export interface ReconciliationRange {
	readonly lower: ReconciliationBound;
	readonly upper?: ReconciliationBound;
}

export interface ReconciliationSum {
	readonly count: number;
	/** 32 bytes. */
	readonly sum: Uint8Array;
}

export interface ReconciliationRecord {
	readonly createdAt: number;
	readonly hash: string;
}

/** The entries of a store in the order of (createdAt, hash), those that were erased among them. */
export interface ReconcilableRecords {
	/** (count, sum of the addresses as 32-byte little-endian integers mod 2^256) of a range of (createdAt, hash). O(log n). */
	fingerprint(range: ReconciliationRange): Promise<ReconciliationSum>;
	/** As `fingerprint`, of several ranges as of one moment. */
	fingerprints(ranges: readonly ReconciliationRange[]): Promise<readonly ReconciliationSum[]>;
	/**
	 * Records of a range at places in its order, which count from 0; places behind its end are left out. All as of one moment, and O(log n)
	 * each.
	 */
	recordsAt(range: ReconciliationRange, ranks: readonly number[]): Promise<readonly ReconciliationRecord[]>;
	/** All records of ranges in their order, as of one moment. For ranges that hold few. */
	recordsWithin(ranges: readonly ReconciliationRange[]): Promise<readonly (readonly ReconciliationRecord[])[]>;
	/** Records of a range in order of (createdAt, hash), a batch at a time. */
	records(range: ReconciliationRange): AsyncIterable<readonly ReconciliationRecord[]>;
}
