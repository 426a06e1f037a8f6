/** Snapshots where rights, keys or what is there change after they were taken. */
import { type AliceAndBob, aliceAndBob, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import { HostileWriter } from "../hostile-writer.test.js";
import type { MindooDB } from "../mindoo-db.js";
import type { SnapshotPolicy } from "./policy.js";

let world: AliceAndBob;
let alice: TestReplica;
let bob: TestReplica;

beforeEach(async () => {
	world = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	({ alice, bob } = world);
	await world.notes.close();
});

afterEach(() => world.fixture.close());

const open = (replica: TestReplica, snapshots: SnapshotPolicy | "off"): Promise<MindooDB> =>
	replica.tenant.openDB("notes", { snapshots });

async function edit(db: MindooDB, docId: string, count: number, key = "no"): Promise<void> {
	for (let no = 0; no < count; no++) {
		await db.changeDoc(docId, (draft) => {
			draft[key] = no;
		});
	}
}

/** Entry types of a document, in order of arrival. */
async function typesOf(db: MindooDB, docId: string, fromLastSnapshot = false): Promise<string[]> {
	const entries = await db.store.getEntries(await db.getAllChangeHashesForDoc(docId, fromLastSnapshot));
	return entries.map((entry) => (entry.kind === "entry" && entry.fields?.entryType) || entry.kind);
}

/** The database once more, cold and without writing snapshots. */
async function again(replica: TestReplica, db: MindooDB): Promise<MindooDB> {
	await db.close();
	return open(replica, "off");
}

/** Another device of Alice's revokes Bob, and has seen nothing of the database. */
async function revokeBob(): Promise<void> {
	const tablet = await world.fixture.device("tablet", alice);
	const directory = await tablet.directory();
	await directory.db.pullChangesFrom((await alice.directory()).store);
	await directory.revokeUser("bob", { ...world.fixture.administrator, withoutDatabases: ["notes"] });
	await (await alice.directory()).db.pullChangesFrom(directory.store);
}

it("a snapshot of entries under two versions of the key passes at another member's", async () => {
	const notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	await edit(notes, id, 3);
	await (await alice.directory()).rotateKey("default");
	await edit(notes, id, 4);
	await notes.close();
	await bob.level(alice);
	let copy = await bob.db();
	expect(await typesOf(copy, id, true)).toEqual(["doc_snapshot"]);
	copy = await again(bob, copy);
	await edit(copy, id, 1, "after");
	expect((await copy.getDocument(id))?.getData()).toEqual({ no: 3, after: 0 });
});

it("a snapshot that comes before what it covers counts once that is there", async () => {
	let notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	await edit(notes, id, 6);
	notes = await again(alice, notes);
	const copy = await bob.db();
	const entries = await notes.store.getEntries(await notes.getAllChangeHashesForDoc(id));
	const [snapshot] = await notes.getAllChangeHashesForDoc(id, true);
	for (const entry of entries.toReversed()) await copy.store.putEntries([entry]);
	expect(await copy.explain(snapshot as string)).toMatchObject({ verdict: { kind: "accepted" } });
	expect(await typesOf(copy, id, true)).toEqual(["doc_snapshot"]);
	expect((await copy.getDocument(id))?.getData()).toEqual({ no: 5 });
});

it("a snapshot is refused with what it covers, and counts again after a pardon", async () => {
	let notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	const copy = await open(bob, "off");
	await copy.pullChangesFrom(notes.store);
	await edit(copy, id, 2, "bob");
	await notes.pullChangesFrom(copy.store);
	await edit(notes, id, 6);
	notes = await again(alice, notes);
	expect(await typesOf(notes, id, true)).toEqual(["doc_snapshot"]);
	await revokeBob();
	for (const _ of ["as it was", "cold"]) {
		expect((await notes.getDocument(id))?.getData()).toEqual({ no: -1 });
		expect(await typesOf(notes, id, true)).toHaveLength(10);
		notes = await again(alice, notes);
	}
	const refused = [];
	for await (const each of notes.refusedDocuments()) refused.push(...each.heads);
	await (await alice.directory()).acceptEntries({ dbId: "notes", entries: refused });
	expect(await typesOf(notes, id, true)).toEqual(["doc_snapshot"]);
	notes = await again(alice, notes);
	await edit(notes, id, 1, "after");
	expect((await notes.getDocument(id))?.getData()).toEqual({ no: 5, bob: 1, after: 0 });
});

it("what is refused after a snapshot was taken keeps its verdict when the document is loaded from it", async () => {
	let notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	await edit(notes, id, 3);
	await bob.level(alice);
	const writer = await HostileWriter.of(bob);
	const { changes, entryOfChange } = await writer.base(id);
	const crdt = CrdtDocument.create("00".repeat(24));
	crdt.apply(changes);
	const dependencyHashes = crdt.heads.map((head) => entryOfChange.get(head) as string);
	const foreign = await writer.seal({ docId: id, entryType: "doc_snapshot", plaintext: crdt.save(), dependencyHashes });
	crdt.free();
	await notes.store.putEntries([foreign]);
	await edit(notes, id, 3);
	notes = await again(alice, notes);
	await revokeBob();
	for (let round = 0; round < 3; round++) {
		expect(await notes.explain(foreign.hash)).toMatchObject({ verdict: { kind: "refused", reason: "revoked" } });
		notes = await again(alice, notes);
		await edit(notes, id, 1, "cold");
		expect((await typesOf(notes, id, true)).slice(0, 1)).toEqual(["doc_snapshot"]);
	}
});

it("a snapshot that is due when its document is erased for everybody leaves nothing of it", async () => {
	const notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	await edit(notes, id, 6);
	const directory = await alice.directory();
	const asked = directory.requestPurge({ dbId: "notes", docId: id });
	alice.clock.advance(2000);
	await asked;
	const cold = await again(alice, notes);
	expect(new Set(await typesOf(cold, id))).toEqual(new Set(["stub"]));
	expect(await cold.getDocument(id)).toBeUndefined();
});

it("what was locked behind a snapshot opens when its key comes while the document is not in memory", async () => {
	const second = new Uint8Array(32).fill(2);
	for (const { keyBag } of [alice, bob]) {
		keyBag.set("late", new Uint8Array(32).fill(1), 1);
		await keyBag.settled();
	}
	let notes = await open(alice, { changes: 5 });
	const { id } = await notes.createEncryptedDocument("late", { no: -1 });
	await edit(notes, id, 5);
	notes = await again(alice, notes);
	alice.keyBag.set("late", second, 2);
	await alice.keyBag.settled();
	await edit(notes, id, 1, "locked");
	await bob.level(alice);
	let copy = await again(bob, await bob.db());
	expect((await typesOf(copy, id, true))[0]).toBe("doc_snapshot");
	expect((await copy.getDocument(id))?.getData()).toEqual({ no: 4 });
	await copy.close();
	bob.keyBag.set("late", second, 2);
	await bob.keyBag.settled();
	copy = await open(bob, "off");
	expect((await copy.getDocument(id))?.getData()).toEqual({ no: 4, locked: 0 });
	await edit(copy, id, 1, "after");
	expect((await copy.getDocument(id))?.getData()).toEqual({ no: 4, locked: 0, after: 0 });
});
