import { aliceAndBob, setField, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { Counter, ImmutableString, memoryStores, nodeEnv, splice, updateText } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import type { DocumentExplanation } from "../explain.js";
import type { MindooDB } from "../mindoo-db.js";
import type { DocumentChange } from "../projection/change-feed.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;

beforeEach(async () => {
	const env = await nodeEnv();
	({ fixture, alice, bob, notes } = await aliceAndBob({ env, newStores: (crypto) => memoryStores(crypto) }));
});

afterEach(() => fixture.close());

interface Shape {
	title: string;
	list: unknown[];
	nested: { deep: { list: number[] } };
	count: Counter;
	[key: string]: unknown;
}

async function dataOf(db: MindooDB, docId: string): Promise<Record<string, unknown>> {
	return (await db.getDocument(docId))?.getData() as Record<string, unknown>;
}

/** What is shown now, after a restart, and on another member's replica. */
async function everywhere(docId: string): Promise<Record<string, unknown>> {
	const here = await dataOf(notes, docId);
	await alice.reopen();
	notes = await alice.db();
	expect(await dataOf(notes, docId)).toEqual(here);
	await alice.level(bob);
	expect(await dataOf(await bob.db(), docId)).toEqual(here);
	return here;
}

describe("every edit inside the callback counts", () => {
	it("lists, maps, texts, dates, counters, bytes, registers, deletes", async () => {
		const { id } = await notes.createDocument({
			title: "hello",
			list: [1],
			nested: { deep: { list: [] } },
			count: new Counter(1),
			gone: 1,
		});
		await notes.changeDoc<Shape>(id, (draft) => {
			draft.list.push(2, "three");
			draft.list.unshift(0);
			draft.nested.deep.list.push(7);
			splice(draft, ["title"], 5, 0, " world");
			draft.at = new Date(5);
			draft.bytes = Uint8Array.of(1, 2, 3);
			draft.count.increment(4);
			draft.register = new ImmutableString("fixed");
			draft.nothing = null;
			draft.half = 0.5;
			delete draft.gone;
		});
		await notes.changeDoc<Shape>(id, (draft) => {
			updateText(draft, ["title"], "hello, world");
			(draft.list as number[]).splice(0, 1);
		});
		expect(await everywhere(id)).toEqual({
			title: "hello, world",
			list: [1, 2, "three"],
			nested: { deep: { list: [7] } },
			count: 5,
			at: new Date(5),
			bytes: Uint8Array.of(1, 2, 3),
			register: "fixed",
			nothing: null,
			half: 0.5,
		});
	});

	it("also before and after an await, as one change, merged with what came meanwhile", async () => {
		const { id } = await notes.createDocument({ list: [], title: "a" });
		let release: () => void = () => {};
		const gate = new Promise<void>((resolve) => {
			release = resolve;
		});
		const slow = notes.changeDoc<Shape>(id, async (draft) => {
			draft.list.push("before");
			await gate;
			draft.list.push("after");
		});
		await notes.changeDoc<Shape>(id, setField("title", "meanwhile"));
		expect(await dataOf(notes, id)).toEqual({ list: [], title: "meanwhile" });
		release();
		await slow;
		expect(await everywhere(id)).toEqual({ list: ["before", "after"], title: "meanwhile" });
		expect((await notes.getDocument(id))?.heads).toHaveLength(2);
		expect(await notes.getAllChangeHashesForDoc(id)).toHaveLength(3);
	});

	it("with many callbacks on one document at once, each awaited or not", async () => {
		const { id } = await notes.createDocument({ list: [] });
		const push = (value: number) => (draft: Shape) => {
			draft.list.push(value);
		};
		const pushLater = (value: number) => async (draft: Shape) => {
			await Promise.resolve();
			draft.list.push(value);
		};
		const work = Array.from({ length: 60 }, (_, i) =>
			notes.changeDoc<Shape>(id, i % 20 === 0 ? pushLater(i) : push(i)),
		);
		await Promise.all(work);
		const { list } = (await everywhere(id)) as { list: number[] };
		expect([...list].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
	});

	it("and concurrent edits of members merge", async () => {
		const { id } = await notes.createDocument({ title: "one two", list: [], count: new Counter(0) });
		await alice.level(bob);
		await notes.changeDoc<Shape>(id, (draft) => {
			splice(draft, ["title"], 0, 3, "ONE");
			draft.list.push("alice");
			draft.count.increment(2);
		});
		await (await bob.db()).changeDoc<Shape>(id, (draft) => {
			splice(draft, ["title"], 4, 3, "TWO");
			draft.list.push("bob");
			draft.count.increment(3);
		});
		await alice.level(bob);
		const merged = await everywhere(id);
		expect(merged).toMatchObject({ title: "ONE TWO", count: 5 });
		expect([...(merged.list as string[])].sort()).toEqual(["alice", "bob"]);
	});
});

describe("a callback that goes wrong", () => {
	it("leaves nothing behind when it throws, at once or later", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		const fail = async (draft: Record<string, unknown>) => {
			draft.title = "b";
			await Promise.resolve();
			throw new RangeError("no");
		};
		await expect(notes.changeDoc(id, fail)).rejects.toThrow(RangeError);
		await expect(
			notes.changeDoc(id, (draft) => {
				draft.title = "c";
				throw new RangeError("no");
			}),
		).rejects.toThrow(RangeError);
		await notes.changeDoc(id, setField("more", 1));
		expect(await everywhere(id)).toEqual({ title: "a", more: 1 });
		expect(await notes.getAllChangeHashesForDoc(id)).toHaveLength(2);
	});

	it("cannot use its draft afterwards", async () => {
		const { id } = await notes.createDocument({ title: "a", list: [1] });
		let kept: Shape | undefined;
		await notes.changeDoc<Shape>(id, (draft) => {
			kept = draft;
			draft.title = "b";
		});
		expect(() => {
			(kept as Shape).title = "later";
		}).toThrowError(expect.objectContaining({ name: "UsageError", code: "draft-closed" }));
		let list: unknown[] = [];
		await notes.changeDoc<Shape>(id, async (draft) => {
			list = draft.list;
			await Promise.resolve();
			list.push(2);
		});
		expect(() => list.push(3)).toThrowError(expect.objectContaining({ code: "draft-closed" }));
		expect(await everywhere(id)).toEqual({ title: "b", list: [1, 2] });
	});

	it("cannot change the same document inside itself", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		let inner: Promise<void> = Promise.resolve();
		await notes.changeDoc(id, (draft) => {
			draft.title = "outer";
			inner = notes.changeDoc(id, setField("title", "inner"));
			inner.catch(() => undefined);
		});
		await expect(inner).rejects.toMatchObject({ name: "UsageError" });
		expect(await everywhere(id)).toEqual({ title: "outer" });
	});

	it("that edits nothing writes nothing", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		const cursor = notes.changeCursor;
		await notes.changeDoc(id, () => {});
		await notes.changeDoc(id, async (draft) => void draft.title);
		expect(await notes.getAllChangeHashesForDoc(id)).toHaveLength(1);
		expect(notes.changeCursor).toBe(cursor);
	});
});

