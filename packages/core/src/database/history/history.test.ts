/** Looking back: states, changes, authors, conflicts, and writing an earlier state again. */

import { joinBlock, mark, spans, splitBlock, unmark } from "@automerge/automerge/slim";
import { aliceAndBob, setField, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { Counter, ImmutableString, memoryStores, nodeEnv, splice } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MindooDB } from "../mindoo-db.js";
import type { HistoryItem } from "./history-items.js";

const start = 1_700_000_000_000;
const day = 86_400_000;
const year = 365 * day;

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;

beforeEach(async () => {
	({ fixture, alice, bob, notes } = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
		start,
	}));
});

afterEach(() => fixture.close());

async function headsOf(docId: string, db = notes): Promise<string[]> {
	return (await db.getDocument(docId))?.heads ?? [];
}

async function historyOf(docId: string, db = notes): Promise<HistoryItem[]> {
	const items: HistoryItem[] = [];
	for await (const item of db.getDocumentHistory(docId)) items.push(item);
	return items;
}

async function titleAt(docId: string, time: number, db = notes): Promise<unknown> {
	return (await db.getDocumentAtTimestamp(docId, time))?.getData().title;
}

describe("a document at a moment", () => {
	it("is what had been written by then, also when it is deleted now", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		alice.clock.advance(10);
		await notes.changeDoc(id, setField("title", "b"));
		alice.clock.advance(10);
		await notes.deleteDocument(id);
		alice.clock.advance(10);
		await notes.undeleteDocument(id);
		alice.clock.advance(10);
		await notes.deleteDocument(id);
		expect(await notes.getDocumentAtTimestamp(id, start - 1)).toBeUndefined();
		expect(await titleAt(id, start)).toBe("a");
		expect(await titleAt(id, start + 9)).toBe("a");
		const edited = await notes.getDocumentAtTimestamp(id, start + 10);
		expect(edited).toMatchObject({ isDeleted: false, lastModifiedAt: start + 10, createdBy: alice.publicKey });
		expect(edited?.getData()).toEqual({ title: "b" });
		const deleted = await Promise.all(
			[20, 30, 40].map(async (after) => (await notes.getDocumentAtTimestamp(id, start + after))?.isDeleted),
		);
		expect(deleted).toEqual([true, false, true]);
		expect(await titleAt(id, start + 20)).toBe("b");
		expect(await notes.getDocumentAtTimestamp("unknown", start)).toBeUndefined();
	});

	it("is there, or not, for the whole database", async () => {
		const { id: first } = await notes.createDocument({ title: "first" });
		alice.clock.advance(10);
		const { id: second } = await notes.createDocument({ title: "second" });
		alice.clock.advance(10);
		await notes.deleteDocument(first);
		alice.clock.advance(10);
		await notes.undeleteDocument(first);
		const ids = await Promise.all([-1, 0, 10, 20, 30].map((after) => notes.getDocumentIdsAtTimestamp(start + after)));
		expect(ids).toEqual([[], [first], [first, second], [second], [first, second]]);
	});

	it("joins what was written on both sides", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await alice.level(bob);
		const theirs = await bob.db();
		alice.clock.advance(10);
		await notes.changeDoc(id, setField("alice", 1));
		bob.clock.advance(20);
		await theirs.changeDoc(id, setField("bob", 2));
		await alice.level(bob);
		expect((await notes.getDocumentAtTimestamp(id, start + 10))?.getData()).toEqual({ title: "a", alice: 1 });
		const both = await notes.getDocumentAtTimestamp(id, start + 20);
		expect(both?.getData()).toEqual({ title: "a", alice: 1, bob: 2 });
		expect(both?.heads).toEqual(await headsOf(id));
	});
});

describe("a document at changes", () => {
	it("is found also inside of a run of changes", async () => {
		const { id } = await notes.createDocument({ title: "0" });
		const edits = ["1", "2", "3"].map((title) => notes.changeDoc(id, setField("title", title)));
		await Promise.all(edits);
		const items = await historyOf(id);
		expect(new Set(items.slice(1).map(({ entry }) => entry)).size).toBeLessThan(3);
		const titles = await Promise.all(
			items.map(async ({ change }) => (await notes.getDocumentAtHashes(id, [change as string]))?.getData().title),
		);
		expect(titles).toEqual(["0", "1", "2", "3"]);
	});

	it("is refused for changes of another document", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		const other = await notes.createDocument({ title: "b" });
		for (const heads of [other.heads, ["nothing"]]) {
			await expect(notes.getDocumentAtHashes(id, heads)).rejects.toMatchObject({ code: "not-found" });
			await expect(notes.diff(id, await headsOf(id), heads)).rejects.toMatchObject({ code: "not-found" });
			await expect(notes.restore(id, heads)).rejects.toMatchObject({ code: "not-found" });
		}
	});
});

