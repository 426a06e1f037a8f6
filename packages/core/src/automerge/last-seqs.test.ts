import fc from "fast-check";
import { expect, it } from "vitest";
import { CausalIndex } from "./causal-index.js";
import { joinSeqs, type LastSeqs, lastSeqOf, nobody, withSeq } from "./last-seqs.js";

const seqs = fc.array(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 9 })), { maxLength: 60 });

function both(pairs: readonly (readonly [number, number])[]) {
	const map = new Map<number, number>();
	let tree: LastSeqs = nobody;
	for (const [actor, seq] of pairs) {
		map.set(actor, Math.max(seq, map.get(actor) ?? 0));
		tree = withSeq(tree, actor, seq);
	}
	return { map, tree };
}

it("holds what a map holds, also joined, and leaves what it was made of as it is", () => {
	fc.assert(
		fc.property(seqs, seqs, fc.array(fc.nat(70_000)), (left, right, asked) => {
			const [a, b] = [both(left), both(right)];
			const joined = joinSeqs(a.tree, b.tree);
			for (const actor of [...asked, ...a.map.keys(), ...b.map.keys()]) {
				const [inA, inB] = [a.map.get(actor) ?? 0, b.map.get(actor) ?? 0];
				expect(lastSeqOf(joined, actor)).toBe(Math.max(inA, inB));
				expect(lastSeqOf(a.tree, actor)).toBe(inA);
				expect(lastSeqOf(b.tree, actor)).toBe(inB);
			}
			expect(joinSeqs(joined, a.tree)).toBe(joined);
		}),
		{ numRuns: 300 },
	);
});

it("thousands of actors in turn cost memory in proportion", () => {
	const hash = (n: number) => n.toString(16).padStart(64, "0");
	const index = new CausalIndex();
	const before = process.memoryUsage().heapUsed;
	const count = 20_000;
	for (let i = 1; i <= count; i++) {
		const deps = i > 1 ? [hash(i - 1)] : [];
		const bytes = new Uint8Array(0);
		index.add({ bytes, hash: hash(i), deps, actor: `actor ${i}`, seq: 1, startOp: i, operations: 1 }, "entry");
	}
	expect(index.size).toBe(count);
	// A map of the actors so far in every change came to 5 GB.
	expect(process.memoryUsage().heapUsed - before).toBeLessThan(200e6);
});
