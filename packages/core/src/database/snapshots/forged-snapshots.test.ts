/** Snapshots by a member who lies. Numbers are those of docs/lessons.md. */
import { type AliceAndBob, aliceAndBob, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import { forgedDocument, swapped } from "../../automerge/forged-document.test.js";
import type { Entry } from "../../entry/entry.js";
import { type Base, HostileWriter } from "../hostile-writer.test.js";
import type { MindooDB } from "../mindoo-db.js";

let world: AliceAndBob;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;
let copy: MindooDB;
let id: string;
let writer: HostileWriter;
let base: Base;

beforeEach(async () => {
	world = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	({ alice, bob, notes } = world);
	({ id } = await notes.createDocument({ no: 0, list: ["a", "b", "c"] }));
	for (let no = 1; no <= 5; no++) {
		await notes.changeDoc(id, (draft) => {
			draft.no = no;
		});
	}
	copy = await bob.db();
	await copy.pullChangesFrom(notes.store);
	writer = await HostileWriter.of(bob);
	base = await writer.base(id);
});

afterEach(() => world.fixture.close());

/** What Automerge saves of these changes. */
function saved(changes: readonly Uint8Array[]): Uint8Array {
	const crdt = CrdtDocument.create("00".repeat(24));
	crdt.apply(changes);
	const bytes = crdt.save();
	crdt.free();
	return bytes;
}

const heads = (): string[] => [[...base.entryOfChange.values()].at(-1) as string];

const seal = (plaintext: Uint8Array, dependencyHashes = heads()): Promise<Entry> =>
	writer.seal({ docId: id, entryType: "doc_snapshot", plaintext, dependencyHashes });

/** Gives Alice a snapshot. @returns how many of the document's entries she has to read from then on. */
async function lefts(snapshot: Entry): Promise<number> {
	await notes.store.putEntries([snapshot]);
	const counted = (await notes.getAllChangeHashesForDoc(id, true)).length;
	await alice.reopen();
	notes = await alice.db();
	await notes.changeDoc(id, (draft) => {
		draft.after = true;
	});
	const verdict = await notes.explain(snapshot.hash);
	expect(verdict).toMatchObject({ verdict: { kind: "accepted" } });
	expect((await notes.getDocument(id))?.getData()).toEqual({ no: 5, list: ["a", "b", "c"], after: true });
	return counted;
}

it("an honest snapshot counts", async () => {
	expect(await lefts(await seal(saved(base.changes)))).toBe(1);
});

it("lesson 6: a snapshot that leaves a change out is set aside, and no edit vanishes", async () => {
	expect(await lefts(await seal(saved(base.changes.slice(0, -1))))).toBe(7);
});

it("a snapshot with a change that no entry tells of is set aside", async () => {
	const added = writer.change(base, await writer.actor(), (draft) => {
		draft.no = 99;
	});
	expect(await lefts(await seal(saved([...base.changes, added.change])))).toBe(7);
});

it("a snapshot that gives a change to somebody else is set aside", async () => {
	const crdt = CrdtDocument.create(await writer.actor());
	crdt.apply(base.changes.slice(0, -1));
	crdt.openDraft().no = 5;
	crdt.commitDraft();
	const bytes = crdt.save();
	crdt.free();
	expect(await lefts(await seal(bytes))).toBe(7);
});

it("a snapshot that is no document, ends early or has something behind it is set aside", async () => {
	const bytes = saved(base.changes);
	for (const wrong of [bytes.subarray(0, -1), Uint8Array.of(1, 2, 3), new Uint8Array([...bytes, ...bytes])]) {
		expect(await lefts(await seal(wrong))).toBeGreaterThan(6);
	}
});

it("a snapshot by a revoked member counts no more, and takes nothing along", async () => {
	const snapshot = await seal(saved(base.changes));
	await notes.store.putEntries([snapshot]);
	expect(await notes.getAllChangeHashesForDoc(id, true)).toEqual([snapshot.hash]);
	// Another device of Alice's revokes, and has never seen the snapshot: so the revocation does not let it stand.
	const tablet = await world.fixture.device("tablet", alice);
	const directory = await tablet.directory();
	await directory.db.pullChangesFrom((await alice.directory()).store);
	await directory.revokeUser("bob", world.fixture.administrator);
	await (await alice.directory()).db.pullChangesFrom(directory.store);
	expect(await notes.explain(snapshot.hash)).toMatchObject({ verdict: { kind: "refused" } });
	expect(await notes.getAllChangeHashesForDoc(id, true)).toHaveLength(7);
	await alice.reopen();
	await (await alice.db()).changeDoc(id, (draft) => {
		draft.after = true;
	});
	expect((await (await alice.db()).getDocument(id))?.getData()).toMatchObject({ no: 5, after: true });
});

it("a payload that is not what its header promised is filled from a snapshot that passes", async () => {
	const change = writer.change(base, await writer.actor(), (draft) => {
		draft.no = 6;
	});
	const other = writer.change(base, await writer.actor(), (draft) => {
		draft.no = 7;
	});
	const { contentTag } = (await writer.seal({ docId: id, changes: [change], dependencyHashes: heads() })).fields ?? {};
	writer.previous = (await copy.chainHeadsOf(bob.publicKey))[0];
	const untrue = await writer.seal({ docId: id, changes: [other], dependencyHashes: heads(), contentTag });
	await notes.store.putEntries([untrue]);
	expect(await notes.explain(untrue.hash)).toMatchObject({ verdict: { kind: "pending", reason: "payload" } });
	const snapshot = await seal(saved([...base.changes, change.change]), [untrue.hash]);
	await notes.store.putEntries([snapshot]);
	expect(await notes.explain(untrue.hash)).toMatchObject({ verdict: { kind: "accepted" } });
	expect((await notes.getDocument(id))?.getData()).toMatchObject({ no: 6 });
	// A state of the past then begins with this one, and meets the payload beside it.
	await notes.store.putEntries([await seal(saved(base.changes))]);
	await alice.reopen();
	notes = await alice.db();
	expect((await notes.getDocumentAtTimestamp(id, Number.MAX_SAFE_INTEGER))?.getData()).toMatchObject({ no: 6 });
	await alice.reopen();
	notes = await alice.db();
	await notes.changeDoc(id, (draft) => {
		draft.after = true;
	});
	expect((await notes.getDocument(id))?.getData()).toMatchObject({ no: 6, after: true });
});

it("a snapshot whose changes are true, and whose list stands in another order, is set aside", async () => {
	({ id } = await notes.createDocument({ list: [1, 2, 3] }));
	await copy.pullChangesFrom(notes.store);
	base = await writer.base(id);
	const snapshot = await seal(await forgedDocument(saved(base.changes), swapped));
	await notes.store.putEntries([snapshot]);
	expect(await notes.getAllChangeHashesForDoc(id, true)).toHaveLength(2);
	await alice.reopen();
	notes = await alice.db();
	await notes.changeDoc(id, (draft) => {
		draft.after = true;
	});
	expect((await notes.getDocument(id))?.getData()).toEqual({ list: [1, 2, 3], after: true });
});
