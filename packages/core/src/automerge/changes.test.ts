import {
	Counter,
	decodeChange as decodeByAutomerge,
	encodeChange as encodeByAutomerge,
	Float64,
	ImmutableString,
	mark,
	splice,
	splitBlock,
	Uint,
	unmark,
} from "@automerge/automerge/slim";
import fc from "fast-check";
import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../bytes/hex.js";
import type { Env } from "../env.js";
import { CausalIndex } from "./causal-index.js";
import { decodeChange, decodeChanges } from "./change-chunk.js";
import { CrdtDocument } from "./crdt-document.js";
import { decodeProjection, encodeProjection } from "./plain-data.js";

// biome-ignore lint/suspicious/noExplicitAny: a draft has the shape that its user gives it.
type Draft = any;

const key = fc.constantFrom("a", "b", "ключ", "", "count", "list", "text");
const text = fc.string({ unit: "grapheme", maxLength: 12 });
const scalar = fc.oneof(
	fc.maxSafeInteger(),
	fc.double(),
	fc.boolean(),
	fc.constant(null),
	text,
	fc.date({ noInvalidDate: true }),
	fc.uint8Array({ maxLength: 20 }),
	fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
	text.map((each) => new ImmutableString(each)),
	fc.integer().map((each) => new Counter(each)),
	fc.nat().map((each) => new Uint(each)),
	fc.double().map((each) => new Float64(each)),
);
const { value } = fc.letrec<{ value: unknown; scalar: unknown }>((tie) => ({
	scalar,
	value: fc.oneof(
		{ maxDepth: 3, withCrossShrink: true },
		tie("scalar"),
		fc.array(tie("value"), { maxLength: 4 }),
		fc.dictionary(key, tie("value"), { maxKeys: 4 }),
	),
}));

const step = fc.record({
	who: fc.nat(1),
	sync: fc.boolean(),
	kind: fc.nat(9),
	key,
	value,
	text,
	at: fc.nat(6),
	count: fc.nat(4),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const history = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 8 });

/** Two members who edit one document, apart or in step. */
function play(steps: readonly (readonly Step[])[]): [CrdtDocument, CrdtDocument] {
	const one = CrdtDocument.create("aa".repeat(24));
	const first: Draft = one.openDraft();
	Object.assign(first, { list: [1, "x", { y: [] }], text: "some text", count: new Counter(1), map: {} });
	one.commitDraft();
	const two = CrdtDocument.create("bb".repeat(24));
	two.apply(one.changes());
	const members = [one, two] as const;
	for (const edits of steps) {
		const who = edits[0]?.who ?? 0;
		const document = members[who] as CrdtDocument;
		const draft = document.openDraft();
		for (const each of edits) edit(draft, each);
		document.commitDraft();
		if (edits[0]?.sync) (members[1 - who] as CrdtDocument).apply(document.changes());
	}
	return [one, two];
}

function edit(draft: Draft, step: Step): void {
	const length = Array.isArray(draft.list) ? draft.list.length : 0;
	const size = typeof draft.text === "string" ? draft.text.length : 0;
	const at = Math.min(step.at, length);
	switch (step.kind) {
		case 0:
			draft[step.key] = step.value;
			break;
		case 1:
			if (step.key in draft) delete draft[step.key];
			break;
		case 2:
			if (Array.isArray(draft.list)) draft.list.splice(at, Math.min(step.count, length - at), step.value, step.text);
			break;
		case 3:
			if (length > 0) draft.list[at % length] = step.value;
			break;
		case 4:
			if (typeof draft.text !== "string") break;
			splice(draft, ["text"], Math.min(step.at, size), Math.min(step.count, size - Math.min(step.at, size)), step.text);
			break;
		case 5:
			if (draft.count instanceof Counter) draft.count.increment(step.at - 3);
			break;
		case 6:
			if (size > 1) mark(draft, ["text"], { start: 0, end: size - 1, expand: "both" }, "bold", step.text);
			break;
		case 7:
			if (size > 1) unmark(draft, ["text"], { start: 0, end: 1, expand: "after" }, "bold");
			break;
		case 8:
			if (typeof draft.text === "string") splitBlock(draft, ["text"], Math.min(step.at, size), { type: "p" });
			break;
		default:
			draft.map[step.key] = step.value;
	}
}

let env: Env;
beforeAll(async () => {
	env = await nodeEnv();
});

