import { encodeChange } from "@automerge/automerge/slim";
import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import type { Env } from "../env.js";
import { actorPrefix } from "./actor.js";
import { CausalIndex } from "./causal-index.js";
import { checkRunForm, readRun } from "./change-check.js";
import { type DecodedChange, decodeChange, decodeChanges } from "./change-chunk.js";
import { CrdtDocument } from "./crdt-document.js";
import { encodeInitialChange } from "./initial-change.js";
import { encodeRun } from "./run.js";

const ann = "aa".repeat(24);
const ben = "bb".repeat(24);

interface Written {
	readonly actor?: string;
	readonly seq?: number;
	readonly startOp?: number;
	readonly time?: number;
	readonly message?: string;
	readonly deps?: readonly string[];
	readonly ops?: readonly object[];
}

let env: Env;
beforeAll(async () => {
	env = await nodeEnv();
});

function chunk({
	actor = ann,
	seq = 1,
	startOp = 1,
	time = 0,
	message,
	deps = [],
	ops = [set("n")],
}: Written): Uint8Array {
	const change = { actor, author: null, seq, startOp, time, message: message ?? null, deps, ops };
	return encodeChange(change as unknown as Parameters<typeof encodeChange>[0]);
}

function written(change: Written): Promise<DecodedChange> {
	return decodeChange(env.crypto, chunk(change));
}

function set(key: string, ...pred: string[]): object {
	return { action: "set", obj: "_root", key, value: 1, datatype: "int", pred };
}

/** ann: two changes; ben: one beside ann's second. */
async function family() {
	const index = new CausalIndex();
	const first = await written({ ops: [set("n"), set("m")] });
	const second = await written({ seq: 2, startOp: 3, deps: [first.hash] });
	const aside = await written({ actor: ben, startOp: 3, deps: [first.hash] });
	for (const change of [first, second, aside]) {
		expect(index.checkRun([change])).toEqual({ ok: true });
		index.add(change, `entry of ${change.hash}`);
	}
	return { index, first, second, aside, heads: [second.hash, aside.hash].sort() };
}

describe("rule (b)", () => {
	it("wants the next seq of the actor and the next operation of the causal past", async () => {
		const { index, first, heads } = await family();
		const wrong: [Written, string][] = [
			[{ seq: 2, startOp: 4, deps: heads }, "expected seq 3, found 2"],
			[{ seq: 4, startOp: 4, deps: heads }, "expected seq 3, found 4"],
			[{ seq: 3, startOp: 3, deps: heads }, "expected startOp 4, found 3"],
			[{ seq: 3, startOp: 5, deps: heads }, "expected startOp 4, found 5"],
			[{ seq: 3, startOp: 3, deps: [first.hash] }, "expected seq 2, found 3"],
			[{ actor: "cc".repeat(24), seq: 2 }, "expected seq 1, found 2"],
			[{ actor: "cc".repeat(24), startOp: 2 }, "expected startOp 1, found 2"],
		];
		for (const [change, message] of wrong) {
			expect(index.checkRun([await written(change)])).toEqual({ ok: false, rule: "b", message });
		}
		expect(index.checkRun([await written({ seq: 3, startOp: 4, deps: heads })])).toEqual({ ok: true });
		expect(index.checkRun([await written({ actor: "cc".repeat(24), startOp: 4, deps: heads })])).toEqual({ ok: true });
	});

	it("counts an empty change as one of its actor that adds no operation", async () => {
		const { index, heads } = await family();
		const empty = await written({ seq: 3, startOp: 4, deps: heads, ops: [] });
		expect(index.checkRun([empty])).toEqual({ ok: true });
		index.add(empty, "");
		expect(index.checkRun([await written({ seq: 4, startOp: 4, deps: [empty.hash] })])).toEqual({ ok: true });
	});
});

