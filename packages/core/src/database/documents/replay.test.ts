import { nodeEnv } from "mindoodb";
import { beforeAll, expect, it } from "vitest";
import { CausalIndex, type CheckedChange } from "../../automerge/causal-index.js";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import { encodeInitialChange } from "../../automerge/initial-change.js";
import { Replay } from "./replay.js";

const size = 250_000;
const mebibyte = 1024 * 1024;
let changes: CheckedChange[];

/** Changes that stand side by side, each of a quarter of a million bytes, 15 MB together. */
beforeAll(async () => {
	const { crypto } = await nodeEnv();
	changes = await Promise.all(
		Array.from({ length: 60 }, async (_, i) => {
			const actor = i.toString(16).padStart(48, "0");
			const { change, ...rest } = (await encodeInitialChange(crypto, actor, {
				[`field ${i}`]: new Uint8Array(size).fill(i),
			})) as NonNullable<Awaited<ReturnType<typeof encodeInitialChange>>>;
			return { ...rest, bytes: change };
		}),
	);
});

function newReplay(): Replay {
	return new Replay(() => CrdtDocument.create("ff".repeat(24)));
}

it("holds the plaintext of one batch, however much a document has", () => {
	const replay = newReplay();
	let most = 0;
	for (const change of changes) {
		replay.take([change]);
		most = Math.max(most, replay.waitingBytes);
	}
	expect(most).toBeGreaterThan(0);
	expect(most).toBeLessThan(4 * mebibyte + size);
	expect(replay.crdt.changeCount).toBe(60);
	expect(replay.waitingBytes).toBe(0);
	expect(replay.loadsBack()).toBe(true);
	replay.free();
});

it("the causal index keeps bytes for a while only, and finds operations without them", () => {
	const index = new CausalIndex();
	let most = 0;
	for (const change of changes) {
		index.add(change, "");
		most = Math.max(most, index.heldBytes);
	}
	expect(most).toBeGreaterThan(0);
	expect(most).toBeLessThan(8 * mebibyte + size);
});

it("takes nothing while the document is handed out, and goes on with the one that it is given", () => {
	const replay = newReplay();
	replay.take(changes.slice(0, 1));
	const lent = replay.handOut();
	expect([replay.isReady, lent.changeCount]).toEqual([false, 1]);
	replay.take(changes.slice(1, 2));
	expect(replay.waitingBytes).toBe(0);
	expect(() => replay.crdt).toThrow("handed out");
	replay.restore(lent);
	replay.take(changes.slice(2, 3));
	expect(replay.crdt.changeCount).toBe(2);
	replay.free();
});

it("what Automerge refuses is told, and nothing is shown after it", () => {
	const replay = newReplay();
	replay.take([...changes.slice(0, 1), { ...(changes[1] as CheckedChange), bytes: Uint8Array.of(1, 2, 3) }]);
	expect(replay.loadsBack()).toBe(false);
	expect(() => replay.crdt).toThrow("Automerge");
	replay.free();
});