describe("any history of two members", () => {
	it("is read as Automerge tells it, and passes rules (a) to (e)", async () => {
		await fc.assert(
			fc.asyncProperty(history, async (steps) => {
				const [one, two] = play(steps);
				one.apply(two.changes());
				const index = new CausalIndex();
				const changes = await decodeChanges(env.crypto, one.changes());
				for (const change of changes) {
					const meta = one.metaOf(change.hash);
					expect(change).toMatchObject({
						actor: meta?.actor,
						deps: [...(meta?.deps ?? [])].sort(),
						seq: meta?.seq,
						startOp: meta?.startOp,
						time: 0,
						message: false,
					});
					expect(change.startOp + change.operations - 1).toBe(meta?.maxOp);
					expect(index.checkRun([change])).toEqual({ ok: true });
					expect(index.add(change, change.hash)).toBeUndefined();
				}
				expect(one.loadsBack()).toBe(true);
				one.free();
				two.free();
			}),
			{ numRuns: 80 },
		);
	});

	it("shows on every replica what a fresh replay shows, also from its stored projection", () => {
		fc.assert(
			fc.property(history, fc.nat(), (steps, seed) => {
				const [one, two] = play(steps);
				one.apply(two.changes());
				const changes = one.changes();
				const replay = CrdtDocument.create("cc".repeat(24));
				replay.apply(changes.map((_, i) => changes[(i * 7 + seed) % changes.length] as Uint8Array).concat(changes));
				expect(replay.heads).toEqual(one.heads);
				expect(replay.toData()).toEqual(one.toData());
				expect(decodeProjection(encodeProjection(one.toData()))).toEqual(one.toData());
				for (const each of [one, two, replay]) each.free();
			}),
			{ numRuns: 60 },
		);
	});
});

describe("a change that was tampered with", () => {
	it("is refused, or is one that Automerge writes back byte for byte", async () => {
		const samples = play(sampleHistory()).flatMap((document) => document.changes());
		let taken = 0;
		await fc.assert(
			fc.asyncProperty(fc.nat(), fc.array(mutation, { minLength: 1, maxLength: 3 }), async (pick, mutations) => {
				const sample = samples[pick % samples.length] as Uint8Array;
				const chunk = await withChecksum(mutations.reduce(mutate, sample));
				const change = await decodeChange(env.crypto, chunk).catch((error: unknown) => {
					expect(error).toMatchObject({ name: "FormatError" });
					return undefined;
				});
				if (change === undefined) return;
				taken++;
				const again = reencoded(chunk);
				if (again !== undefined) expect(toHex(again)).toBe(toHex(chunk));
			}),
			{ numRuns: 10_000 },
		);
		expect(taken).toBeGreaterThan(50);
	});
});

const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), kind: fc.nat(3), byte: fc.nat(255) });

/** Changes the contents and keeps the frame's length right, so that the change itself is what is judged. */
function mutate(chunk: Uint8Array, { at, kind, byte }: { at: number; kind: number; byte: number }): Uint8Array {
	const start = chunk[9] !== undefined && chunk[9] < 128 ? 10 : 11;
	const contents = [...chunk.subarray(start)];
	const place = Math.floor(at * (contents.length - 1));
	if (kind === 0) contents[place] = byte;
	else if (kind === 1) contents[place] = (contents[place] as number) ^ (1 << (byte & 7));
	else if (kind === 2) contents.splice(place, 1);
	else contents.splice(place, 0, byte);
	const length = contents.length < 128 ? [contents.length] : [(contents.length & 127) | 128, contents.length >> 7];
	return Uint8Array.from([...chunk.subarray(0, 9), ...length, ...contents]);
}

async function withChecksum(chunk: Uint8Array): Promise<Uint8Array> {
	const copy = chunk.slice();
	copy.set((await env.crypto.sha256(chunk.subarray(8))).subarray(0, 4), 4);
	return copy;
}

/** What Automerge makes of its own reading; `undefined` where its JavaScript form has no place for a value. */
function reencoded(chunk: Uint8Array): Uint8Array | undefined {
	try {
		return encodeByAutomerge(decodeByAutomerge(chunk));
	} catch (error) {
		if (/JavaScript number|invalid type: sequence|invalid value: null/.test(String(error))) return undefined;
		throw error;
	}
}

function sampleHistory(): Step[][] {
	const base: Step = { who: 0, sync: false, kind: 0, key: "a", value: 5, text: "né", at: 1, count: 1 };
	const kinds = [0, 2, 3, 4, 5, 6, 7, 8, 9, 1];
	return [
		...kinds.map((kind) => [{ ...base, kind }]),
		...kinds.map((kind) => [{ ...base, kind, who: 1, value: ["x", { b: 1.5 }], sync: kind === 4 }]),
		kinds.map((kind) => ({ ...base, kind, value: new Date(5) })),
	];
}
