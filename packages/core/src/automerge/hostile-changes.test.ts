import {
	Counter,
	decodeChange as decodeByAutomerge,
	encodeChange,
	mark,
	splice,
	splitBlock,
} from "@automerge/automerge/slim";
import fc from "fast-check";
import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import type { Env } from "../env.js";
import { FormatError } from "../errors.js";
import { CausalIndex } from "./causal-index.js";
import { decodeChange, decodeChanges } from "./change-chunk.js";
import { CrdtDocument } from "./crdt-document.js";

// biome-ignore lint/suspicious/noExplicitAny: a draft has the shape that its user gives it.
type Draft = any;

const ann = "aa".repeat(24);
const eve = "ee".repeat(24);

/** An operation as Automerge's own encoder takes it. */
interface Operation {
	action: string;
	obj: string;
	key?: string;
	elemId?: string;
	insert?: boolean;
	value?: unknown;
	datatype?: string;
	name?: string;
	expand?: boolean;
	pred: string[];
}
interface Placed extends Operation {
	readonly id: string;
}

const choice = fc.record({
	action: fc.constantFrom("set", "set", "set", "del", "inc", "makeMap", "makeList", "makeText", "mark"),
	key: fc.constantFrom("map", "list", "text", "n", "x", "count", "new", ""),
	value: fc.constantFrom<Partial<Operation>>(
		{ value: 1, datatype: "int" },
		{ value: "several characters" },
		{ value: 2 ** 53 - 1, datatype: "counter" },
		{ value: null },
		{ value: "\ufffc" },
	),
	/** Picks, each among what there is. */
	picks: fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
	/** One in eight does not care where things belong. */
	wild: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
	insert: fc.boolean(),
});
type Choice = typeof choice extends fc.Arbitrary<infer C> ? C : never;

let env: Env;
beforeAll(async () => {
	env = await nodeEnv();
});

describe("what a member can write by hand", () => {
	it("is refused, or does no harm: not alone, and not beside what others do meanwhile", async () => {
		let taken = 0;
		await fc.assert(
			fc.asyncProperty(fc.array(choice, { minLength: 1, maxLength: 6 }), fc.nat(3), async (choices, other) => {
				const base = ground();
				const index = new CausalIndex();
				for (const change of await decodeChanges(env.crypto, base.changes())) index.add(change, "");
				const bytes = handwritten(base, choices);
				const change = bytes && (await decodeChange(env.crypto, bytes).catch(expectFormatError));
				if (bytes !== undefined && change !== undefined && index.checkRun([change]).ok && loadsAlone(base, bytes)) {
					taken++;
					expectHarmless(base, bytes, other);
				}
				base.free();
			}),
			{ numRuns: 400 },
		);
		expect(taken).toBeGreaterThan(40);
	});
});

function ground(): CrdtDocument {
	const document = CrdtDocument.create(ann);
	const draft: Draft = document.openDraft();
	Object.assign(draft, {
		map: { x: 1, count: new Counter(3) },
		list: [1, "two", { n: 1 }, new Counter(4)],
		text: "hello",
		n: 5,
	});
	document.commitDraft();
	const next: Draft = document.openDraft();
	next.n = 6;
	next.list[0] = 7;
	delete next.map.x;
	mark(next, ["text"], { start: 1, end: 3, expand: "both" }, "bold", true);
	splitBlock(next, ["text"], 2, { type: "p" });
	document.commitDraft();
	return document;
}

/** One change of eve on the document's heads, `undefined` where the choices come to nothing. */
function handwritten(base: CrdtDocument, choices: readonly Choice[]): Uint8Array | undefined {
	const known: Placed[] = base.changes().flatMap((each) => {
		const { ops, startOp, actor } = decodeByAutomerge(each);
		return (ops as unknown as Operation[]).map((op, i) => ({ ...op, id: `${startOp + i}@${actor}` }));
	});
	const startOp = known.length + 1;
	const ops: Operation[] = [];
	for (const each of choices) {
		for (const op of operationsOf(each, known)) {
			ops.push(op);
			known.push({ ...op, id: `${startOp + ops.length - 1}@${eve}` });
		}
	}
	if (ops.length === 0) return undefined;
	const head = { actor: eve, author: null, seq: 1, startOp, time: 0, message: null, deps: [...base.heads] };
	try {
		return encodeChange({ ...head, ops } as unknown as Parameters<typeof encodeChange>[0]);
	} catch {
		return undefined;
	}
}