describe("rule (c)", () => {
	it.each([
		["an operation of an actor that nobody knows", [set("n", `1@${"cc".repeat(24)}`)]],
		["an operation that its actor has not made", [set("n", `9@${ben}`)]],
		["a predecessor in a change that it does not build on", [set("n", `3@${ben}`)]],
		["an object in a change that it does not build on", [{ ...set("n"), obj: `3@${ben}` }]],
		[
			"an element in a change that it does not build on",
			[{ action: "set", obj: `1@${ann}`, elemId: `3@${ben}`, insert: true, value: 1, datatype: "int", pred: [] }],
		],
	])("refuses %s", async (_, ops) => {
		const { index, second } = await family();
		const change = await written({ seq: 3, startOp: 4, deps: [second.hash], ops });
		expect(index.checkRun([change])).toMatchObject({ ok: false, rule: "c" });
	});

	it("refuses an operation between two changes of an actor, where others worked", async () => {
		const { index, heads } = await family();
		const between = await written({ actor: ben, seq: 2, startOp: 4, deps: heads });
		index.add(between, "");
		const third = await written({ seq: 3, startOp: 5, deps: [between.hash] });
		index.add(third, "");
		for (const [id, ok] of [
			[`3@${ann}`, true],
			[`4@${ann}`, false],
			[`4@${ben}`, true],
			[`5@${ann}`, true],
		] as const) {
			const change = await written({ seq: 4, startOp: 6, deps: [third.hash], ops: [set("n", id)] });
			expect(index.checkRun([change]).ok).toBe(ok);
		}
	});

	it("takes operations of the whole causal past and earlier ones of the change", async () => {
		const { index, heads } = await family();
		const ops = [set("n", `1@${ann}`, `3@${ann}`, `3@${ben}`), set("n", `4@${ann}`), set("m", `2@${ann}`)];
		expect(index.checkRun([await written({ seq: 3, startOp: 4, deps: heads, ops })])).toEqual({ ok: true });
	});
});

describe("the index", () => {
	it("says what is missing below a change, and adds nothing while it checks", async () => {
		const { index, first } = await family();
		const change = await written({ actor: "cc".repeat(24), startOp: 3, deps: [first.hash, "0".repeat(64)].sort() });
		expect(index.checkRun([change])).toMatchObject({ ok: false, rule: "dependencies" });
		expect([index.has(change.hash), index.size]).toEqual([false, 3]);
		expect(index.labelOf(first.hash)).toBe(`entry of ${first.hash}`);
		expect(index.at(ann, 1)).toBe(first.hash);
	});

	it("reports a second change at the same place of an actor", async () => {
		const { index, first, second } = await family();
		const twin = await written({ seq: 2, startOp: 3, deps: [first.hash], ops: [set("other")] });
		expect(index.checkRun([twin])).toEqual({ ok: true });
		expect(index.add(twin, "twin")).toBe(`entry of ${second.hash}`);
		expect(index.add(second, "again")).toBeUndefined();
	});

	it("checks a run as it would check its changes one by one", async () => {
		const { index, second } = await family();
		const changes: DecodedChange[] = [];
		let before = second.hash;
		for (let i = 0; i < 5; i++) {
			const ops = [set("n", `${i === 0 ? 3 : 3 + i}@${ann}`)];
			const change = await written({ seq: 3 + i, startOp: 4 + i, deps: [before], ops });
			changes.push(change);
			before = change.hash;
		}
		expect(index.checkRun(changes)).toEqual({ ok: true });
		const gap = changes.toSpliced(2, 1);
		expect(index.checkRun(gap)).toMatchObject({ ok: false, rule: "b" });
		const late = await written({ seq: 4, startOp: 5, deps: [changes[0]?.hash ?? ""], ops: [set("n", `3@${ben}`)] });
		expect(index.checkRun([changes[0] as DecodedChange, late])).toMatchObject({ ok: false, rule: "c" });
	});

	it("checks a long line of edits, each against the one before", async () => {
		const index = new CausalIndex();
		const document = CrdtDocument.create(ann);
		for (let i = 0; i < 5_000; i++) {
			document.openDraft().n = i;
			document.commitDraft();
		}
		for (const change of await decodeChanges(env.crypto, document.changes())) {
			expect(index.checkRun([change]).ok).toBe(true);
			index.add(change, "one label");
		}
		expect(index.size).toBe(5_000);
	});
});

describe("a run", () => {
	it("has time 0, no message, one actor of its author, and each change on the one before alone", async () => {
		const publicKey = new Uint8Array(32).fill(7);
		const prefix = await actorPrefix(env.crypto, publicKey);
		const own = `${prefix}${"01".repeat(8)}`;
		const first = await written({ actor: own });
		const next = { actor: own, seq: 2, startOp: 2, deps: [first.hash] };
		expect(checkRunForm([first, await written(next)], prefix)).toEqual({ ok: true });
		const wrong: [DecodedChange[], string][] = [
			[[await written({ actor: own, time: 5 })], "run"],
			[[await written({ actor: own, message: "x" })], "run"],
			[[await written({})], "actor"],
			[[await written({ actor: prefix })], "actor"],
			[[first, await written({ ...next, actor: `${prefix}${"02".repeat(8)}`, seq: 1 })], "run"],
			[[first, await written({ ...next, deps: [] })], "run"],
			[[first, await written({ ...next, deps: [first.hash, "f".repeat(64)] })], "run"],
		];
		for (const [changes, rule] of wrong) expect(checkRunForm(changes, prefix)).toMatchObject({ ok: false, rule });
	});

	it("is read whole or not at all, and says which rule it breaks", async () => {
		const good = chunk({});
		expect(await readRun(env.crypto, encodeRun([good]))).toMatchObject({
			ok: true,
			changes: [{ seq: 1, bytes: good }],
		});
		expect(await readRun(env.crypto, Uint8Array.of(9, 1))).toMatchObject({ ok: false, rule: "run" });
		const bad = good.slice();
		bad[6] = (bad[6] as number) ^ 1;
		expect(await readRun(env.crypto, encodeRun([good, bad]))).toMatchObject({ ok: false, rule: "a" });
		const half = (await encodeInitialChange(env.crypto, ann, { text: "x".repeat(131_072) }))?.change as Uint8Array;
		expect(await readRun(env.crypto, encodeRun([half]))).toMatchObject({ ok: true });
		expect(await readRun(env.crypto, encodeRun([half, half]))).toMatchObject({ ok: false, rule: "d" });
	});
});

