import {
	Counter,
	deleteAt,
	Float64,
	ImmutableString,
	Int,
	insertAt,
	mark,
	splice,
	Uint,
	updateText,
} from "@automerge/automerge/slim";
import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { MindooError, UsageError } from "../errors.js";
import { draftError as draftErrorOf } from "./automerge-error.js";
import { CrdtDocument } from "./crdt-document.js";
import type { DocumentData } from "./plain-data.js";

// biome-ignore lint/suspicious/noExplicitAny: a draft has the shape that its user gives it.
type Draft = any;

const ann = "aa".repeat(24);
const ben = "bb".repeat(24);

beforeAll(async () => {
	await nodeEnv();
});

function edit(document: CrdtDocument, change: (draft: Draft) => void) {
	change(document.openDraft());
	return document.commitDraft();
}

function documentOf(change: (draft: Draft) => void): CrdtDocument {
	const document = CrdtDocument.create(ann);
	edit(document, change);
	return document;
}

describe("a draft", () => {
	it("counts every edit of maps, lists, text and counters", () => {
		const document = CrdtDocument.create(ann);
		const first = edit(document, (draft) => {
			draft.title = "Hello";
			draft.list = [1, { name: "x" }];
			draft.count = new Counter(3);
			draft.fixed = new ImmutableString("plain");
		});
		expect(first).toMatchObject({ seq: 1, startOp: 1, deps: [], actor: ann });
		const second = edit(document, (draft) => {
			draft.list.push("last");
			draft.list[1].name = "y";
			draft.list[1].more = [true];
			draft.count.increment(4);
			splice(draft, ["title"], 5, 0, " world");
			updateText(draft, ["list", 1, "name"], "yes");
			insertAt(draft.list, 0, "first");
			deleteAt(draft.list, 1);
			mark(draft, ["title"], { start: 0, end: 5, expand: "both" }, "bold", true);
			delete draft.fixed;
		});
		expect(document.toData()).toEqual({
			title: "Hello world",
			list: ["first", { name: "yes", more: [true] }, "last"],
			count: 7,
		});
		expect(second?.deps).toEqual([first?.hash]);
		expect(second?.startOp).toBe(1 + (first?.operations ?? 0));
		const meta = document.metaOf(second?.hash ?? "");
		expect(meta).toMatchObject({ seq: 2, startOp: second?.startOp, time: 0, message: null });
		expect(meta?.maxOp).toBe((second?.startOp ?? 0) + (second?.operations ?? 0) - 1);
		expect(document.heads).toEqual([second?.hash]);
		document.free();
	});

	it("keeps working across await", async () => {
		const document = CrdtDocument.create(ann);
		const draft: Draft = document.openDraft();
		draft.a = 1;
		await new Promise((resolve) => setTimeout(resolve, 1));
		draft.nested = { b: [] };
		await Promise.resolve();
		draft.nested.b.push(2);
		expect(document.commitDraft()?.seq).toBe(1);
		expect(document.changeCount).toBe(1);
		expect(document.toData()).toEqual({ a: 1, nested: { b: [2] } });
	});

	it("gives nothing when nothing was edited", () => {
		const document = documentOf((draft) => {
			draft.a = { b: 1 };
		});
		const { heads } = document;
		expect(edit(document, (draft) => void draft.a.b)).toBeUndefined();
		expect(document.heads).toEqual(heads);
	});

	it("leaves nothing behind after a rollback", () => {
		const document = documentOf((draft) => {
			draft.list = [1];
		});
		const { heads } = document;
		const draft: Draft = document.openDraft();
		draft.list.push(2);
		draft.other = { deep: "x" };
		document.rollbackDraft();
		expect(document.toData()).toEqual({ list: [1] });
		expect(document.heads).toEqual(heads);
		expect(edit(document, (next) => next.list.push(3))?.seq).toBe(2);
		expect(document.toData()).toEqual({ list: [1, 3] });
	});

	it.each(["commitDraft", "rollbackDraft"] as const)(
		"is closed with all that was reached through it after %s",
		(end) => {
			const document = documentOf((draft) => {
				draft.list = [{ a: "x" }];
				draft.count = new Counter(1);
			});
			const draft: Draft = document.openDraft();
			const { list, count } = draft;
			const item = list[0];
			draft.b = 1;
			document[end]();
			const uses: (() => unknown)[] = [
				() => draft.fresh,
				() => {
					draft.c = 1;
				},
				() => {
					item.a = 1;
				},
				() => delete item.a,
				() => list.push(1),
				() => list.length,
				() => Object.keys(item),
				() => count.increment(),
				() => splice(draft, ["list", 0, "a"], 0, 0, "y"),
				() => document.openDraft() && list.push(2),
			];
			for (const use of uses) expect(use).toThrow(expect.objectContaining({ code: "draft-closed" }));
			document.rollbackDraft();
			expect(document.toData().list).toEqual([{ a: "x" }]);
		},
	);

	it.each<[string, unknown]>([
		["undefined", undefined],
		["nested undefined", { a: [1, { b: undefined }] }],
		["a function", () => 1],
		["a nested function", { a: () => 1 }],
		["a symbol", Symbol("x")],
		["a Map", { a: new Map() }],
		["a class of numbers", [new Uint16Array(2)]],
		["a hole", [new Array(2)]],
		["an invalid date", new Date(Number.NaN)],
		["a nested invalid date", [new Date(Number.NaN)]],
		["a fractional counter", new Counter(1.5)],
		["an integer over 64 bits", { a: 2n ** 64n }],
		["a lone integer over 64 bits", 2n ** 64n],
		["__proto__", JSON.parse('{"a":{"__proto__":1}}')],
		["a cycle", cycle()],
		["3,000 levels", deep(3_000)],
	])("refuses %s and keeps nothing of it", (_, value) => {
		const document = documentOf((draft) => {
			draft.list = [];
		});
		for (const attempt of attempts(value)) {
			const draft: Draft = document.openDraft();
			let thrown: unknown;
			try {
				attempt(draft);
			} catch (error) {
				thrown = draftErrorOf(error);
			}
			expect(thrown).toBeInstanceOf(UsageError);
			expect(document.commitDraft()).toBeUndefined();
		}
		expect(document.toData()).toEqual({ list: [] });
	});

	it("refuses objects that live in another draft or place", () => {
		const other: Draft = CrdtDocument.create(ben).openDraft();
		other.map = { x: [1] };
		const document = CrdtDocument.create(ann);
		const draft: Draft = document.openDraft();
		draft.own = { y: 1 };
		draft.list = [];
		for (const value of [other.map, other.map.x, { nested: other.map }, draft.own, [draft.own]]) {
			for (const attempt of attempts(value)) {
				let thrown: unknown;
				try {
					attempt(draft);
				} catch (error) {
					thrown = draftErrorOf(error);
				}
				expect(thrown).toBeInstanceOf(UsageError);
			}
		}
		document.commitDraft();
		expect(document.toData()).toEqual({ own: { y: 1 }, list: [] });
	});

	it("stores numbers as they are, wherever they stand", () => {
		const values = {
			huge: 1e300,
			whole: 2 ** 60,
			big: 2n ** 62n,
			most: 2n ** 64n - 1n,
			small: -5,
			fraction: 0.5,
			nan: Number.NaN,
		};
		const document = documentOf((draft) => {
			draft.nested = { ...values, list: [values.huge, new Uint(7), new Int(-7), new Float64(3)] };
			draft.list = [];
			draft.list.push(values.huge, "text", { a: [values.whole] });
			Object.assign(draft, values);
		});
		expect(document.toData()).toEqual({
			...values,
			nested: { ...values, list: [values.huge, 7, -7, 3] },
			list: [values.huge, "text", { a: [values.whole] }],
		});
		expect(document.loadsBack()).toBe(true);
	});
});

