import { Counter, ImmutableString } from "@automerge/automerge/slim";
import fc from "fast-check";
import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../bytes/hex.js";
import { CrdtDocument, type LocalChange } from "./crdt-document.js";
import { decodeProjection, encodeProjection } from "./plain-data.js";
import type { RootState } from "./root-state.js";

// biome-ignore lint/suspicious/noExplicitAny: a draft has the shape that its user gives it.
type Draft = any;

const ann = "aa".repeat(24);
const ben = "bb".repeat(24);

const key = fc.constantFrom("a", "b", "count", "list", "ключ", "", "😀", "\uffee", "10", "toString");
const plain = fc.oneof(
	fc.maxSafeInteger(),
	fc.double(),
	fc.constantFrom(0, -0, 1, Number.NaN, 2 ** 60, "", true, false, null),
	fc.string({ unit: "grapheme", maxLength: 8 }),
	fc.constant("lone \ud800"),
	fc.date({ noInvalidDate: true }),
);
const other = fc.constantFrom<unknown>(
	5n,
	new ImmutableString("i"),
	new Counter(2),
	{ x: ["y"] },
	[1],
	Uint8Array.of(1),
);
const edit = fc.record({
	foreign: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
	read: fc.boolean(),
	resumed: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
	sets: fc.array(fc.tuple(key, fc.oneof({ weight: 6, arbitrary: plain }, { weight: 1, arbitrary: other })), {
		maxLength: 4,
	}),
});

beforeAll(async () => {
	await nodeEnv();
});

/** As another process finds the document: what was kept of it, under an actor of its own. */
function resumed(document: CrdtDocument, actor: string): CrdtDocument {
	const root = JSON.parse(JSON.stringify(document.rootState())) as RootState;
	const shown = encodeProjection(document.toData());
	const whole = document.save();
	const saved = () => ({ saved: whole, changes: [] });
	return CrdtDocument.resume({ root, data: () => decodeProjection(shown), saved }, actor);
}

/** Automerge's own way: it has the draft from the beginning. */
function byAutomerge(document: CrdtDocument, sets: readonly (readonly [string, unknown])[]): LocalChange | undefined {
	const draft: Draft = document.openDraft();
	Object.keys(draft);
	for (const [name, value] of sets) draft[name] = value;
	return document.commitDraft();
}