describe("what stands in the wrong place", () => {
	const make = (action: string, key: string) => ({ action, obj: "_root", key, pred: [] });
	const insert = (obj: string, elemId: string, rest: object = { value: "x" }) => ({
		action: "set",
		obj,
		elemId,
		insert: true,
		pred: [],
		...rest,
	});
	/** 1 text, 2 "a", 3 list, 4 item, 5 map, 6 its n, 7 counter. */
	const ground = [
		make("makeText", "text"),
		insert(`1@${ann}`, "_head"),
		make("makeList", "list"),
		insert(`3@${ann}`, "_head"),
		make("makeMap", "map"),
		{ ...set("n"), obj: `5@${ann}` },
		{ ...set("count"), value: 1, datatype: "counter" },
	];
	const mark = (obj: string) => [
		{ action: "markBegin", obj, elemId: "_head", insert: true, name: "b", value: true, expand: true, pred: [] },
		{ action: "markEnd", obj, elemId: `8@${ann}`, insert: true, expand: true, pred: [] },
	];
	const increment = (key: string, ...pred: string[]) => ({
		action: "inc",
		obj: "_root",
		key,
		value: 1,
		datatype: "int",
		pred,
	});

	it.each<[string, object[]]>([
		["a key in a list", [{ ...set("n"), obj: `3@${ann}` }]],
		["a key in a value", [{ ...set("n"), obj: `6@${ann}` }]],
		["an element in a map", [insert(`5@${ann}`, "_head")]],
		["an element of another list", [insert(`1@${ann}`, `4@${ann}`)]],
		["an element that is a value in a map", [insert(`1@${ann}`, `6@${ann}`)]],
		["a predecessor at another key", [set("n", `7@${ann}`)]],
		["a predecessor in another map", [set("n", `6@${ann}`)]],
		[
			"a predecessor that was deleted",
			[{ action: "del", obj: "_root", key: "map", pred: [`5@${ann}`] }, set("map", `8@${ann}`)],
		],
		["an increment of what is no counter", [increment("text", `1@${ann}`)]],
		["a mark in a list", mark(`3@${ann}`)],
	])("is refused: %s", async (_, ops) => {
		const index = new CausalIndex();
		const first = await written({ ops: ground });
		index.add(first, "");
		const change = await written({ seq: 2, startOp: 8, deps: [first.hash], ops });
		expect(index.checkRun([change])).toMatchObject({ ok: false, rule: "c" });
	});

	it("is taken where it stands right", async () => {
		const index = new CausalIndex();
		const first = await written({ ops: ground });
		expect(index.checkRun([first])).toEqual({ ok: true });
		index.add(first, "");
		const ops = [
			...mark(`1@${ann}`),
			increment("count", `7@${ann}`),
			insert(`1@${ann}`, `2@${ann}`),
			{ action: "del", obj: `3@${ann}`, elemId: `4@${ann}`, pred: [`4@${ann}`] },
			{ ...set("n", `6@${ann}`), obj: `5@${ann}` },
			{ ...set("n", `13@${ann}`), obj: `5@${ann}` },
			set("map", `5@${ann}`),
		];
		const change = await written({ seq: 2, startOp: 8, deps: [first.hash], ops });
		expect(index.checkRun([change])).toEqual({ ok: true });
	});

	it("is refused in the change itself: a deletion or an increment of nothing, half a mark, a table", async () => {
		for (const op of [
			{ action: "del", obj: "_root", key: "n", pred: [] },
			increment("n"),
			{ action: "makeTable", obj: "_root", key: "n", pred: [] },
		]) {
			await expect(written({ ops: [op] })).rejects.toMatchObject({ name: "FormatError" });
		}
		const half = [make("makeText", "t"), { ...mark(`1@${ann}`)[0] }];
		await expect(written({ ops: half })).rejects.toMatchObject({ name: "FormatError" });
	});
});