function operationsOf({ action, key, value, picks, wild, insert }: Choice, known: readonly Placed[]): Operation[] {
	const pick = (from: readonly Placed[], n: number): Placed | undefined =>
		from[(picks[n] as number) % (from.length || 1)];
	const objects = known.filter(({ action: made }) => wild || made.startsWith("make"));
	const object = (picks[0] as number) % 4 === 0 ? undefined : pick(objects, 1);
	const obj = object?.id ?? "_root";
	const elements = known.filter((op) => wild || (op.obj === obj && op.insert === true));
	const elemId = (picks[2] as number) % 4 === 0 ? "_head" : (pick(elements, 3)?.id ?? "_head");
	if (action === "mark") {
		const end = pick(elements, 4)?.id ?? "_head";
		return [
			{ action: "markBegin", obj, elemId, insert: true, name: "b", value: true, expand: insert, pred: [] },
			{ action: "markEnd", obj, elemId: end, insert: true, expand: insert, pred: [] },
		];
	}
	const op: Operation = { action, obj, pred: [] };
	if (action === "set") Object.assign(op, value);
	if (action === "inc") Object.assign(op, { value: 2 ** 53 - 1, datatype: "int" });
	if (object === undefined || object.action === "makeMap") op.key = key;
	else Object.assign(op, { elemId, insert: insert && action !== "del" && action !== "inc" });
	if (op.insert) return [op];
	const place = (other: Placed) =>
		op.key === undefined ? other.id === elemId || other.elemId === elemId : other.key === op.key;
	const replaced = known.filter(
		(other) => wild || (other.obj === obj && place(other) && !other.insert === (other.id !== elemId)),
	);
	op.pred = replaced
		.filter((other, i) => (!wild && other.action !== "del" && other.action !== "inc") || i % 7 === 1)
		.map(({ id }) => id);
	return [op];
}

function loadsAlone(base: CrdtDocument, bytes: Uint8Array): boolean {
	const document = CrdtDocument.create(ann);
	try {
		document.apply([...base.changes(), bytes]);
		return document.loadsBack();
	} catch (error) {
		expectFormatError(error);
		return false;
	} finally {
		document.free();
	}
}

function expectHarmless(base: CrdtDocument, bytes: Uint8Array, other: number): void {
	const honest = CrdtDocument.load(base.save(), "bb".repeat(24));
	const draft: Draft = honest.openDraft();
	if (other === 0) {
		draft.list.splice(0, 1);
		splice(draft, ["text"], 0, 2, "QQ");
	} else if (other === 1) {
		for (const key of ["list", "map", "text"]) delete draft[key];
	} else if (other === 2) {
		draft.map.count.increment(3);
		mark(draft, ["text"], { start: 0, end: 4, expand: "both" }, "bold", "w");
	} else {
		Object.assign(draft, { text: "other", map: { x: 5 }, n: [1] });
		draft.list.splice(1, 2, "k", { w: 1 });
	}
	honest.commitDraft();
	const meanwhile = honest.changes(base.heads);
	const one = CrdtDocument.create("cc".repeat(24));
	one.apply([...base.changes(), bytes, ...meanwhile]);
	const two = CrdtDocument.create("cc".repeat(24));
	two.apply([...base.changes(), ...meanwhile, bytes]);
	expect(one.heads).toHaveLength(2);
	expect(one.loadsBack()).toBe(true);
	expect(two.toData()).toEqual(one.toData());
	const loaded = CrdtDocument.load(one.save(), ann);
	expect(loaded.toData()).toEqual(one.toData());
	const next: Draft = loaded.openDraft();
	next.n = 1;
	next.added = ["x"];
	loaded.commitDraft();
	expect(loaded.loadsBack()).toBe(true);
	for (const each of [honest, one, two, loaded]) each.free();
}

function expectFormatError(error: unknown): undefined {
	expect(error).toBeInstanceOf(FormatError);
	return undefined;
}
