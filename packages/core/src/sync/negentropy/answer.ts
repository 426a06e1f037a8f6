/** What both sides do with the ranges of a message: compare, skip what is equal, split what differs. */
import { equalBytes } from "../../bytes/compare.js";
import { type Bound, boundBetween, firstBound, lastBound, type NegentropyRecord, type Span } from "./bound.js";
import { fingerprintsOf, sumOfIds } from "./fingerprints.js";
import { decodeMessage, MessageWriter, type Range } from "./message.js";
import { checkedParameters, type Side } from "./parameters.js";
import type { RangeSum } from "./record-index.js";

/** Ranges that are compared at once: what is read for them is read together. */
const comparedAtOnce = 64;
/** Ranges of up to so many records are read whole; of larger ones only the sums of their parts are. */
const readWhole = 96;

export type ListRange = Extract<Range, { readonly mode: "id-list" }>;

/** What this side has of a range. */
export interface Own {
	readonly count: number;
	readonly fingerprint: Uint8Array;
	/** All of its records, where they are few and the answer needs them. */
	readonly records: readonly NegentropyRecord[] | undefined;
}

/** Answers a list of ids. @param own is left out by a side that asks. @returns false when there is no room for the answer. */
export type OnList = (span: Span, list: ListRange, own: Own | undefined) => Promise<boolean>;

export class Answer {
	readonly #side: Side;
	readonly #parameters: ReturnType<typeof checkedParameters>;
	readonly #asks: boolean;
	readonly writer: MessageWriter;

