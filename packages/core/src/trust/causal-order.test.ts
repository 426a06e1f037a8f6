import fc from "fast-check";
import { expect, test } from "vitest";
import { CausalOrder } from "./causal-order.js";

test("the causal past equals the one found by walking", () => {
	const graphs = fc.array(
		fc.record({ parents: fc.array(fc.nat(), { maxLength: 3 }), line: fc.boolean(), weighty: fc.boolean() }),
		{ minLength: 1, maxLength: 30 },
	);
	fc.assert(
		fc.property(graphs, fc.array(fc.nat(), { maxLength: 4 }), (choices, picks) => {
			const order = new CausalOrder();
			const pasts: Set<number>[] = [];
			for (const [i, { parents, line, weighty }] of choices.entries()) {
				const known = i === 0 ? [] : line ? [i - 1] : [...new Set(parents.map((parent) => parent % i))];
				expect(order.place(known, weighty)).toBe(i);
				pasts.push(new Set([i, ...known.flatMap((parent) => [...(pasts[parent] as Set<number>)])]));
			}
			const heads = picks.map((pick) => pick % choices.length);
			for (const [i, { weighty }] of choices.entries()) {
				const found = heads.some((head) => pasts[head]?.has(i));
				expect(order.isInPast(i, heads)).toBe(weighty ? found : heads.includes(i));
				const known = [...(pasts[i] as Set<number>)].filter((entry) => choices[entry]?.weighty);
				expect(order.sizeOfPast(i)).toBe(known.length);
			}
		}),
		{ numRuns: 1_000 },
	);
});

test("there are about as many chains as writers at the same time, however often they part and meet", () => {
	const order = new CausalOrder();
	let heads = [order.place([], true)];
	for (let i = 0; i < 1_000; i++) heads = [0, 1, 2].map(() => order.place(heads, true));
	expect(order.chains).toBe(3);
});

test("entries without weight do not make the order wider", () => {
	const order = new CausalOrder();
	const begin = order.place([], true);
	const crowd = Array.from({ length: 1_000 }, () => order.place([begin], false));
	const all = order.place(crowd, false);
	const next = order.place([all], true);
	expect(order.chains).toBe(1);
	expect(order.isInPast(begin, [next])).toBe(true);
});