describe("deleted documents", () => {
	it("cannot be changed, and come back with what others wrote meanwhile", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await alice.level(bob);
		await notes.deleteDocument(id);
		await expect(notes.changeDoc(id, () => {})).rejects.toMatchObject({ code: "document-deleted" });
		await expect(notes.deleteDocument(id)).rejects.toMatchObject({ code: "document-deleted" });
		await (await bob.db()).changeDoc(id, setField("meanwhile", true));
		await alice.level(bob);
		expect((await notes.getDocument(id))?.isDeleted).toBe(true);
		expect((await (await bob.db()).getDocument(id))?.isDeleted).toBe(true);
		await notes.undeleteDocument(id);
		expect(await everywhere(id)).toEqual({ title: "a", meanwhile: true });
		expect((await notes.getDocument(id))?.isDeleted).toBe(false);
		await notes.undeleteDocument(id);
		expect(((await notes.explain(id)) as DocumentExplanation).entries).toHaveLength(4);
	});

	it("deleted apart by two stay deleted until both deletes are lifted", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await alice.level(bob);
		await notes.deleteDocument(id);
		await (await bob.db()).deleteDocument(id);
		await notes.undeleteDocument(id);
		await alice.level(bob);
		expect((await notes.getDocument(id))?.isDeleted).toBe(true);
		await notes.undeleteDocument(id);
		await alice.level(bob);
		expect((await (await bob.db()).getDocument(id))?.isDeleted).toBe(false);
	});
});

it("subscribers hear of every change, and whether it was made here", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await alice.level(bob);
	const all: DocumentChange[] = [];
	const one: DocumentChange[] = [];
	const ends = [notes.onChange((change) => all.push(change)), notes.onChange((change) => one.push(change), id)];
	await notes.changeDoc(id, setField("title", "b"));
	const other = await notes.createDocument({ title: "other" });
	await (await bob.db()).changeDoc(id, setField("more", 1));
	await alice.level(bob);
	await notes.deleteDocument(id);
	for (const end of ends) end();
	await notes.changeDoc(other.id, setField("title", "unheard"));
	expect(one.map(({ origin, deleted }) => [origin, deleted])).toEqual([
		["local", false],
		["remote", false],
		["local", true],
	]);
	expect(all.map(({ docId }) => docId)).toEqual([id, other.id, id, id]);
	const told: string[] = [];
	for await (const { docId } of notes.iterateChangesSince(all.at(-1)?.cursor)) told.push(docId);
	expect(told).toEqual([other.id]);
});

