/** Two sides in one process, against the difference of two sets. */
import fc from "fast-check";
import { nodeCrypto } from "mindoodb";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../bytes/hex.js";
import { infinity, type NegentropyRecord, type Span } from "./bound.js";
import { differencesOf, Initiator } from "./initiator.js";
import type { Parameters } from "./parameters.js";
import { respond } from "./responder.js";
import { SortedRecords } from "./sorted-records.js";

const crypto = nodeCrypto();

interface Reconciled {
	readonly have: readonly string[];
	readonly need: readonly string[];
	readonly rounds: number;
	readonly bytes: number;
	readonly longest: number;
}

interface Sides {
	readonly ours?: Parameters;
	readonly theirs?: Parameters;
}

async function reconcile(
	own: readonly NegentropyRecord[],
	other: readonly NegentropyRecord[],
	{ ours = {}, theirs = {} }: Sides = {},
): Promise<Reconciled> {
	const index = new SortedRecords(own);
	const responder = { crypto, index: new SortedRecords(other), parameters: theirs };
	const initiator = new Initiator({ crypto, index, parameters: ours });
	const have = new Set<string>();
	const need = new Set<string>();
	let [rounds, bytes, longest] = [0, 0, 0];
	for (let message: Uint8Array | undefined = await initiator.begin(); message !== undefined; ) {
		const answer = await respond(responder, message);
		rounds++;
		bytes += message.length + answer.length;
		longest = Math.max(longest, message.length, answer.length);
		const { listed, next }: Awaited<ReturnType<Initiator["receive"]>> = await initiator.receive(answer);
		const differences = await differencesOf(index, listed);
		for (const id of differences.have) have.add(id);
		for (const id of differences.need) need.add(id);
		message = next;
		if (rounds > 2000) throw new Error("no end");
	}
	return { have: [...have].sort(), need: [...need].sort(), rounds, bytes, longest };
}

const nameOf = ({ timestamp, id }: NegentropyRecord) => `${timestamp}:${toHex(id)}`;

/** Ids that are in one set alone. */
function lacking(from: readonly NegentropyRecord[], other: readonly NegentropyRecord[]): string[] {
	const there = new Set(other.map(nameOf));
	return from.flatMap((record) => (there.has(nameOf(record)) ? [] : [toHex(record.id)])).sort();
}

const anyTimestamp = fc.oneof(
	fc.bigInt(0n, 5n),
	fc
		.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 48n, 2n ** 53n - 1n, 2n ** 63n)
		.chain((middle) => fc.bigInt(middle - 2n, middle + 2n)),
	fc.bigInt(infinity - 3n, infinity - 1n),
	fc.bigInt(0n, infinity - 1n),
);

/** Ids that agree in all but a few of their last, first or middle bytes, and ids that agree in nothing. */
const anyId = fc.oneof(
	fc.uint8Array({ minLength: 32, maxLength: 32 }),
	fc.tuple(fc.constantFrom(0, 15, 30, 31), fc.constantFrom(0, 0xaa, 0xff), fc.nat(255)).map(([at, fill, value]) => {
		const id = new Uint8Array(32).fill(fill);
		id[at] = value;
		return id;
	}),
);

/** Records with a mark of where they are: here, there, or on both sides. */
const anyRecords = fc.uniqueArray(
	fc.record({ timestamp: anyTimestamp, id: anyId, where: fc.constantFrom("both", "both", "both", "here", "there") }),
	{ maxLength: 300, selector: ({ id }) => toHex(id), size: "max" },
);

const anyParameters = fc.record({
	buckets: fc.constantFrom(2, 8, 16),
	listBelow: fc.constantFrom(2, 4, 32),
	frameSizeLimit: fc.constantFrom(undefined, undefined, 4096, 5000),
});

