import fc from "fast-check";
import { nodeEnv } from "mindoodb";
import { beforeAll, expect, it } from "vitest";
import type { Env } from "../env.js";
import { CausalIndex } from "./causal-index.js";
import { decodeChanges } from "./change-chunk.js";
import { CrdtDocument } from "./crdt-document.js";
import { joinHeads } from "./join-change.js";

const joiner = "ff".repeat(24);

let env: Env;
beforeAll(async () => {
	env = await nodeEnv();
});

function actor(nth: number): string {
	return nth.toString(16).padStart(48, "0");
}

/** A document on which `operations.length` actors made a change at the same time, each with so many operations. */
function fan(operations: readonly number[]): Uint8Array[] {
	const root = CrdtDocument.create(actor(0));
	root.openDraft().n = 1;
	const changes = [root.commitDraft()?.change as Uint8Array];
	const [first] = changes as [Uint8Array];
	for (const [nth, count] of operations.entries()) {
		const document = CrdtDocument.create(actor(nth + 1));
		document.apply([first]);
		const draft = document.openDraft();
		for (let i = 0; i < count; i++) draft[`${nth} ${i}`] = i;
		changes.push((document.commitDraft() ?? document.emptyChange()).change);
		document.free();
	}
	root.free();
	return changes;
}

async function indexOf(changes: readonly Uint8Array[]): Promise<CausalIndex> {
	const index = new CausalIndex();
	for (const change of await decodeChanges(env.crypto, changes)) index.add(change, change.hash);
	return index;
}

it("joins are what Automerge writes, in their place of the causal order, and no more than needed", async () => {
	const fans = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 20 });
	await fc.assert(
		fc.asyncProperty(fans, fc.integer({ min: 2, max: 8 }), async (operations, most) => {
			const changes = fan(operations);
			const document = CrdtDocument.create(actor(100));
			document.apply(changes);
			const shown = document.toData();
			const { heads } = document;
			const index = await indexOf(changes);
			const joins = joinHeads(heads, { actor: joiner, most, lastOperation: (each) => index.lastOperation(each) });
			expect(joins.length).toBe(Math.max(0, Math.ceil((heads.length - most) / (most - 1))));
			for (const { change, ...told } of joins) {
				// Decoding takes nothing but what Automerge would write.
				const [decoded] = await decodeChanges(env.crypto, [change]);
				expect(decoded).toMatchObject(told);
				expect(told.deps.length).toBeLessThanOrEqual(most);
				expect(index.checkRun(decoded === undefined ? [] : [decoded])).toEqual({ ok: true });
				index.add({ ...told, bytes: change }, told.hash);
			}
			document.apply(joins.map(({ change }) => change));
			expect(document.heads.length).toBeLessThanOrEqual(most);
			expect(document.toData()).toEqual(shown);
			expect(document.loadsBack()).toBe(true);
			const after = document.emptyChange();
			expect(index.checkRun(await decodeChanges(env.crypto, [after.change]))).toEqual({ ok: true });
			document.free();
		}),
		{ numRuns: 100 },
	);
});

it("a join of all heads has the bytes of Automerge's own empty change", async () => {
	const changes = fan([2, 0, 3]);
	const document = CrdtDocument.create(joiner);
	document.apply(changes);
	const index = await indexOf(changes);
	// One head more than there is room for, which the empty change then takes in.
	const [join] = joinHeads([...document.heads, "ff".repeat(32)], {
		actor: joiner,
		most: 3,
		lastOperation: (each) => index.lastOperation(each),
	});
	expect(join).toEqual(document.emptyChange());
	document.free();
});
