import { compareBytes } from "../../bytes/compare.js";
import { UsageError } from "../../errors.js";
import { type Bound, compareBounds, infinity, type NegentropyRecord, type Span } from "./bound.js";
import { sumOfIds } from "./fingerprints.js";
import type { RangeSum, RecordIndex } from "./record-index.js";

/** Records in memory, with timestamps of all 64 bits: a range costs as much as it has records. */
export class SortedRecords implements RecordIndex {
	readonly #records: readonly NegentropyRecord[];

	/** @throws {UsageError} on a record that is there twice, or at infinity. */
	constructor(records: readonly NegentropyRecord[]) {
		this.#records = records.toSorted(compareRecords);
		for (const [index, record] of this.#records.entries()) {
			const before = this.#records[index - 1];
			if (before !== undefined && compareRecords(before, record) === 0)
				throw new UsageError("negentropy: a record is there twice");
			if (record.timestamp >= infinity || record.timestamp < 0n)
				throw new UsageError("negentropy: a timestamp is not below 2^64 - 1");
			if (record.id.length !== 32) throw new UsageError("negentropy: an id does not have 32 bytes");
		}
	}

	async sums(spans: readonly Span[]): Promise<readonly RangeSum[]> {
		return spans.map((span) => sumOfIds(this.#within(span).map(({ id }) => id)));
	}

	async recordsAt(span: Span, ranks: readonly number[]): Promise<readonly NegentropyRecord[]> {
		const within = this.#within(span);
		return ranks.flatMap((rank) => within[rank] ?? []);
	}

	async recordsWithin(spans: readonly Span[]): Promise<readonly (readonly NegentropyRecord[])[]> {
		return spans.map((span) => this.#within(span));
	}

	async *records(span: Span): AsyncGenerator<readonly NegentropyRecord[]> {
		yield this.#within(span);
	}

	#within({ lower, upper }: Span): readonly NegentropyRecord[] {
		return this.#records.slice(this.#firstFrom(lower), this.#firstFrom(upper));
	}

	/** Place of the first record that is not below a bound. */
	#firstFrom(bound: Bound): number {
		let low = 0;
		let high = this.#records.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			const { timestamp, id } = this.#records[middle] as NegentropyRecord;
			if (compareBounds({ timestamp, prefix: id }, bound) < 0) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

function compareRecords(a: NegentropyRecord, b: NegentropyRecord): number {
	if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
	return compareBytes(a.id, b.id);
}