it("documents are listed page by page, each once, in the order in which they came", async () => {
	const docs = await notes.createDocuments(Array.from({ length: 25 }, (_, i) => ({ i })));
	await notes.deleteDocument((docs[3] as { readonly id: string }).id);
	const seen: string[] = [];
	for (let after: string | undefined; ; ) {
		const page: string[] = [];
		for await (const { id } of notes.iterateDocuments({ ...(after && { after }), limit: 7 })) page.push(id);
		if (page.length === 0) break;
		seen.push(...page);
		after = page.at(-1);
	}
	expect(seen).toHaveLength(24);
	expect(new Set(seen).size).toBe(24);
	expect(seen).toEqual(docs.map(({ id }) => id).filter((_, i) => i !== 3));
	await expect(notes.iterateDocuments({ after: "unknown" }).next()).rejects.toMatchObject({ code: "not-found" });
});

it("a cursor misses nothing that comes late with an old time", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await alice.level(bob);
	bob.clock.set(1_000_000);
	await (await bob.db()).changeDoc(id, setField("late", true));
	const old = await (await bob.db()).createDocument({ title: "of long ago" });
	await notes.createDocument({ title: "newer" });
	let cursor = await notes.processChangesSince(undefined, 100, () => {});
	await alice.level(bob);
	const told: string[] = [];
	cursor = await notes.processChangesSince(cursor, 1, ({ docId }) => void told.push(docId));
	cursor = await notes.processChangesSince(cursor, 1, ({ docId }) => void told.push(docId));
	cursor = await notes.processChangesSince(cursor, 1, ({ docId }) => void told.push(docId));
	expect([...told].sort()).toEqual([id, old.id].sort());
	expect(old.createdAt).toBe(1_000_000);
	await expect(notes.processChangesSince("nonsense", 1, () => {})).rejects.toMatchObject({ code: "usage" });
});

it("settings that two administrators begin apart merge key by key", async () => {
	const directory = await alice.directory();
	const form = { form: "admingrant", username: "bob", signingKey: bob.publicKey } as const;
	await directory.write([form], fixture.administrator);
	await (await bob.directory()).db.pullChangesFrom(directory.store);
	await directory.changeTenantSettings(setField("left", 1));
	await (await bob.directory()).changeTenantSettings(setField("right", 2));
	await directory.changeDBSettings("notes", setField("colour", "red"));
	await alice.level(bob);
	for (const replica of [alice, bob]) {
		const own = await replica.directory();
		expect(await own.getTenantSettings()).toMatchObject({ left: 1, right: 2 });
		expect(await own.getDBSettings("notes")).toMatchObject({ colour: "red" });
		expect(await own.getDBSettings("other")).toBeUndefined();
	}
	await expect(
		directory.changeTenantSettings((settings) => Object.assign(settings, { deep: {} })),
	).rejects.toMatchObject({ code: "usage" });
});

it("Automerge documents in memory are few, and freed", async () => {
	let made = 0;
	let freed = 0;
	const { create } = CrdtDocument;
	const spy = vi.spyOn(CrdtDocument, "create").mockImplementation((actor) => {
		made++;
		const crdt = create.call(CrdtDocument, actor);
		const free = crdt.free.bind(crdt);
		let gone = false;
		crdt.free = () => {
			if (!gone) freed++;
			gone = true;
			free();
		};
		return crdt;
	});
	const docs = await notes.createDocuments(Array.from({ length: 200 }, (_, i) => ({ i })));
	let most = 0;
	for (const { id } of docs) {
		await notes.changeDoc(id, setField("more", 1));
		most = Math.max(most, made - freed);
	}
	expect(made).toBeGreaterThanOrEqual(200);
	expect(most).toBeLessThanOrEqual(100);
	await alice.level(bob);
	expect(made - freed).toBeLessThanOrEqual(200);
	await alice.tenant.close();
	await bob.tenant.close();
	expect(made - freed).toBe(0);
	spy.mockRestore();
});

it("changes that wait together and hold more operations than one run may become several entries", async () => {
	const { id } = await notes.createDocument({});
	const edits = ["a", "b", "c"].map((key) => notes.changeDoc(id, setField(key, "x".repeat(100_000))));
	await Promise.all(edits);
	// The document, two of the changes, the third.
	expect(await notes.getAllChangeHashesForDoc(id)).toHaveLength(3);
	const data = await everywhere(id);
	expect(["a", "b", "c"].map((key) => (data[key] as string).length)).toEqual([100_000, 100_000, 100_000]);
});

it("what a listener throws loses neither the write's result nor the other listeners' news", async () => {
	const heard: string[] = [];
	for (const db of [notes, await bob.db()]) {
		db.onChange(() => {
			throw new Error("a fault of the application");
		});
		db.onChange(({ origin }) => heard.push(origin));
	}
	const { id } = await notes.createDocument({ title: "a" });
	await notes.changeDoc(id, setField("title", "b"));
	await alice.level(bob);
	expect(await dataOf(await bob.db(), id)).toEqual({ title: "b" });
	expect(heard).toEqual(["local", "local", "remote"]);
});
