import {
	Counter,
	decodeChange as decodeByAutomerge,
	encodeChange as encodeByAutomerge,
	Float64,
	ImmutableString,
	Int,
	Uint,
} from "@automerge/automerge/slim";
import fc from "fast-check";
import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import type { Env } from "../env.js";
import { decodeChange } from "./change-chunk.js";
import { CrdtDocument } from "./crdt-document.js";
import { encodeInitialChange, encodeInitialChanges } from "./initial-change.js";
import { type DocumentData, encodeProjection } from "./plain-data.js";
import { readInitialChange } from "./read-initial-change.js";

const ann = "aa".repeat(24);
const ben = "bb".repeat(24);

const scalar = fc.oneof(
	fc.maxSafeInteger(),
	fc.double(),
	fc.boolean(),
	fc.constant(null),
	fc.string({ unit: "binary", maxLength: 40 }),
	fc.string({ unit: "grapheme", maxLength: 300 }),
	fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 5 }).map((units) => String.fromCharCode(...units)),
	fc.date({ noInvalidDate: true }),
	fc.uint8Array({ maxLength: 200 }),
	fc.string({ unit: "binary" }).map((each) => new ImmutableString(each)),
	fc.maxSafeInteger().map((each) => new Counter(each)),
	fc.maxSafeInteger().map((each) => new Int(each)),
	fc.double().map((each) => new Float64(each)),
);
const key = fc
	.oneof(fc.string({ unit: "grapheme", maxLength: 8 }), fc.constantFrom("constructor", "7", "", "😀", "\uffee"))
	.filter((each) => each !== "__proto__");
const { values } = fc.letrec<{ value: unknown; values: Record<string, unknown> }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4, withCrossShrink: true },
		scalar,
		fc.array(tie("value"), { maxLength: 6 }),
		fc.dictionary(key, tie("value"), { maxKeys: 6, noNullPrototype: true }),
	),
	values: fc.dictionary(key, tie("value"), { maxKeys: 10, noNullPrototype: true }),
}));

let env: Env;
beforeAll(async () => {
	env = await nodeEnv();
});

/** The same values by way of a draft. */
function drafted(initial: Readonly<Record<string, unknown>>): CrdtDocument {
	const document = CrdtDocument.create(ben);
	const draft = document.openDraft();
	for (const [name, value] of Object.entries(initial)) draft[name] = value;
	document.commitDraft();
	return document;
}

/** Whether there are values of root keys alone. */
function isFlat(initial: Readonly<Record<string, unknown>>): boolean {
	return Object.values(initial).every((value) => !Array.isArray(value) && !isMap(value));
}

/** Whether these values are plain, or lists of plain ones. */
function isListed(initial: Readonly<Record<string, unknown>>): boolean {
	return Object.values(initial).every((value) => isFlat(Array.isArray(value) ? { ...value } : { value }));
}

