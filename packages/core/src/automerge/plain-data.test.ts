import { isDeepStrictEqual } from "node:util";
import { encodeChange } from "@automerge/automerge/slim";
import fc from "fast-check";
import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../errors.js";
import { CrdtDocument } from "./crdt-document.js";
import {
	type DocumentData,
	type DocumentValue,
	decodeProjection,
	deepestShown,
	encodeProjection,
} from "./plain-data.js";

const key = fc.oneof(
	fc.string({ unit: "binary", maxLength: 6 }),
	fc.constantFrom("__proto__", "constructor", "toJSON", "0"),
);
const { data } = fc.letrec<{ value: DocumentValue; data: DocumentData }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4 },
		fc.oneof(
			fc.string({ unit: "binary" }),
			fc.constant("lone \udc00"),
			fc.integer(),
			fc.double(),
			fc.boolean(),
			fc.constant(null),
			fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
			fc.date({ noInvalidDate: true }),
			fc.uint8Array(),
		),
		fc.array(tie("value"), { maxLength: 5 }),
		tie("data"),
	) as fc.Arbitrary<DocumentValue>,
	data: fc.dictionary(key, tie("value"), { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<DocumentData>,
}));

beforeAll(async () => {
	await nodeEnv();
});

describe("a projection", () => {
	it("comes back as it was, whatever the document holds", () => {
		fc.assert(
			fc.property(data, (shown) => {
				const stored = encodeProjection(shown);
				const read = decodeProjection(stored);
				expect(isDeepStrictEqual(read, shown)).toBe(true);
				expect(encodeProjection(shown)).toEqual(stored);
				expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
			}),
			{ numRuns: 500 },
		);
	});

	it("keeps a date that is none", () => {
		const { at } = decodeProjection(encodeProjection({ at: new Date(Number.NaN) }));
		expect([at instanceof Date, String(at)]).toEqual([true, "Invalid Date"]);
	});

	it("is plain JSON for an ordinary document", () => {
		const shown = { title: "x", n: 1, list: [true, null] };
		expect(new TextDecoder().decode(encodeProjection(shown))).toBe(JSON.stringify([1, shown]));
	});

	it.each([
		"",
		"{}",
		"[1]",
		"[2,{}]",
		"[1,[]]",
		"[1,null]",
		'[1,{},"x"]',
		'[1,{},[[[],"d",1]]]',
		'[1,{},[[["a"],"d",1]]]',
		'[1,{"a":1},[[["a"],"d",1]]]',
		'[1,{"a":null},[[["a"],"x",1]]]',
		'[1,{"a":null},[[["a"],"i","1.5"]]]',
		'[1,{"a":null},[[["a"],"b","?"]]]',
		'[1,{"a":null},[[["__proto__","polluted"],"d",1]]]',
		'[1,{"a":null},[[["constructor","prototype","x"],"d",1]]]',
		'[1,{"a":null},[7]]',
		'[1,{"a":null},[null]]',
	])("is refused when it is %s", (text) => {
		expect(() => decodeProjection(new TextEncoder().encode(text))).toThrow(FormatError);
	});

	it("is refused when its bytes are not UTF-8", () => {
		expect(() => decodeProjection(Uint8Array.of(0x5b, 0xff))).toThrow(FormatError);
	});
});

describe("what a document shows", () => {
	it("ends at a fixed depth, so that nobody can nest it until nothing can be read", () => {
		const document = CrdtDocument.create("aa".repeat(24));
		const actor = "bb".repeat(24);
		const levels = 20_000;
		const ops = Array.from({ length: levels }, (_, i) => ({
			action: "makeMap",
			obj: i === 0 ? "_root" : `${i}@${actor}`,
			key: "deep",
			pred: [],
		}));
		const head = { actor, author: null, seq: 1, startOp: 1, time: 0, message: null, deps: [] };
		document.apply([encodeChange({ ...head, ops })]);
		let depth = 0;
		for (let at: DocumentValue | undefined = document.toData(); at; at = (at as DocumentData).deep) depth++;
		expect(depth).toBe(deepestShown);
		expect(decodeProjection(encodeProjection(document.toData()))).toEqual(document.toData());
	});

	it("never has a key __proto__, which a member can write by hand", () => {
		const document = CrdtDocument.create("aa".repeat(24));
		const actor = "bb".repeat(24);
		const head = { actor, author: null, seq: 1, startOp: 1, time: 0, message: null, deps: [] };
		const ops = [
			{ action: "makeMap", obj: "_root", key: "__proto__", pred: [] },
			{ action: "set", obj: `1@${actor}`, key: "admin", value: true, pred: [] },
			{ action: "set", obj: "_root", key: "a", value: true, pred: [] },
		];
		document.apply([encodeChange({ ...head, ops })]);
		const shown = document.toData();
		expect(shown).toStrictEqual({ a: true });
		expect(shown.admin).toBeUndefined();
	});
});
