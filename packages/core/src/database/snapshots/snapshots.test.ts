import { type AliceAndBob, aliceAndBob, type CountingLevel, countingLevel, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { automergeVersion } from "../../automerge/automerge-version.js";
import type { Crypto } from "../../crypto/crypto.js";
import type { MindooDB } from "../mindoo-db.js";
import type { SnapshotPolicy } from "./policy.js";
import { readSnapshots } from "./snapshot-rows.js";

let world: AliceAndBob;
let alice: TestReplica;
let bob: TestReplica;
/** The engine that each replica opened last. */
let levels: Map<string, CountingLevel>;

beforeEach(async () => {
	levels = new Map();
	const newStores = (crypto: Crypto, replica: string) =>
		memoryStores(crypto, {
			wrapLevel(level) {
				const counting = countingLevel(level);
				levels.set(replica, counting);
				return counting.level;
			},
		});
	world = await aliceAndBob({ env: await nodeEnv(), newStores });
	({ alice, bob } = world);
	await world.notes.close();
});

afterEach(() => world.fixture.close());

const open = (replica: TestReplica, snapshots: SnapshotPolicy | "off"): Promise<MindooDB> =>
	replica.tenant.openDB("notes", { snapshots });

/** Entry types of a document, in order of arrival. */
async function typesOf(db: MindooDB, docId: string, fromLastSnapshot = false): Promise<string[]> {
	const hashes = await db.getAllChangeHashesForDoc(docId, fromLastSnapshot);
	const entries = await db.store.getEntries(hashes);
	return entries.map((entry) => (entry.kind === "entry" && entry.fields?.entryType) || entry.kind);
}

async function edit(db: MindooDB, docId: string, count: number, key = "no"): Promise<void> {
	for (let no = 0; no < count; no++) {
		await db.changeDoc(docId, (draft) => {
			draft[key] = no;
		});
	}
}

it("a snapshot follows N changes, behind them, and the document goes on from it", async () => {
	let db = await open(alice, { changes: 10 });
	const { id } = await db.createDocument({ no: -1 });
	await edit(db, id, 12);
	expect(await typesOf(db, id)).toHaveLength(13);
	await db.close();
	db = await open(alice, { changes: 10 });
	expect(await typesOf(db, id, true)).toEqual(["doc_snapshot"]);
	await edit(db, id, 3);
	expect(await typesOf(db, id, true)).toEqual(["doc_snapshot", "doc_change", "doc_change", "doc_change"]);
	const [snapshot] = await db.getAllChangeHashesForDoc(id, true);
	const last = (await db.getAllChangeHashesForDoc(id)).at(-1) as string;
	const near = await db.store.resolveDependencies(last, { stopAtEntryType: "doc_snapshot" });
	expect([near.length, near.at(-1)]).toEqual([4, snapshot]);
	expect((await db.getDocument(id))?.getData()).toEqual({ no: 2 });
});

/** What Bob needs to know of `id`, from Alice. */
async function pull(from: MindooDB, to: MindooDB): Promise<void> {
	await to.pullChangesFrom(from.store);
}

it("another member's snapshot counts once it was checked, and is loaded with what it does not cover", async () => {
	const notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	let copy = await open(bob, "off");
	await pull(notes, copy);
	await edit(copy, id, 4, "bob");
	await edit(notes, id, 6, "alice");
	alice.clock.advance(2000);
	await expect.poll(() => typesOf(notes, id, true)).toEqual(["doc_snapshot"]);
	await pull(notes, copy);
	expect(await typesOf(copy, id, true)).toEqual([...Array(4).fill("doc_change"), "doc_snapshot"]);
	await copy.close();
	copy = await open(bob, "off");
	await edit(copy, id, 1, "after");
	await pull(copy, notes);
	for (const db of [notes, copy]) {
		expect((await db.getDocument(id))?.getData()).toEqual({ no: -1, alice: 5, bob: 3, after: 0 });
	}
});

it("snapshots of two branches load together, and no branch is lost", async () => {
	const notes = await open(alice, { changes: 5 });
	const copy = await open(bob, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	await pull(notes, copy);
	await edit(copy, id, 6, "bob");
	await edit(notes, id, 6, "alice");
	for (const { clock } of [alice, bob]) clock.advance(2000);
	for (const db of [notes, copy]) await expect.poll(() => typesOf(db, id, true)).toEqual(["doc_snapshot"]);
	await pull(notes, copy);
	expect(await typesOf(copy, id, true)).toEqual(["doc_snapshot", "doc_snapshot"]);
	await copy.close();
	const again = await open(bob, "off");
	await edit(again, id, 1, "after");
	expect((await again.getDocument(id))?.getData()).toEqual({ no: -1, alice: 5, bob: 5, after: 0 });
});

it("a cold load reads the snapshot and what it does not cover, however long the document is", async () => {
	const figures: number[][] = [];
	for (const changes of [20, 200]) {
		let notes = await open(alice, { changes: 10 });
		const { id } = await notes.createDocument({ no: -1 });
		await edit(notes, id, changes);
		await notes.close();
		notes = await open(alice, "off");
		const level = levels.get("alice") as CountingLevel;
		level.reset();
		await edit(notes, id, 1);
		figures.push([level.counts.gets, level.counts.rows]);
		await notes.close();
	}
	expect(figures[1]).toEqual(figures[0]);
});

it("a remote edit after a cold load is judged with all that it builds on", async () => {
	let notes = await open(alice, { changes: 5 });
	const copy = await open(bob, "off");
	const { id } = await notes.createDocument({ no: -1 });
	await edit(notes, id, 3);
	await pull(notes, copy);
	await edit(notes, id, 5);
	await notes.close();
	notes = await open(alice, "off");
	await edit(notes, id, 1, "cold");
	await edit(copy, id, 2, "bob");
	await pull(copy, notes);
	await edit(notes, id, 1, "after");
	await pull(notes, copy);
	for (const db of [notes, copy]) {
		expect((await db.getDocument(id))?.getData()).toEqual({ no: 4, cold: 0, bob: 1, after: 0 });
	}
});

it("two async edits at once after a cold load both count", async () => {
	let notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	await edit(notes, id, 6);
	await notes.close();
	notes = await open(alice, "off");
	const later = (key: string) =>
		notes.changeDoc(id, async (draft) => {
			await notes.getAllDocumentIds();
			draft[key] = true;
		});
	await Promise.all([later("a"), later("b")]);
	expect((await notes.getDocument(id))?.getData()).toEqual({ no: 5, a: true, b: true });
});

it("a deleted document is still deleted after a cold load, and comes back", async () => {
	let notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	for (const round of [1, 2]) {
		await edit(notes, id, 5);
		await notes.deleteDocument(id);
		await notes.close();
		notes = await open(alice, { changes: 5 });
		await expect(edit(notes, id, 1)).rejects.toMatchObject({ code: "document-deleted" });
		await notes.undeleteDocument(id);
		await edit(notes, id, 6, `round ${round}`);
		await notes.close();
		notes = await open(alice, { changes: 5 });
		await edit(notes, id, 1);
		expect((await notes.getDocument(id))?.isDeleted).toBe(false);
	}
});

it("a snapshot follows an interval, and when the changes since outweigh it, and never when they are off", async () => {
	const written: number[] = [];
	for (const policy of [{ interval: 60_000 }, { outweighed: true }, "off"] as const) {
		const notes = await open(alice, policy);
		const { id } = await notes.createDocument({ no: -1 });
		await edit(notes, id, 2);
		alice.clock.advance(61_000);
		await notes.changeDoc(id, (draft) => {
			draft.text = "long ".repeat(policy === "off" ? 1 : 20_000 * Number("outweighed" in policy) + 1);
		});
		await notes.close();
		const again = await open(alice, "off");
		written.push((await typesOf(again, id)).filter((type) => type === "doc_snapshot").length);
		await again.close();
	}
	expect(written).toEqual([1, 1, 0]);
});

it("a purge takes along what is known of the snapshots", async () => {
	const { tenantRoot } = alice.tenant.identity;
	const store = await alice.env.stores.open({ tenantRoot, dbId: "notes", purpose: "documents" });
	const notes = await alice.tenant.openDB("notes", { docStore: store, snapshots: { changes: 5 } });
	const { id } = await notes.createDocument({ no: -1 });
	await edit(notes, id, 6);
	alice.clock.advance(2000);
	await expect.poll(() => typesOf(notes, id, true)).toEqual(["doc_snapshot"]);
	await edit(notes, id, 6);
	alice.clock.advance(2000);
	await expect.poll(() => typesOf(notes, id)).toHaveLength(15);
	const known = (kind: 0x40 | 0x41) => readSnapshots(store.rows, 1, automergeVersion(), kind);
	expect([await known(0x40), await known(0x41)]).toMatchObject([[{ kind: "counted" }], [{ kind: "counted" }]]);
	await notes.store.purgeDocHistory(id);
	expect([await known(0x40), await known(0x41)]).toEqual([[], []]);
});

it("a policy that makes no sense is refused", async () => {
	for (const policy of [{ changes: 0 }, { changes: 1.5 }, { interval: -1 }, { interval: Number.NaN }]) {
		await expect(open(alice, policy)).rejects.toMatchObject({ name: "UsageError" });
	}
});
