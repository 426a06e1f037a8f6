import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inCausalOrder, type TimedEntry, timesOf } from "./timeline.js";

const day = 86_400_000;

/** Entries "0", "1", … that build on earlier ones. */
function chain(...steps: readonly (readonly [author: string, createdAt: number, ...dependencies: number[]])[]) {
	return steps.map(
		([author, createdAt, ...dependencies], i): TimedEntry => ({
			hash: String(i),
			author,
			createdAt,
			dependencyHashes: (dependencies.length === 0 && i > 0 ? [i - 1] : dependencies).map(String),
		}),
	);
}

function told(entries: readonly TimedEntry[]) {
	const times = timesOf(entries);
	return entries.map(({ hash }) => {
		const { time, clock } = times.get(hash) ?? { time: Number.NaN, clock: undefined };
		return clock === undefined ? time : `${time} ${clock}`;
	});
}

describe("times of entries", () => {
	it("are the authors' where nothing speaks against them, also between branches", () => {
		expect(told(chain(["a", 5], ["b", 9, 0], ["a", 7, 0], ["a", 9, 1, 2]))).toEqual([5, 9, 7, 9]);
	});

	it("of a whole stretch that one author wrote ahead end where somebody else goes on", () => {
		const entries = chain(["a", 1], ["b", 400 * day], ["b", 401 * day], ["b", 402 * day], ["a", 10], ["c", 11]);
		expect(told(entries)).toEqual([1, "10 ahead", "10 ahead", "10 ahead", 10, 11]);
	});

	it("of an author behind begin with what it builds on, the creation above all", () => {
		expect(told(chain(["a", 100], ["b", 1], ["b", 2], ["a", 120]))).toEqual([100, "100 behind", "100 behind", 120]);
		expect(told(chain(["a", 100], ["c", 110], ["b", 1], ["a", 120]))).toEqual([100, 110, "110 behind", 120]);
	});

	it("of a branch that nobody contradicts stay, beside one that is ahead", () => {
		const entries = chain(["a", 1], ["b", 400 * day, 0], ["c", 50, 0], ["c", 60, 2], ["a", 20, 1], ["a", 70, 3, 4]);
		expect(told(entries)).toEqual([1, "20 ahead", 50, 60, 20, 70]);
	});
});

/** Any graph of entries, in an order in which each comes after what it builds on. */
const graphs = fc
	.array(
		fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 30 }), fc.array(fc.nat(), { maxLength: 3 })),
		{
			minLength: 1,
			maxLength: 24,
		},
	)
	.map((steps) =>
		steps.map(
			([author, createdAt, below], i): TimedEntry => ({
				hash: `${(i * 7) % 24}`,
				author,
				createdAt,
				dependencyHashes: i === 0 ? [] : [...new Set([...below, i - 1].map((each) => `${((each % i) * 7) % 24}`))],
			}),
		),
	);

describe("times and order", () => {
	it("do not depend on the order in which entries came", () => {
		fc.assert(
			fc.property(
				graphs.chain((entries) =>
					fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })),
				),
				([entries, shuffled]) => {
					expect(new Map([...timesOf(shuffled)].sort())).toEqual(new Map([...timesOf(entries)].sort()));
					expect(inCausalOrder(shuffled)).toEqual(inCausalOrder(entries));
				},
			),
		);
	});

	it("never put an entry before what it builds on", () => {
		fc.assert(
			fc.property(graphs, (entries) => {
				const times = timesOf(entries);
				const placed = new Set<string>();
				for (const { hash, dependencyHashes } of inCausalOrder(entries)) {
					for (const below of dependencyHashes) {
						expect(placed.has(below)).toBe(true);
						expect(times.get(below)?.time).toBeLessThanOrEqual(times.get(hash)?.time as number);
					}
					placed.add(hash);
				}
				expect(placed.size).toBe(entries.length);
			}),
		);
	});
});