describe("a history", () => {
	it("says who did what, when, on which device, and whether it counts", async () => {
		const { id } = await notes.createDocument({ title: "a", gone: 1 });
		await alice.level(bob);
		const tablet = await fixture.device("tablet", alice, ["directory", "default"]);
		await (await tablet.directory()).db.pullChangesFrom((await alice.directory()).db.store);
		const begun = await (await tablet.db()).createDocument({ title: "the tablet's own" });
		await tablet.level(alice);
		const theirs = await bob.db();
		bob.clock.advance(10);
		await theirs.changeDoc(id, (draft) => {
			draft.title = "b";
			delete draft.gone;
		});
		await alice.level(bob);
		await tablet.level(alice);
		tablet.clock.advance(20);
		await (await tablet.db()).changeDoc(id, setField("tags", ["x"]));
		await tablet.level(alice);
		alice.clock.advance(30);
		await notes.deleteDocument(id);
		const items = await historyOf(id);
		expect(items.map(({ createdBy, time, entryType }) => [createdBy, time - start, entryType])).toEqual([
			[alice.publicKey, 0, "doc_create"],
			[bob.publicKey, 10, "doc_change"],
			[alice.publicKey, 20, "doc_change"],
			[alice.publicKey, 30, "doc_delete"],
		]);
		expect(items.map(({ fields }) => fields)).toEqual([
			[
				{ path: ["gone"], after: 1 },
				{ path: ["title"], after: "a" },
			],
			[
				{ path: ["gone"], before: 1 },
				{ path: ["title"], before: "a", after: "b" },
			],
			[{ path: ["tags"], after: ["x"] }],
			[],
		]);
		const [made, edited, tagged] = items;
		expect(made?.device).toBe(made?.entry);
		expect(tagged?.device).toBe((await notes.getAllChangeHashesForDoc(begun.id))[0]);
		expect(new Set([made, edited, tagged].map((item) => item?.device)).size).toBe(3);
		expect(items.every(({ verdict, clock }) => verdict.kind === "accepted" && clock === undefined)).toBe(true);
	});

	it("shows what does not count, with the reason", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await alice.level(bob);
		await (await alice.directory()).revokeUser("bob", fixture.administrator);
		bob.clock.advance(10);
		await (await bob.db()).changeDoc(id, setField("title", "b"));
		await notes.pullChangesFrom((await bob.db()).store);
		const items = await historyOf(id);
		expect(items.map(({ verdict, fields }) => [verdict.kind, fields.length])).toEqual([
			["accepted", 1],
			["refused", 0],
		]);
		expect(items[1]?.words).toContain("Refused");
		expect(await titleAt(id, start + 10)).toBe("a");
	});
});

describe("clocks that are wrong", () => {
	/** Alice makes a document, Bob edits with his clock off by `skew`, Alice goes on; told on both replicas. */
	async function withBobsClockOff(skew: number) {
		const { id } = await notes.createDocument({ title: "a" });
		await alice.level(bob);
		const theirs = await bob.db();
		bob.clock.set(start + skew);
		await theirs.changeDoc(id, setField("title", "b"));
		await theirs.changeDoc(id, setField("title", "c"));
		await alice.level(bob);
		alice.clock.set(start + 3 * day);
		await notes.changeDoc(id, setField("title", "d"));
		await alice.level(bob);
		return { id, theirs };
	}

	it.each([
		["a year ahead", year, "ahead", 3 * day],
		["a year behind", -year, "behind", 0],
	] as const)("%s are set right and flagged, equally everywhere", async (_, skew, clock, corrected) => {
		const { id, theirs } = await withBobsClockOff(skew);
		for (const db of [notes, theirs]) {
			const items = await historyOf(id, db);
			expect(
				items.map((item) => [item.fields[0]?.after, item.time - start, item.createdAt - start, item.clock]),
			).toEqual([
				["a", 0, 0, undefined],
				["b", corrected, skew, clock],
				["c", corrected, skew, clock],
				["d", 3 * day, 3 * day, undefined],
			]);
			const explained = await db.explain(id);
			const clocks =
				explained !== undefined && "entries" in explained ? explained.entries.map((each) => each.clock) : [];
			expect(clocks).toEqual([undefined, clock, clock, undefined]);
			expect(await titleAt(id, start - 1, db)).toBeUndefined();
			expect(await titleAt(id, start + corrected - (corrected > 0 ? 1 : 0), db)).toBe(corrected > 0 ? "a" : "c");
			expect(await titleAt(id, start + 3 * day, db)).toBe("d");
			expect(await db.getDocumentIdsAtTimestamp(start - 1)).toEqual([]);
			expect(await db.getDocumentIdsAtTimestamp(start + day)).toEqual([id]);
		}
	});
});