describe("assignments to the root map", () => {
	it("make the same changes, byte for byte, and show the same, whether Automerge makes them or not", () => {
		fc.assert(
			fc.property(fc.array(edit, { maxLength: 25 }), (edits) => {
				let light = CrdtDocument.create(ann);
				let heavy = CrdtDocument.create(ann);
				const first = { foreign: false, read: false, resumed: false, sets: [["a", 1] as const] };
				for (const [index, { foreign, read, sets, ...edit }] of [first, ...edits].entries()) {
					if (edit.resumed) {
						const actor = index.toString(16).padStart(48, "c");
						const before = [light, heavy];
						light = resumed(light, actor);
						heavy = CrdtDocument.load(heavy.save(), actor);
						for (const each of before) each.free();
					}
					if (foreign) {
						const away = CrdtDocument.load(heavy.save(), ben);
						const change = byAutomerge(away, sets);
						const own = byAutomerge(heavy, [["a", sets.length]]);
						for (const each of [change, own]) if (each !== undefined) light.apply([each.change]);
						if (change !== undefined) heavy.apply([change.change]);
						away.free();
					} else {
						const draft: Draft = light.openDraft();
						for (const [name, value] of sets) {
							if (read) void draft[name];
							draft[name] = value;
						}
						expect(light.commitDraft()).toEqual(byAutomerge(heavy, sets));
					}
					expect(light.heads).toEqual(heavy.heads);
					const shown = light.toData();
					expect(shown).toEqual(heavy.toData());
					expect(Object.keys(shown)).toEqual(Object.keys(heavy.toData()));
				}
				expect(light.changes().map(toHex).sort()).toEqual(heavy.changes().map(toHex).sort());
				expect(light.toData()).toEqual(heavy.toData());
				expect(light.loadsBack()).toBe(true);
				light.free();
				heavy.free();
			}),
			{ numRuns: 150 },
		);
	});

	it("name no other author when what they assign of hers stands there already", () => {
		const [light, heavy] = [CrdtDocument.create(ann), CrdtDocument.create(ann)];
		for (const document of [light, heavy]) byAutomerge(document, [["a", 1]]);
		const away = CrdtDocument.load(heavy.save(), ben);
		const foreign = byAutomerge(away, [["list", 0]]) as LocalChange;
		for (const document of [light, heavy]) document.apply([foreign.change]);
		for (const sets of [
			[["a", ""]],
			[
				["a", "x"],
				["list", 0],
			],
			[
				["list", 0],
				["list", 1],
				["list", 1],
				["a", true],
			],
		] as const) {
			const draft: Draft = light.openDraft();
			for (const [name, value] of sets) draft[name] = value;
			expect(light.commitDraft()).toEqual(byAutomerge(heavy, sets));
		}
		expect(light.toData()).toEqual({ a: true, list: 1 });
	});

	it("replace a counter that was incremented as Automerge does", () => {
		const [light, heavy] = [CrdtDocument.create(ann), CrdtDocument.create(ann)];
		for (const document of [light, heavy]) {
			byAutomerge(document, [["count", new Counter(1)]]);
			const draft: Draft = document.openDraft();
			draft.count.increment(5);
			document.commitDraft();
		}
		const draft: Draft = light.openDraft();
		draft.count = 7;
		expect(light.commitDraft()).toEqual(byAutomerge(heavy, [["count", 7]]));
		expect(light.toData()).toEqual({ count: 7 });
	});

	it("read what was assigned before, and what stands there", () => {
		const document = CrdtDocument.create(ann);
		byAutomerge(document, [
			["n", 1],
			["text", "abc"],
			["at", new Date(7)],
			["map", { x: 1 }],
		]);
		for (let i = 0; i < 3; i++) {
			const draft: Draft = document.openDraft();
			draft.n += 1;
			draft.n += 1;
			draft.text += "d";
			draft.at.setTime(0);
			expect(draft.missing).toBeUndefined();
			expect(draft.at.getTime()).toBe(7);
			document.commitDraft();
		}
		expect(document.toData()).toEqual({ n: 7, text: "abcddd", at: new Date(7), map: { x: 1 } });
		expect(document.changeCount).toBe(4);
	});

	it("go over to Automerge in the middle of a draft and lose nothing", () => {
		const document = CrdtDocument.create(ann);
		byAutomerge(document, [["list", []]]);
		for (let i = 0; i < 3; i++) {
			const draft: Draft = document.openDraft();
			draft.a = i;
			draft.b = "text";
			draft.list.push(draft.a);
			draft.c = { i };
			delete draft.b;
			document.commitDraft();
		}
		expect(document.toData()).toEqual({ list: [0, 1, 2], a: 2, c: { i: 2 } });
		expect(document.changeCount).toBe(4);
	});

	it("are gone after a rollback", () => {
		const document = CrdtDocument.create(ann);
		byAutomerge(document, [["n", 1]]);
		const draft: Draft = document.openDraft();
		draft.n = 2;
		document.rollbackDraft();
		expect(() => draft.n).toThrow(expect.objectContaining({ code: "draft-closed" }));
		expect(document.toData()).toEqual({ n: 1 });
		const next: Draft = document.openDraft();
		expect(next.n).toBe(1);
		expect(document.commitDraft()).toBeUndefined();
	});

	it("may be too many for one change", () => {
		const document = CrdtDocument.create(ann);
		byAutomerge(document, [["n", 1]]);
		const draft: Draft = document.openDraft();
		draft.text = "x".repeat(262_144);
		expect(() => document.commitDraft()).toThrow(expect.objectContaining({ code: "limit" }));
		expect(document.toData()).toEqual({ n: 1 });
		const next: Draft = document.openDraft();
		next.n = 2;
		expect(document.commitDraft()).toMatchObject({ seq: 2, startOp: 2 });
	});
});
