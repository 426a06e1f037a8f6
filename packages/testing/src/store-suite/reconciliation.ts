import { type Entry, fromHex, type ReconciliationBound, type ReconciliationRange } from "@mindoodb/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byTimeAndHash, collect, type MakeStoreUnderTest, onStage, type Stage } from "./under-test.js";

const start = 1_700_000_000_000;

/** Fingerprints and records of ranges, against sums made by hand. */
export function testReconciliation(make: MakeStoreUnderTest): void {
	describe("reconciliation", () => {
		test("an empty range has no records and the sum zero", () =>
			onStage(make, async ({ store, maker }) => {
				const all = { lower: bound(0) };
				expect(await store.fingerprint(all)).toEqual({ count: 0, sum: new Uint8Array(32) });
				await store.append([await maker.make()]);
				expect(await store.fingerprint({ lower: bound(start + 1) })).toEqual({ count: 0, sum: new Uint8Array(32) });
				expect(await store.fingerprint({ lower: bound(9), upper: bound(9) })).toMatchObject({ count: 0 });
				expect(await store.fingerprint({ lower: bound(start + 9), upper: bound(5) })).toMatchObject({ count: 0 });
				expect(await collect(store.records({ lower: bound(start), upper: bound(start) }))).toEqual([]);
				expect(await store.recordsAt({ lower: bound(start), upper: bound(start) }, [0])).toEqual([]);
				expect(await store.recordsAt({ lower: bound(start + 9), upper: bound(5) }, [0])).toEqual([]);
			}));

		test("any range, before and after opening again", () =>
			onStage(make, async (stage) => {
				const { maker } = stage;
				const entries: Entry[] = [];
				// Many in one millisecond, some alone, some far away.
				const times = (i: number) =>
					i < 150 ? start : i < 250 ? start + (i % 7) : i < 290 ? start + i * 100_000 : i * 7_777;
				for (let i = 0; i < 320; i++) entries.push(await maker.make({ createdAt: times(i), signed: i === 319 }));
				await stage.store.append(entries.slice(0, 100));
				await check(stage, entries.slice(0, 100), 20);
				await stage.store.append(entries.slice(100));
				await check(stage, entries, 60);
				await stage.reopen();
				await check(stage, entries, 20);
			}));

		test("more records than one batch, in order", () =>
			onStage(make, async ({ store, maker }) => {
				const entries: Entry[] = [];
				for (let i = 0; i < 2500; i++) entries.push(await maker.make({ createdAt: start + (i % 3), signed: false }));
				for (let i = 0; i < 2500; i += 500) await store.append(entries.slice(i, i + 500));
				const expected = entries.map(({ hash, common }) => ({ hash, createdAt: common.createdAt })).sort(byTimeAndHash);
				const batches: number[] = [];
				const found = [];
				for await (const batch of store.records({ lower: bound(0) })) {
					batches.push(batch.length);
					found.push(...batch);
				}
				expect(found).toEqual(expected);
				expect(Math.max(...batches)).toBeLessThanOrEqual(1024);
			}));
	});

	async function check({ store }: Stage, entries: readonly Entry[], runs: number): Promise<void> {
		const sorted = entries.map(({ hash, common }) => ({ hash, createdAt: common.createdAt })).sort(byTimeAndHash);
		const anyBound = fc.oneof(
			fc
				.record({ index: fc.nat(sorted.length - 1), length: fc.nat(32), shift: fc.integer({ min: -1, max: 1 }) })
				.map(({ index, length, shift }): ReconciliationBound => {
					const { createdAt, hash } = sorted[index] as { createdAt: number; hash: string };
					return { createdAt: Math.max(0, createdAt + shift), hashPrefix: fromHex(hash).slice(0, length) };
				}),
			fc.nat(2 ** 31).map((createdAt): ReconciliationBound => bound(createdAt)),
		);
		const recordsOf = ({ lower, upper }: ReconciliationRange) =>
			sorted.filter((record) => !isBelow(record, lower) && (upper === undefined || isBelow(record, upper)));
		await fc.assert(
			fc.asyncProperty(anyBound, fc.option(anyBound, { nil: undefined }), async (lower, upper) => {
				const range: ReconciliationRange = upper === undefined ? { lower } : { lower, upper };
				const within = recordsOf(range);
				// Several at once: one that is empty, one twice, neighbours and one round them all.
				const ranges = [range, ...(upper ? [{ lower: bound(0), upper: lower }, { lower: upper }] : []), range];
				const several = [...ranges, { lower: bound(9), upper: bound(9) }, { lower: bound(0) }];
				expect(await store.fingerprints(several)).toEqual(
					several.map(recordsOf).map((records) => ({ count: records.length, sum: sumOf(records) })),
				);
				expect(await store.recordsWithin(several)).toEqual(several.map(recordsOf));
				expect(await store.fingerprint(range)).toEqual({ count: within.length, sum: sumOf(within) });
				expect(await collect(store.records(range))).toEqual(within);
				const ranks = [0, 1, within.length >> 1, within.length - 1, within.length, within.length + 500];
				const ascending = [...new Set(ranks)].filter((rank) => rank >= 0);
				expect(await store.recordsAt(range, ascending)).toEqual(ascending.flatMap((rank) => within[rank] ?? []));
			}),
			{ numRuns: runs },
		);
	}
}

function bound(createdAt: number): ReconciliationBound {
	return { createdAt, hashPrefix: new Uint8Array(0) };
}

function isBelow(record: { readonly createdAt: number; readonly hash: string }, limit: ReconciliationBound): boolean {
	const hash = new Uint8Array(32);
	hash.set(limit.hashPrefix);
	const text = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
	return record.createdAt < limit.createdAt || (record.createdAt === limit.createdAt && record.hash < text);
}

function sumOf(records: readonly { readonly hash: string }[]): Uint8Array {
	let sum = 0n;
	for (const { hash } of records) sum += BigInt(`0x${(hash.match(/../g) as string[]).reverse().join("")}`);
	const bytes = new Uint8Array(32);
	for (let i = 0; i < 32; i++) bytes[i] = Number((sum >> BigInt(8 * i)) & 255n);
	return bytes;
}
