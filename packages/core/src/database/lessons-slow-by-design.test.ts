/** What made others slow, counted and never timed: reads, writes, syncs, bytes, CRDT loads. Numbers are those of docs/lessons.md. */
import {
	type CountingLevel,
	countingLevel,
	countingStore,
	setField,
	TenantFixture,
	type TestReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CrdtDocument } from "../automerge/crdt-document.js";
import type { MindooDB } from "./mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let notes: MindooDB;
/** Engines by replica, in the order in which they were opened: directory, notes. */
let levels: Map<string, CountingLevel[]>;

beforeEach(async () => {
	levels = new Map();
	fixture = await TenantFixture.create({
		env: await nodeEnv(),
		creator: "alice",
		newStores: (crypto, replica) =>
			memoryStores(crypto, {
				wrapLevel(level) {
					const counting = countingLevel(level);
					levels.set(replica, [...(levels.get(replica) ?? []), counting]);
					return counting.level;
				},
			}),
	});
	alice = fixture.creator;
	notes = await alice.db();
});

afterEach(async () => {
	vi.restoreAllMocks();
	await fixture.close();
});

/** What was asked of the engine of `notes` during a task. */
async function counted(replica: TestReplica, task: () => Promise<unknown>) {
	const level = levels.get(replica.name)?.[1] as CountingLevel;
	level.reset();
	await task();
	return { ...level.counts };
}

async function flushed(replica: TestReplica): Promise<void> {
	replica.clock.advance(5000);
	await (await replica.db()).syncStoreChanges();
}

it("lesson 30: one durable batch for a write, one for all that wait together, and opening reads the same for any number", async () => {
	const { id } = await notes.createDocument({ title: "a", count: 0 });
	await notes.changeDoc(id, setField("count", 1));
	const one = await counted(alice, () => notes.changeDoc(id, setField("count", 2)));
	expect([one.batches, one.syncs]).toEqual([1, 1]);
	expect(one.puts).toBeLessThanOrEqual(9);
	expect(one.bytesWritten).toBeLessThan(1000);
	const many = await counted(alice, () => notes.createDocuments(Array.from({ length: 200 }, (_, i) => ({ i }))));
	expect(many.syncs).toBeLessThanOrEqual(3);
	const opened: number[][] = [];
	for (const documents of [200, 1000]) {
		await notes.createDocuments(Array.from({ length: documents }, (_, i) => ({ i })));
		await flushed(alice);
		const counts = await counted(alice, async () => {
			await alice.reopen();
			notes = await alice.db();
			await notes.getDocument(id);
		});
		opened.push([counts.reads, counts.iterators, counts.rows]);
	}
	expect(opened[1]?.[0]).toBeLessThanOrEqual((opened[0]?.[0] as number) + 5);
	expect(opened[1]?.[1]).toBeLessThanOrEqual((opened[0]?.[1] as number) + 5);
	expect(opened[1]?.[2]).toBeLessThanOrEqual((opened[0]?.[2] as number) + 5);
});

it("lesson 31: an edit neither reads its document's history nor writes the document anew", async () => {
	const { id } = await notes.createDocument({ body: "x".repeat(100_000), count: 0 });
	const costs: {
		readonly rows: number;
		readonly bytesRead: number;
		readonly bytesWritten: number;
		readonly puts: number;
	}[] = [];
	for (let edit = 0; edit < 300; edit++) {
		const counts = await counted(alice, () => notes.changeDoc(id, setField("count", edit)));
		if (edit === 10 || edit === 299) costs.push(counts);
	}
	const [early, late] = costs as [(typeof costs)[number], (typeof costs)[number]];
	expect(late.rows).toBe(early.rows);
	expect(late.bytesRead).toBeLessThan(2000);
	expect(late.bytesWritten).toBeLessThan(2000);
	expect(Math.abs(late.bytesWritten - early.bytesWritten)).toBeLessThan(200);
	expect(late.puts).toBe(early.puts);
});

it("lesson 32: nothing is sent twice, and a push after a push looks at nothing again", async () => {
	await notes.createDocuments(Array.from({ length: 400 }, (_, i) => ({ i })));
	const relay = await fixture.relay();
	await (await relay.directory()).db.pullChangesFrom((await alice.directory()).store);
	const first = countingStore((await relay.db()).store);
	expect((await notes.pushChangesTo(first.store)).sent).toBe(400);
	expect(first.items.putEntries).toBe(400);
	expect(first.items.hasEntries).toBe(400);
	const again = countingStore((await relay.db()).store);
	const counts = await counted(alice, () => notes.pushChangesTo(again.store));
	expect([again.items.putEntries, again.items.hasEntries]).toEqual([undefined, undefined]);
	expect(counts.rows).toBeLessThanOrEqual(2);
	expect(counts.gets).toBeLessThanOrEqual(8);
	await notes.createDocument({ i: 400 });
	const one = countingStore((await relay.db()).store);
	expect((await notes.pushChangesTo(one.store)).sent).toBe(1);
	expect([one.items.putEntries, one.items.hasEntries]).toEqual([1, 1]);
});

it("lesson 33: a sync that finds one difference, or none, exchanges no list of everything", async () => {
	await notes.createDocuments(Array.from({ length: 600 }, (_, i) => ({ i })));
	const bob = await fixture.member("bob");
	const theirs = await bob.db();
	await theirs.pullChangesFrom(notes.store);
	const idle = countingStore(notes.store);
	const nothing = await counted(alice, () => theirs.pullChangesFrom(idle.store));
	expect(Object.keys(idle.calls).sort()).toEqual(["identity", "position"]);
	expect(nothing.rows + nothing.gets).toBeLessThanOrEqual(8);
	await notes.createDocument({ i: 600 });
	const one = countingStore(notes.store);
	const cost = await counted(bob, () => theirs.pullChangesFrom(one.store));
	expect([one.calls.getAllHashes, one.calls.findNewEntries, one.items.entriesAfter]).toEqual([undefined, undefined, 1]);
	expect(cost.rows + cost.gets).toBeLessThanOrEqual(80);
});

it("lesson 34: neither a list nor a read loads the CRDT", async () => {
	const docs = await notes.createDocuments(Array.from({ length: 100 }, (_, i) => ({ i, text: `text ${i}` })));
	const { id } = docs[7] as { readonly id: string };
	await notes.changeDoc(id, setField("text", "edited"));
	await flushed(alice);
	await alice.reopen();
	notes = await alice.db();
	const made = vi.spyOn(CrdtDocument, "create");
	const loaded = vi.spyOn(CrdtDocument, "load");
	let listed = 0;
	for await (const doc of notes.iterateDocuments()) listed += Object.keys(doc.getData()).length;
	expect(listed).toBe(200);
	expect(await notes.getAllDocumentIds()).toHaveLength(100);
	expect((await notes.getDocument(id))?.getData()).toEqual({ i: 7, text: "edited" });
	for await (const { doc } of notes.iterateChangesSince()) expect(doc).toBeDefined();
	await notes.createDocument({ i: 100, text: "another" });
	expect(made.mock.calls.length + loaded.mock.calls.length).toBe(0);
	// The spies see it when one is loaded.
	await notes.changeDoc(id, setField("text", "again"));
	expect(made.mock.calls.length + loaded.mock.calls.length).toBeGreaterThan(0);
});