describe("two sides of a reconciliation", () => {
	it("find the difference of their sets, whatever their parameters", async () => {
		await fc.assert(
			fc.asyncProperty(anyRecords, anyParameters, anyParameters, async (records, ours, theirs) => {
				const here = records.filter(({ where }) => where !== "there");
				const there = records.filter(({ where }) => where !== "here");
				const found = await reconcile(here, there, { ours, theirs });
				expect(found.have).toEqual(lacking(here, there));
				expect(found.need).toEqual(lacking(there, here));
				if (ours.frameSizeLimit !== undefined && theirs.frameSizeLimit !== undefined) {
					expect(found.longest).toBeLessThanOrEqual(Math.max(ours.frameSizeLimit, theirs.frameSizeLimit));
				}
			}),
			{ numRuns: 300 },
		);
	});

	it("find it in messages of 4,096 bytes, when one of them has nearly all", async () => {
		const all = madeRecords(4000);
		const few = all.filter((_, index) => index % 100 === 0);
		const small = { frameSizeLimit: 4096 };
		for (const [here, there] of [
			[few, all],
			[all, few],
			[[], all],
		] as const) {
			const found = await reconcile(here, there, { ours: small, theirs: small });
			expect(found.have).toEqual(lacking(here, there));
			expect(found.need).toEqual(lacking(there, here));
			expect(found.longest).toBeLessThanOrEqual(4096);
			expect(found.bytes).toBeLessThan(10 * 32 * 4000);
		}
	});

	it("lesson 33: are done after one small message when they are equal, and list nothing that they share", async () => {
		const all = madeRecords(5000);
		expect(await reconcile(all, all)).toMatchObject({ have: [], need: [], rounds: 1 });
		expect((await reconcile(all, all)).bytes).toBeLessThan(200);
		const found = await reconcile(all.slice(1), all);
		expect(found.need).toHaveLength(1);
		expect(found.bytes).toBeLessThan(2000);
		expect(found.rounds).toBeLessThanOrEqual(4);
	});
});

describe("a side", () => {
	const one = { crypto, index: new SortedRecords(madeRecords(1)) };

	it("answers another version with its own, and does not begin one", async () => {
		expect(await respond(one, Uint8Array.of(0x62, 1, 2, 3))).toEqual(Uint8Array.of(0x61));
		await expect(new Initiator(one).receive(Uint8Array.of(0x60))).rejects.toMatchObject({ code: "unsupported" });
	});

	it("takes no message that is longer than it allows", async () => {
		const side = { ...one, parameters: { mostMessageBytes: 5000 } };
		const long = new Uint8Array(5001);
		await expect(respond(side, long)).rejects.toMatchObject({ code: "limit" });
		await expect(new Initiator(side).receive(long)).rejects.toMatchObject({ code: "limit" });
	});

	it("has no parameters with which a reconciliation comes to no end", async () => {
		for (const parameters of [{ buckets: 1 }, { listBelow: 1 }, { frameSizeLimit: 4095 }]) {
			await expect(respond({ ...one, parameters }, Uint8Array.of(0x61))).rejects.toMatchObject({ code: "usage" });
		}
	});

	it("reads no more records than it has room to list, whatever is asked of it", async () => {
		const records = new SortedRecords(madeRecords(3000));
		let read = 0;
		const index = {
			sums: (spans: readonly Span[]) => records.sums(spans),
			recordsWithin: (spans: readonly Span[]) => records.recordsWithin(spans),
			recordsAt: (span: Span, ranks: readonly number[]) => records.recordsAt(span, ranks),
			async *records(span: Span) {
				for await (const all of records.records(span)) {
					for (let start = 0; start < all.length; start += 100) {
						const batch = all.slice(start, start + 100);
						read += batch.length;
						yield batch;
					}
				}
			},
		};
		// A list without ids up to infinity asks for everything.
		const answer = await respond({ crypto, index, parameters: { frameSizeLimit: 4096 } }, fromHex("6100000200"));
		expect(answer.length).toBeLessThanOrEqual(4096);
		expect(read).toBeLessThanOrEqual(200);
	});
});

function madeRecords(count: number): NegentropyRecord[] {
	return Array.from({ length: count }, (_, index) => ({
		timestamp: 1_700_000_000_000n + BigInt(index >> 2),
		id: crypto.randomBytes(32),
	}));
}
