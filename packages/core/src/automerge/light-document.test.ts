import { Counter, Float64, ImmutableString } from "@automerge/automerge/slim";
import fc from "fast-check";
import { nodeEnv } from "mindoodb";
import { beforeAll, expect, it } from "vitest";
import type { Env } from "../env.js";
import { CrdtDocument, type LocalChange } from "./crdt-document.js";
import { encodeInitialChange } from "./initial-change.js";
import { LightDocument } from "./light-document.js";
import { encodeProjection } from "./plain-data.js";

const [ann, ben] = ["aa".repeat(24), "bb".repeat(24)];

const key = fc.constantFrom("a", "b", "ключ", "", "😀", "\uffee", "10", "toString");
const plain = fc.oneof(
	fc.maxSafeInteger(),
	fc.double(),
	fc.constantFrom(0, -0, 1, Number.NaN, 2 ** 60, "", true, false, null),
	fc.string({ unit: "grapheme", maxLength: 8 }),
	fc.constant("lone \ud800"),
	fc.date({ noInvalidDate: true }),
);
const only = fc.constantFrom<unknown>(
	new ImmutableString("i"),
	new Counter(2),
	new Float64(3),
	Uint8Array.of(1, 2),
	{ x: ["y"] },
	[1],
);
const sets = (value: fc.Arbitrary<unknown>) => fc.array(fc.tuple(key, value), { maxLength: 4 });
const edits = fc.array(
	fc.record({
		isAnns: fc.boolean(),
		sets: sets(fc.oneof({ weight: 9, arbitrary: plain }, { weight: 1, arbitrary: only })),
	}),
	{ maxLength: 20 },
);

let env: Env;
beforeAll(async () => {
	env = await nodeEnv();
});

function named({ change, hash }: LocalChange) {
	return { bytes: change, hash };
}

function edit(document: CrdtDocument, values: readonly (readonly [string, unknown])[]): LocalChange | undefined {
	const draft = document.openDraft();
	for (const [name, value] of values) draft[name] = value;
	return document.commitDraft();
}

it("shows what Automerge shows, and takes every change that assigns plain values upon the one before", async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.dictionary(key, fc.oneof(plain, only), { minKeys: 1, noNullPrototype: true }),
			edits,
			async (initial, all) => {
				const first = await encodeInitialChange(env.crypto, ann, initial);
				if (first === undefined) throw new Error("expected a change");
				const [anns, bens] = [CrdtDocument.create(ann), CrdtDocument.create(ben)];
				for (const each of [anns, bens]) each.apply([first.change]);
				const light = LightDocument.begin(named(first));
				const isPlain = (value: unknown) => typeof value !== "object" || value === null || value instanceof Date;
				// A list and a map are more than one value; the rest stands at a key and can be replaced.
				expect(light === undefined).toBe(
					Object.values(initial).some(
						(value) => Array.isArray(value) || (value as { x?: unknown } | null)?.x !== undefined,
					),
				);
				for (const { isAnns, sets } of light === undefined ? [] : all) {
					const [author, other] = isAnns ? [anns, bens] : [bens, anns];
					const made = edit(author, sets);
					if (made === undefined) continue;
					other.apply([made.change]);
					const taken = light?.take(named(made));
					if (sets.every(([, value]) => isPlain(value))) expect(taken).toBe(true);
					if (taken === false) break;
					expect(light?.heads).toEqual(other.heads);
					expect(encodeProjection(light?.data() ?? {})).toEqual(encodeProjection(other.toData()));
					expect(other.loadsBack()).toBe(true);
				}
				anns.free();
				bens.free();
			},
		),
		{ numRuns: 150 },
	);
});

it("leaves to Automerge what does not stand upon the one before, and has not changed by it", async () => {
	const first = (await encodeInitialChange(env.crypto, ann, { a: 1, t: "text" })) as LocalChange;
	const light = LightDocument.begin(named(first)) as LightDocument;
	const [anns, bens] = [CrdtDocument.create(ann), CrdtDocument.create(ben)];
	for (const each of [anns, bens]) each.apply([first.change]);
	const change = edit(anns, [["a", 2]]) as LocalChange;
	const beside = edit(bens, [["a", 3]]) as LocalChange;
	expect(light.take(named(beside))).toBe(true);
	expect(light.take(named(change))).toBe(false);
	expect([light.heads, light.data()]).toEqual([[beside.hash], { a: 3, t: "text" }]);
	bens.apply([change.change]);
	const joined = bens.emptyChange();
	expect(light.take(named(joined))).toBe(false);
	const gone = CrdtDocument.load(bens.save(), "cc".repeat(24));
	const draft = gone.openDraft();
	delete draft.t;
	expect(light.take(named(gone.commitDraft() as LocalChange))).toBe(false);
	expect(light.data()).toEqual({ a: 3, t: "text" });
});