function isMap(value: unknown): boolean {
	return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

describe("readInitialChange", () => {
	it("leaves to Automerge what the writer of first changes would write otherwise", () => {
		const head = { actor: ann, author: null, seq: 1, startOp: 1, time: 0, message: null, deps: [] };
		const read = (ops: readonly object[], other: object = {}) =>
			readInitialChange({
				bytes: encodeByAutomerge({ ...head, ...other, ops } as unknown as Parameters<typeof encodeByAutomerge>[0]),
			})?.data;
		const set = (key: string, value: unknown, more: object = {}) => ({
			action: "set",
			obj: "_root",
			key,
			value,
			...(typeof value === "number" && { datatype: "int" }),
			pred: [],
			...more,
		});
		expect(read([set("a", 1), set("b", true)])).toEqual({ a: 1, b: true });
		expect(read([set("b", true), set("a", 1)])).toBeUndefined();
		expect(read([set("a", 1), set("a", 2)])).toBeUndefined();
		expect(read([set("a", 1), set("a", 2, { pred: [`1@${ann}`] })])).toBeUndefined();
		expect(read([set("a", 1, { datatype: "uint" })])).toBeUndefined();
		expect(read([set("a", 2 ** 54)])).toBeUndefined();
		expect(read([set("a", 2 ** 53, { datatype: "timestamp" })])).toBeUndefined();
		expect(read([set("a", 1)], { startOp: 5 })).toBeUndefined();
		expect(read([set("a", 1)], { seq: 2 })).toBeUndefined();
		expect(read([set("a", 1)], { time: 1 })).toBeUndefined();
		expect(read([set("a", 1)], { deps: ["ab".repeat(32)] })).toBeUndefined();
		expect(read([set("__proto__", 1)])).toBeUndefined();
		const text = { action: "makeText", obj: "_root", key: "t", pred: [] };
		const character = (value: string, elemId: string) => ({
			action: "set",
			obj: `1@${ann}`,
			elemId,
			insert: true,
			value,
			pred: [],
		});
		expect(read([text, character("x", "_head"), character("y", `2@${ann}`)])).toEqual({ t: "xy" });
		expect(read([text, character("x", "_head"), character("y", "_head")])).toBeUndefined();
		expect(read([text, character("xy", "_head")])).toBeUndefined();
		expect(read([text, set("z", 1), character("x", "_head")])).toBeUndefined();
	});
});

describe("encodeInitialChange", () => {
	it("shows what a draft with the same values shows, and is what Automerge would write", async () => {
		await fc.assert(
			fc.asyncProperty(values, async (initial) => {
				const made = await encodeInitialChange(env.crypto, ann, initial);
				if (made === undefined) throw new Error("expected a change");
				const { change, hash, operations } = made;
				const decoded = await decodeChange(env.crypto, change);
				expect(decoded).toMatchObject({
					hash,
					operations,
					deps: [],
					actor: ann,
					seq: 1,
					startOp: 1,
					time: 0,
					message: false,
				});
				const document = CrdtDocument.create(ben);
				document.apply([change]);
				const expected = drafted(initial);
				expect(document.heads).toEqual([hash]);
				const shown = document.toData();
				expect(shown).toEqual(expected.toData());
				expect(made.data).toEqual(shown);
				expect(encodeProjection(made.data)).toEqual(encodeProjection(shown));
				expect(document.change(hash)).toEqual(change);
				expect(document.metaOf(hash)?.maxOp).toBe(operations);
				expect(document.loadsBack()).toBe(true);
				const read = readInitialChange({ bytes: change })?.data;
				if (isFlat(initial)) expect(encodeProjection(read as DocumentData)).toEqual(encodeProjection(shown));
				else expect(read).toBeUndefined();
				const listed = readInitialChange({ bytes: change }, { lists: true })?.data;
				if (isListed(initial)) expect(encodeProjection(listed as DocumentData)).toEqual(encodeProjection(shown));
				else expect(listed).toBeUndefined();
				expect(CrdtDocument.load(change, ben).heads).toEqual([hash]);
				document.free();
				expected.free();
			}),
			{ numRuns: 80 },
		);
	});

	it("comes back from Automerge's own decoder and encoder byte for byte", async () => {
		const initial = {
			title: "Grüße 😀",
			list: ["a", 1, { x: [] }],
			empty: "",
			nothing: null,
			yes: true,
			at: new Date(5),
			n: -3,
			f: 0.5,
			c: new Counter(4),
		};
		const made = await encodeInitialChange(env.crypto, ann, initial);
		const change = made?.change ?? new Uint8Array();
		expect(encodeByAutomerge(decodeByAutomerge(change))).toEqual(change);
	});

	it("can be edited further like any other document", async () => {
		const made = await encodeInitialChange(env.crypto, ann, { title: "abc", list: [1, [2]], map: {} });
		const document = CrdtDocument.create(ann);
		document.apply([made?.change ?? new Uint8Array()]);
		// biome-ignore lint/suspicious/noExplicitAny: a draft has the shape that its user gives it.
		const draft = document.openDraft() as any;
		draft.list[1].push("x");
		draft.map.y = draft.title;
		expect(document.commitDraft()).toMatchObject({ seq: 2, startOp: 1 + (made?.operations ?? 0), deps: [made?.hash] });
		expect(document.toData()).toEqual({ title: "abc", list: [1, [2, "x"]], map: { y: "abc" } });
		expect(document.loadsBack()).toBe(true);
	});

	it("is an empty change without values", async () => {
		const made = await encodeInitialChange(env.crypto, ann, {});
		const document = CrdtDocument.create(ann);
		expect(made).toEqual({ ...document.emptyChange(), data: {} });
	});

	it("leaves to a draft what it cannot write", async () => {
		const proxy = CrdtDocument.create(ann).openDraft();
		let deep: unknown = 1;
		for (let i = 0; i < 101; i++) deep = [deep];
		const cycle: Record<string, unknown> = {};
		cycle.self = cycle;
		const others: unknown[] = [
			undefined,
			() => 1,
			Symbol("x"),
			5n,
			new Uint(5),
			new Date(Number.NaN),
			new Counter(0.5),
			new Map(),
			new Uint16Array(1),
			proxy,
			deep,
			cycle,
			JSON.parse('{"__proto__":1}'),
			"x".repeat(262_144),
			new Array(3),
		];
		const made = await encodeInitialChanges(env.crypto, ann, [
			...others.flatMap((value) => [{ value }, { ok: 1, list: ["x", value] }]),
			{ ok: 1 },
		]);
		expect(made.slice(0, -1).every((change) => change === undefined)).toBe(true);
		expect(made.at(-1)?.operations).toBe(1);
	});

	it("takes the most operations that a change may have", async () => {
		const made = await encodeInitialChange(env.crypto, ann, { text: "é".repeat(262_143) });
		expect(made?.operations).toBe(262_144);
		expect((await decodeChange(env.crypto, made?.change ?? new Uint8Array())).operations).toBe(262_144);
	});
});