describe("differences", () => {
	it("are told field by field", async () => {
		const { id } = await notes.createDocument({ list: ["a", "b", "c"], map: { x: 1, y: 2 }, same: new Date(5) });
		const from = await headsOf(id);
		await notes.changeDoc(id, (draft) => {
			(draft.list as string[]).splice(1, 1);
			(draft.map as Record<string, unknown>).x = new Uint8Array([1]);
			draft.came = null;
		});
		const to = await headsOf(id);
		expect(await notes.diff(id, from, to)).toEqual([
			{ path: ["list", 1], before: "b" },
			{ path: ["map", "x"], before: 1, after: new Uint8Array([1]) },
			{ path: ["came"], after: null },
		]);
		expect(await notes.diff(id, to, to)).toEqual([]);
	});
});

describe("restoring", () => {
	it("gives every kind of value back as it was, and edits no more than differs", async () => {
		const initial = {
			text: "The quick brown fox",
			plain: new ImmutableString("plain"),
			list: [1, { deep: ["x", "y"] }, "three"],
			map: { keep: 1, change: "a" },
			count: new Counter(3),
			date: new Date(5),
			bytes: new Uint8Array([1, 2]),
			gone: null,
		};
		const { id } = await notes.createDocument(initial);
		const before = await headsOf(id);
		const data = (await notes.getDocument(id))?.getData();
		await notes.changeDoc(id, (draft) => {
			splice(draft, ["text"], 4, 5, "slow");
			draft.plain = new ImmutableString("other");
			const list = draft.list as unknown[];
			((list[1] as { deep: string[] }).deep as string[]).push("z");
			list.push(4);
			const map = draft.map as Record<string, unknown>;
			map.change = "b";
			map.came = true;
			(draft.count as Counter).increment(4);
			draft.date = new Date(6);
			draft.bytes = new Uint8Array([3]);
			delete draft.gone;
		});
		await alice.level(bob);
		const theirs = await bob.db();
		await theirs.changeDoc(id, (draft) => {
			splice(draft, ["text"], 0, 3, "A");
			(draft.map as Record<string, unknown>).keep = 2;
		});
		await notes.restore(id, before);
		expect((await notes.getDocument(id))?.getData()).toEqual(data);
		const untouched = (await notes.blame(id))
			.filter(({ change }) => change === before[0])
			.map(({ path }) => path.join("."));
		expect(untouched).toEqual(["count", "list.0", "list.1.deep.0", "list.1.deep.1", "list.2", "map.keep"]);
		const typed = notes.changeDoc(id, (draft) => {
			expect(draft.plain).toBeInstanceOf(ImmutableString);
			(draft.count as Counter).increment(1);
		});
		await typed;
		await alice.level(bob);
		const merged = (await theirs.getDocument(id))?.getData();
		expect(merged).toMatchObject({ text: "A quick brown fox", map: { keep: 2, change: "a" }, count: 4 });
	});

	it("gives marks and blocks of a rich text back, in lists and maps too", async () => {
		const { id } = await notes.createDocument({ text: "Minutes of May", list: [1], part: {} });
		await notes.changeDoc(id, (draft) => {
			mark(draft, ["text"], { start: 0, end: 7, expand: "none" }, "bold", true);
			const attrs = { at: new Date(5), long: 2n ** 60n };
			splitBlock(draft, ["text"], 8, { type: new ImmutableString("heading"), parents: [], attrs });
			draft.list = ["plain", { note: "marked" }, "last"];
			mark(draft, ["list", 1, "note"], { start: 0, end: 3, expand: "none" }, "link", "there");
			draft.part = { rich: "also" };
			mark(draft, ["part", "rich"], { start: 0, end: 4, expand: "none" }, "bold", true);
		});
		const before = await headsOf(id);
		const paths = [["text"], ["list", 1, "note"], ["part", "rich"]];
		const state = async () => {
			let found: unknown[] = [];
			await notes.changeDoc(id, (draft) => {
				found = paths.map((path) => spans(draft, path));
			});
			return found;
		};
		const wanted = await state();
		const data = (await notes.getDocument(id))?.getData();
		await notes.changeDoc(id, (draft) => {
			unmark(draft, ["text"], { start: 0, end: 7, expand: "none" }, "bold");
			mark(draft, ["text"], { start: 9, end: 11, expand: "none" }, "bold", true);
			joinBlock(draft, ["text"], 8);
			splice(draft, ["text"], 0, 0, "All ");
			(draft.list as unknown[]).splice(0, 2, "changed");
			delete draft.part;
		});
		await notes.restore(id, before);
		expect(await state()).toEqual(wanted);
		expect((await notes.getDocument(id))?.getData()).toEqual(data);
		const heads = await headsOf(id);
		await notes.restore(id, before);
		expect(await headsOf(id)).toEqual(heads);
		// Marks that were put on a text which had none are taken off again.
		await notes.changeDoc(id, (draft) => {
			mark(draft, ["list", 0], { start: 0, end: 5, expand: "none" }, "bold", true);
		});
		await notes.restore(id, before);
		await notes.changeDoc(id, (draft) => {
			expect(spans(draft, ["list", 0])).toEqual([{ type: "text", value: "plain" }]);
		});
	});

	it("writes nothing where nothing differs, and not to what is deleted", async () => {
		const { id } = await notes.createDocument({ title: "a", count: new Counter(1), bytes: new Uint8Array([1]) });
		const heads = await headsOf(id);
		await notes.restore(id, heads);
		expect(await headsOf(id)).toEqual(heads);
		await notes.deleteDocument(id);
		await expect(notes.restore(id, heads)).rejects.toMatchObject({ code: "document-deleted" });
	});
});

