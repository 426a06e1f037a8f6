/** The first edit of a document that rests on a snapshot, with what was kept of its root. */
import { type AliceAndBob, aliceAndBob, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import type { MindooDB } from "../mindoo-db.js";

// biome-ignore lint/suspicious/noExplicitAny: a draft has the shape that its user gives it.
type Draft = any;

let world: AliceAndBob;
let alice: TestReplica;
let bob: TestReplica;
/** Documents that Automerge loads. */
let loads: MockInstance<typeof CrdtDocument.load>;

beforeEach(async () => {
	loads = vi.spyOn(CrdtDocument, "load");
	world = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	({ alice, bob } = world);
	await world.notes.close();
});

afterEach(() => world.fixture.close());

const open = (replica: TestReplica): Promise<MindooDB> =>
	replica.tenant.openDB("notes", { snapshots: { changes: 10 } });

/** A document with a snapshot and changes behind it, closed. */
async function longDocument(): Promise<string> {
	const notes = await open(alice);
	const { id } = await notes.createDocument({ no: 0, text: "abc", at: new Date(7), tags: ["a"] });
	for (let no = 1; no < 14; no++) await notes.changeDoc(id, (draft: Draft) => Object.assign(draft, { no }));
	await notes.close();
	return id;
}

async function reopen(notes: MindooDB): Promise<MindooDB> {
	await notes.close();
	loads.mockClear();
	return open(alice);
}

/** What Bob finds who judges every entry, and what of it he refuses. */
async function bobFinds(notes: MindooDB, id: string) {
	const copy = await open(bob);
	await copy.pullChangesFrom(notes.store);
	const verdicts: string[] = [];
	for await (const { verdict } of copy.getDocumentHistory(id, { fields: false })) verdicts.push(verdict.kind);
	const data = (await copy.getDocument(id))?.getData();
	await copy.close();
	return { data, refused: verdicts.filter((kind) => kind !== "accepted") };
}

it("of root fields takes no Automerge, in one session after the other, and others take what it made", async () => {
	const id = await longDocument();
	let notes = await reopen(await open(alice));
	await notes.changeDoc(id, (draft: Draft) => {
		draft.no += 10;
		draft.text += "d";
		draft.late = true;
	});
	notes = await reopen(notes);
	await notes.changeDoc(id, (draft: Draft) => {
		draft.no += 10;
		draft.at = new Date(draft.at.getTime() + 1);
	});
	const shown = { at: new Date(8), late: true, no: 33, tags: ["a"], text: "abcd" };
	expect((await notes.getDocument(id))?.getData()).toEqual(shown);
	expect(loads).not.toHaveBeenCalled();
	expect(await bobFinds(notes, id)).toEqual({ data: shown, refused: [] });
	notes = await reopen(notes);
	await notes.changeDoc(id, (draft: Draft) => draft.tags.push("b"));
	expect(loads).toHaveBeenCalledOnce();
	const whole = { ...shown, tags: ["a", "b"] };
	expect(await bobFinds(notes, id)).toEqual({ data: whole, refused: [] });
	expect((await notes.getDocument(id))?.getData()).toEqual(whole);
});

it("of a field that two wrote at once replaces both values", async () => {
	const id = await longDocument();
	let notes = await open(alice);
	const copy = await open(bob);
	await copy.pullChangesFrom(notes.store);
	for (const [db, no] of [
		[notes, 100],
		[copy, 200],
	] as const) {
		await db.changeDoc(id, (draft: Draft) => {
			draft.no = no;
		});
	}
	await notes.pullChangesFrom(copy.store);
	await copy.close();
	expect(await notes.getConflicts(id)).toHaveLength(1);
	notes = await reopen(notes);
	await notes.changeDoc(id, (draft: Draft) => {
		draft.text = "new";
	});
	expect(loads).not.toHaveBeenCalled();
	await notes.changeDoc(id, (draft: Draft) => {
		draft.no = 300;
	});
	expect(await notes.getConflicts(id)).toEqual([]);
	const { data, refused } = await bobFinds(notes, id);
	expect([data, refused]).toEqual([{ at: new Date(7), no: 300, tags: ["a"], text: "new" }, []]);
});

it("is kept when somebody else's change comes behind it, and when a snapshot follows", async () => {
	const id = await longDocument();
	let notes = await open(alice);
	const copy = await open(bob);
	await copy.pullChangesFrom(notes.store);
	await copy.changeDoc(id, (draft: Draft) => draft.tags.push("bob"));
	notes = await reopen(notes);
	await notes.changeDoc(id, (draft: Draft) => {
		draft.no = 50;
	});
	expect(loads).not.toHaveBeenCalled();
	await notes.pullChangesFrom(copy.store);
	await copy.close();
	for (let no = 51; no < 70; no++) await notes.changeDoc(id, (draft: Draft) => Object.assign(draft, { no }));
	notes = await reopen(notes);
	const [snapshot] = await notes.store.getEntries(await notes.getAllChangeHashesForDoc(id, true));
	expect(snapshot).toMatchObject({ fields: { entryType: "doc_snapshot" } });
	const data = { at: new Date(7), no: 69, tags: ["a", "bob"], text: "abc" };
	expect(await bobFinds(notes, id)).toEqual({ data, refused: [] });
});

it("goes over to Automerge in an edit that waits, and may be taken back", async () => {
	const id = await longDocument();
	const notes = await reopen(await open(alice));
	const failed = notes.changeDoc(id, async (draft: Draft) => {
		draft.no = -1;
		await undefined;
		draft.tags.push("x");
		throw new Error("changed my mind");
	});
	await expect(failed).rejects.toThrow("changed my mind");
	await notes.changeDoc(id, async (draft: Draft) => {
		draft.no = 20;
		await undefined;
		draft.tags.push("y");
	});
	const data = { at: new Date(7), no: 20, tags: ["a", "y"], text: "abc" };
	expect(await bobFinds(notes, id)).toEqual({ data, refused: [] });
});
