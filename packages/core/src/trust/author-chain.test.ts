import fc from "fast-check";
import { expect, test } from "vitest";
import { AuthorChain, type ChainLink, type Membership } from "./author-chain.js";
import { hashOf } from "./directory-example.test.js";
import type { ChainRun } from "./form-codecs.js";

function link(name: number, previous: number | undefined): ChainLink {
	return { hash: at(name), previousByAuthor: previous === undefined ? undefined : at(previous) };
}

function at(name: number): string {
	return hashOf(`link ${name}`);
}

/** Walks back from the end of a run, as trust.md says it. */
function walk(links: ReadonlyMap<string, ChainLink>, { from, to }: ChainRun, hash: string): Membership {
	for (let next: string | undefined = to; next !== undefined && next !== from; ) {
		const found = links.get(next);
		if (found === undefined) return { kind: "unknown", missing: [next] };
		if (next === hash) return { kind: "inside" };
		next = found.previousByAuthor;
	}
	return { kind: "outside" };
}

const order = (count: number) =>
	fc.shuffledSubarray(
		Array.from({ length: count }, (_, i) => i),
		{ minLength: count, maxLength: count },
	);

test("membership equals the walk back along the links, in any order of arrival, with links missing", () => {
	const trees = fc.integer({ min: 1, max: 14 }).chain((count) =>
		fc.record({
			// Mostly a line: the link before; else a fork or a second beginning.
			previous: fc.array(fc.option(fc.nat(), { freq: 2 }), { minLength: count, maxLength: count }),
			order: order(count),
			kept: fc.integer({ min: 0, max: count }),
			runs: fc.array(fc.record({ from: fc.option(fc.nat({ max: count })), to: fc.nat({ max: count }) }), {
				minLength: 1,
				maxLength: 4,
			}),
		}),
	);
	fc.assert(
		fc.property(trees, ({ previous, order, kept, runs }) => {
			const links = previous.map((choice, i) =>
				link(i, i === 0 || choice === 0 ? undefined : choice === null ? i - 1 : choice % i),
			);
			const chain = new AuthorChain();
			const known = new Map<string, ChainLink>();
			for (const [step, i] of order.entries()) {
				const next = links[i] as ChainLink;
				chain.add(next);
				chain.add(next);
				known.set(next.hash, next);
				if (step !== kept && step !== order.length - 1) continue;
				for (const { from, to } of runs) {
					const run = { from: from === null ? undefined : at(from), to: at(to) };
					for (let j = 0; j <= links.length; j++) {
						expect(chain.membership(run, at(j))).toEqual(walk(known, run, at(j)));
					}
				}
			}
		}),
		{ numRuns: 1_000 },
	);
});

test("an entry in one run is inside, whatever other runs still miss", () => {
	const chain = new AuthorChain();
	for (const [name, previous] of [
		[0, undefined],
		[1, 0],
		[3, 2],
	] as const) {
		chain.add(link(name, previous));
	}
	const runs = [
		{ from: undefined, to: at(3) },
		{ from: undefined, to: at(1) },
		{ from: undefined, to: at(9) },
	];
	expect(chain.membershipOfAny(runs, at(0))).toEqual({ kind: "inside" });
	expect(chain.membershipOfAny(runs, at(7))).toEqual({ kind: "unknown", missing: [at(2), at(9)].sort() });
	expect(chain.membershipOfAny([], at(0))).toEqual({ kind: "outside" });
});

test("100,000 links that arrive backwards are one stretch", () => {
	const chain = new AuthorChain();
	const count = 100_000;
	const names = Array.from({ length: count }, (_, i) => i.toString(16).padStart(8, "0").repeat(8));
	for (let i = count - 1; i >= 0; i--) chain.add({ hash: names[i] as string, previousByAuthor: names[i - 1] });
	const run = { from: names[9], to: names[count - 10] as string };
	expect(chain.size).toBe(count);
	expect(names.filter((hash) => chain.membership(run, hash).kind === "inside")).toHaveLength(count - 19);
});