describe("authors of fields", () => {
	it("are those who wrote what shows", async () => {
		const { id } = await notes.createDocument({ title: "a", text: "hello", list: [1, { x: 1 }], empty: {} });
		await alice.level(bob);
		const theirs = await bob.db();
		bob.clock.advance(10);
		await theirs.changeDoc(id, (draft) => {
			splice(draft, ["text"], 5, 0, "😀");
			(draft.list as [number, { x: number }])[1].x = 2;
		});
		await alice.level(bob);
		const [change] = await headsOf(id);
		const origins = await notes.blame(id);
		const names = new Map([
			[alice.publicKey, "alice"],
			[bob.publicKey, "bob"],
		]);
		expect(Object.fromEntries(origins.map((each) => [each.path.join("."), names.get(each.createdBy)]))).toEqual({
			title: "alice",
			text: "bob",
			"list.0": "alice",
			"list.1.x": "bob",
			empty: "alice",
		});
		expect(origins.find(({ path }) => path[0] === "text")).toMatchObject({
			change,
			createdAt: start + 10,
			value: "hello😀",
		});
	});

	it("are all told where they wrote at the same time", async () => {
		const { id } = await notes.createDocument({ title: "a", map: { x: 1 }, list: [0] });
		await alice.level(bob);
		const theirs = await bob.db();
		await notes.changeDoc(id, (draft) => {
			draft.title = "alice's";
			(draft.map as { x: unknown }).x = { inner: 1 };
		});
		await theirs.changeDoc(id, (draft) => {
			draft.title = "bob's";
			(draft.map as { x: unknown }).x = 2;
			(draft.list as number[])[0] = 1;
		});
		expect(await notes.getConflicts(id)).toEqual([]);
		await alice.level(bob);
		const conflicts = await notes.getConflicts(id);
		expect(conflicts).toEqual(await theirs.getConflicts(id));
		expect(conflicts.map(({ path }) => path)).toEqual([["map", "x"], ["title"]]);
		const [inner, title] = conflicts;
		expect(inner?.values.map(({ value }) => value)).toEqual(expect.arrayContaining([{ inner: 1 }, 2]));
		const shown = (await notes.getDocument(id))?.getData().title;
		expect(title?.values.at(-1)).toMatchObject({ isShown: true, value: shown });
		const byAuthor = new Map(title?.values.map(({ createdBy, value }) => [createdBy, value]));
		expect(byAuthor).toEqual(
			new Map([
				[alice.publicKey, "alice's"],
				[bob.publicKey, "bob's"],
			]),
		);
		await notes.changeDoc(id, setField("title", "settled"));
		expect((await notes.getConflicts(id)).map(({ path }) => path)).toEqual([["map", "x"]]);
	});
});
