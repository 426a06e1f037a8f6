import { fromHex } from "../../bytes/hex.js";
import type {
	ReconcilableRecords,
	ReconciliationBound,
	ReconciliationRange,
	ReconciliationRecord,
} from "../../store/reconciliation.js";
import type { Bound, NegentropyRecord, Span } from "./bound.js";

/** How many records a range has, and their ids as 32-byte little-endian integers, summed mod 2^256. */
export interface RangeSum {
	readonly count: number;
	/** 32 bytes. */
	readonly sum: Uint8Array;
}

/** What a side of a reconciliation asks of its records. They may become more meanwhile. */
export interface RecordIndex {
	/** All as of one moment. */
	sums(spans: readonly Span[]): Promise<readonly RangeSum[]>;
	/** Records at places in the order of a range, which count from 0; all as of one moment. */
	recordsAt(span: Span, ranks: readonly number[]): Promise<readonly NegentropyRecord[]>;
	/** All records of ranges in their order, as of one moment; the ranges hold few. */
	recordsWithin(spans: readonly Span[]): Promise<readonly (readonly NegentropyRecord[])[]>;
	/** Records of a range in order, a batch at a time. */
	records(span: Span): AsyncIterable<readonly NegentropyRecord[]>;
}

/** The part of a store that reconciliation reads. */
export type ReconciliationIndex = Pick<ReconcilableRecords, "fingerprints" | "recordsAt" | "recordsWithin" | "records">;

/** Behind every createdAt. */
const endOfTime = 1n << 48n;

/** The entries of a store by (createdAt, hash), those that were erased among them. */
export function storeIndex(store: ReconciliationIndex): RecordIndex {
	return {
		sums: (spans) => store.fingerprints(spans.map(rangeOf)),
		recordsAt: async (span, ranks) => (await store.recordsAt(rangeOf(span), ranks)).map(recordOf),
		recordsWithin: async (spans) =>
			(await store.recordsWithin(spans.map(rangeOf))).map((records) => records.map(recordOf)),
		async *records(span) {
			for await (const batch of store.records(rangeOf(span))) yield batch.map(recordOf);
		},
	};
}

function rangeOf({ lower, upper }: Span): ReconciliationRange {
	return upper.timestamp >= endOfTime ? { lower: boundOf(lower) } : { lower: boundOf(lower), upper: boundOf(upper) };
}

function boundOf({ timestamp, prefix }: Bound): ReconciliationBound {
	if (timestamp >= endOfTime) return { createdAt: Number(endOfTime), hashPrefix: new Uint8Array(0) };
	return { createdAt: Number(timestamp), hashPrefix: prefix };
}

function recordOf({ createdAt, hash }: ReconciliationRecord): NegentropyRecord {
	return { timestamp: BigInt(createdAt), id: fromHex(hash, 32) };
}