	/** @param asks whether lists go without ids: who begins asks for a list by a list, of which nothing else is read. */
	constructor(side: Side, { asks }: { readonly asks: boolean }) {
		this.#side = side;
		this.#asks = asks;
		this.#parameters = checkedParameters(side.parameters);
		this.writer = new MessageWriter(this.#parameters.frameSizeLimit);
	}

	/** Answers a message range by range. When there is no room for more, the rest is left to the next round. */
	async toMessage(message: Uint8Array, onList: OnList): Promise<void> {
		const ranges = decodeMessage(message);
		let lower = firstBound;
		for (let start = 0; start < ranges.length; start += comparedAtOnce) {
			const slice = spansOf(ranges.slice(start, start + comparedAtOnce), lower);
			const own = await this.#own(slice);
			for (const [index, { span, range }] of slice.entries()) {
				if (!(await this.#toRange(span, range, own[index], onList))) return this.#close();
			}
			lower = (slice.at(-1) as RangeAt).span.upper;
		}
	}

	/** Splits a range that differs, or lists it when it is small. @returns false when there was no room. */
	async split(span: Span, { count, records }: Pick<Own, "count" | "records">): Promise<boolean> {
		const { buckets, listBelow } = this.#parameters;
		if (count < listBelow) {
			return this.#asks ? this.writer.write({ mode: "id-list", upper: span.upper, ids: [] }) : this.list(span, records);
		}
		const { ends, sums } =
			records === undefined ? await this.#parts(span, count, buckets) : partsOf(span, records, buckets);
		const fingerprints = await fingerprintsOf(this.#side.crypto, sums);
		return ends.every((upper, index) =>
			this.writer.write({ mode: "fingerprint", upper, fingerprint: fingerprints[index] as Uint8Array }),
		);
	}

	/** Lists the records of a range, as many as there is room for. @param known all of them. @returns false when that was not all. */
	async list(span: Span, known?: readonly NegentropyRecord[]): Promise<boolean> {
		const { roomForIds } = this.writer;
		const records = known ?? (await this.#recordsUpTo(span, roomForIds));
		const ids = (listed: readonly NegentropyRecord[]) => listed.map(({ id }) => id);
		if (records.length <= roomForIds)
			return this.writer.write({ mode: "id-list", upper: span.upper, ids: ids(records) });
		const last = records[roomForIds - 1];
		if (last === undefined) return false;
		const upper = boundBetween(last, records[roomForIds] as NegentropyRecord);
		this.writer.write({ mode: "id-list", upper, ids: ids(records.slice(0, roomForIds)) });
		return false;
	}

	/** The first records of a range, one more than `most` where there are more. */
	async #recordsUpTo(span: Span, most: number): Promise<NegentropyRecord[]> {
		const records: NegentropyRecord[] = [];
		for await (const batch of this.#side.index.records(span)) {
			for (const record of batch) records.push(record);
			if (records.length > most) break;
		}
		return records;
	}

	/** Ends a message that has no room for more. */
	async #close(): Promise<void> {
		const rest = await this.#side.index.sums([{ lower: this.writer.end, upper: lastBound }]);
		const [fingerprint] = await fingerprintsOf(this.#side.crypto, rest);
		this.writer.close(fingerprint as Uint8Array);
	}

	async #toRange(span: Span, range: Range, own: Own | undefined, onList: OnList): Promise<boolean> {
		if (range.mode === "id-list") return onList(span, range, own);
		if (own !== undefined && differs(range, own)) return this.split(span, own);
		this.writer.skip(span.upper);
		return true;
	}

	/** Of each range that is to be answered from the records of this side, what it has. */
	async #own(ranges: readonly RangeAt[]): Promise<(Own | undefined)[]> {
		const { index, crypto } = this.#side;
		const asked = ranges.filter(
			({ range }) => range.mode === "fingerprint" || (range.mode === "id-list" && !this.#asks),
		);
		const sums = await index.sums(asked.map(({ span }) => span));
		const fingerprints = await fingerprintsOf(crypto, sums);
		const compared = asked.map(({ range, span }, at) => {
			const own = { count: (sums[at] as RangeSum).count, fingerprint: fingerprints[at] as Uint8Array };
			return { range, span, own, isRead: this.#isRead(range, own) };
		});
		const records = await index.recordsWithin(compared.flatMap(({ span, isRead }) => (isRead ? [span] : [])));
		const found = new Map<Range, Own>();
		let next = 0;
		for (const { range, own, isRead } of compared) {
			found.set(range, { ...own, records: isRead ? records[next++] : undefined });
		}
		return ranges.map(({ range }) => found.get(range));
	}

	/** Whether the answer to a range needs all its records, and they are few. */
	#isRead(range: Range, own: Pick<Own, "count" | "fingerprint">): boolean {
		if (own.count > readWhole || (this.#asks && own.count < this.#parameters.listBelow)) return false;
		return range.mode === "id-list" || differs(range, own);
	}

	/** Parts of nearly equal size, without reading their records. */
	async #parts(span: Span, count: number, buckets: number): Promise<Parts> {
		const { index } = this.#side;
		const ranks = startsOf(count, buckets)
			.slice(1)
			.flatMap((start) => [start - 1, start]);
		const records = await index.recordsAt(span, ranks);
		const ends: Bound[] = [];
		for (let i = 1; i < records.length; i += 2) {
			ends.push(boundBetween(records[i - 1] as NegentropyRecord, records[i] as NegentropyRecord));
		}
		ends.push(span.upper);
		const sums = await index.sums(ends.map((upper, part) => ({ lower: ends[part - 1] ?? span.lower, upper })));
		return { ends, sums };
	}
}

interface RangeAt {
	readonly span: Span;
	readonly range: Range;
}

interface Parts {
	readonly ends: readonly Bound[];
	readonly sums: readonly RangeSum[];
}

function spansOf(ranges: readonly Range[], first: Bound): RangeAt[] {
	let lower = first;
	return ranges.map((range) => {
		const span = { lower, upper: range.upper };
		lower = range.upper;
		return { span, range };
	});
}

function differs(range: Range, own: Pick<Own, "fingerprint">): boolean {
	return range.mode === "fingerprint" && !equalBytes(own.fingerprint, range.fingerprint);
}

/** Parts of nearly equal size, from the records of a range. */
function partsOf(span: Span, records: readonly NegentropyRecord[], buckets: number): Parts {
	const starts = startsOf(records.length, buckets);
	const ends = starts
		.slice(1)
		.map((start) => boundBetween(records[start - 1] as NegentropyRecord, records[start] as NegentropyRecord));
	const sums = starts.map((start, part) => sumOfIds(records.slice(start, starts[part + 1]).map(({ id }) => id)));
	return { ends: [...ends, span.upper], sums };
}

/** Ranks at which parts of nearly equal size begin. */
function startsOf(count: number, buckets: number): number[] {
	const parts = Math.min(buckets, Math.max(count, 1));
	return Array.from({ length: parts }, (_, part) => Math.floor((part * count) / parts));
}