describe("a document", () => {
	it("refuses everything else while a draft is open, instead of committing it on the way", () => {
		const document = documentOf((draft) => {
			draft.a = 1;
		});
		const draft: Draft = document.openDraft();
		draft.a = 2;
		const uses = [
			() => document.openDraft(),
			() => document.toData(),
			() => document.save(),
			() => document.apply([]),
			() => document.changes(),
			() => document.emptyChange(),
			() => document.changeCount,
		];
		for (const use of uses) expect(use).toThrow(UsageError);
		expect(document.commitDraft()?.seq).toBe(2);
		expect(document.changeCount).toBe(2);
	});

	it("merges changes made apart, whatever their order", () => {
		const one = documentOf((draft) => {
			draft.title = "abc";
			draft.list = ["x"];
		});
		const two = CrdtDocument.load(one.save(), ben);
		edit(one, (draft) => splice(draft, ["title"], 0, 0, "1"));
		edit(two, (draft) => draft.list.push("y"));
		const [mine, theirs] = [one.changes(), two.changes()];
		one.apply(theirs);
		two.apply([...mine].reverse());
		expect(one.heads).toHaveLength(2);
		expect(two.heads).toEqual(one.heads);
		expect(two.toData()).toEqual({ title: "1abc", list: ["x", "y"] });
		expect(one.toData()).toEqual(two.toData());
		const { heads } = one;
		const join = one.emptyChange();
		expect(join).toMatchObject({ deps: heads, operations: 0, seq: 3, startOp: 10 });
		two.apply([join.change]);
		expect(two.heads).toEqual([join.hash]);
		expect(one.changes(heads)).toEqual([join.change]);
		expect(one.change(join.hash)).toEqual(join.change);
		expect(one.change("00".repeat(32))).toBeUndefined();
		expect(one.metaOf("00".repeat(32))).toBeUndefined();
	});

	it("saves, verifies and loads back", () => {
		const document = documentOf((draft) => {
			draft.a = ["x", 1];
		});
		for (const saved of [document.save(), document.saveVerified()]) {
			const copy = CrdtDocument.load(saved, ben);
			expect(copy.heads).toEqual(document.heads);
			expect(copy.toData()).toEqual(document.toData());
		}
		expect(document.loadsBack()).toBe(true);
	});

	it("goes on with the sequence of its actor after loading", () => {
		const document = documentOf((draft) => {
			draft.a = 1;
		});
		const copy = CrdtDocument.load(document.save(), ann);
		expect(edit(copy, (draft) => delete draft.a)).toMatchObject({ seq: 2, startOp: 2, operations: 1 });
	});

	it("answers damaged bytes and changes with typed errors", () => {
		const document = documentOf((draft) => {
			draft.a = "text";
		});
		const saved = document.save();
		for (const bytes of [new Uint8Array(), saved.slice(0, 30), Uint8Array.of(1, 2, 3), saved.map((byte) => byte ^ 1)]) {
			expect(() => CrdtDocument.load(bytes, ben)).toThrow(MindooError);
		}
		expect(() => document.apply([Uint8Array.of(1, 2, 3)])).toThrow(MindooError);
	});

	it("can be freed twice and not used afterwards", () => {
		const document = documentOf((draft) => {
			draft.a = 1;
		});
		const kept: Draft = document.openDraft();
		document.free();
		document.free();
		expect(() => kept.a).toThrow(expect.objectContaining({ code: "draft-closed" }));
		for (const use of [() => document.toData(), () => document.save(), () => document.openDraft()]) {
			expect(use).toThrow(expect.objectContaining({ code: "closed" }));
		}
	});
});

function attempts(value: unknown): ((draft: Draft) => void)[] {
	return [
		(draft) => {
			draft.value = value;
		},
		(draft) => draft.list.push(value),
		(draft) => {
			draft.list[0] = value;
		},
		(draft) => draft.list.splice(0, 0, 1, value),
		(draft) => {
			draft.value = { in: [value] } as unknown as DocumentData;
		},
	];
}

function cycle(): unknown {
	const map: Record<string, unknown> = {};
	map.self = { map };
	return map;
}

function deep(levels: number): unknown {
	let value: unknown = 1;
	for (let i = 0; i < levels; i++) value = { value };
	return value;
}
