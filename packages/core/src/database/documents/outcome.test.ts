import fc from "fast-check";
import { expect, it } from "vitest";
import type { Evaluation } from "../judging/evaluation.js";
import type { Judged } from "../judging/judged.js";
import { OutcomeTally } from "./outcome.js";

const hashOf = (i: number) => i.toString(16).padStart(64, "0");

/** An accepted entry of a document's history, as far as an outcome asks for it. */
function accepted(
	i: number,
	{ kind, time, back, own }: { kind: number; time: number; back: number; own: boolean },
): Judged {
	const entryType = ["doc_create", "doc_change", "doc_delete", "doc_snapshot"][kind];
	const fields = {
		entryType,
		createdAt: time,
		createdByPublicKey: `author ${time}`,
		decryptionKeyId: `key ${i}`,
		keyCommitment: `commitment ${i}`,
		dependencyHashes: i === 0 ? [] : [hashOf(Math.max(0, i - 1 - back))],
	};
	const arrival = own ? Number.MAX_SAFE_INTEGER : i;
	const entry = { kind: "entry", hash: hashOf(i), fields };
	return { arrival, entry, verdict: { kind: "accepted" }, right: undefined, settled: undefined } as unknown as Judged;
}

function evaluationOf(order: readonly Judged[]): Evaluation {
	return { inCausalOrder: () => order, unaccepted: [], entryOfChange: () => undefined } as unknown as Evaluation;
}

const entries = fc.array(fc.record({ kind: fc.nat(3), time: fc.nat(5), back: fc.nat(3), own: fc.boolean() }), {
	maxLength: 30,
});

it("what is counted piece by piece comes to what is counted at once, whenever arrivals become known", () => {
	fc.assert(
		fc.property(entries, (wishes) => {
			const order: Judged[] = [];
			const tally = new OutcomeTally(evaluationOf(order));
			for (const [i, wish] of wishes.entries()) {
				order.push(accepted(i, wish));
				expect(tally.outcome(() => [])).toEqual(new OutcomeTally(evaluationOf(order)).outcome(() => []));
				const waiting = order.find(({ arrival }) => arrival === Number.MAX_SAFE_INTEGER);
				if (waiting !== undefined && wish.back === 0) waiting.arrival = 100 + i;
			}
		}),
	);
});

it("an entry is looked at once", () => {
	let looks = 0;
	const order = Array.from({ length: 1000 }, (_, i) =>
		accepted(i, { kind: i === 0 ? 0 : 1, time: i, back: 0, own: false }),
	);
	const counting = new Proxy(order, {
		get(target, name, receiver) {
			if (typeof name === "string" && /^\d+$/.test(name)) looks++;
			return Reflect.get(target, name, receiver);
		},
	});
	const tally = new OutcomeTally(evaluationOf(counting));
	expect(tally.outcome(() => []).keyCommitment).toBe("commitment 999");
	expect(looks).toBe(1000);
	order.push(accepted(1000, { kind: 2, time: 0, back: 0, own: false }));
	expect(tally.outcome(() => []).deleted).toBe(true);
	expect(looks).toBe(1001);
});
