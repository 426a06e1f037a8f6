/** Documents with more heads than one entry can name: the writer joins them first. Source: docs/decisions/0015-joining-heads.md. */
import {
	type CountingLevel,
	countingLevel,
	type FaultyLevel,
	faultyLevel,
	observe,
	TenantFixture,
	type TestReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Entry } from "../../entry/entry.js";
import { HostileWriter } from "../hostile-writer.test.js";
import type { MindooDB } from "../mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let carol: TestReplica;
let notes: MindooDB;
/** Under Alice's documents. */
let disk: FaultyLevel;
/** What was asked of the engines of a replica, the directory's first. */
let counting: Map<string, CountingLevel[]>;

beforeEach(async () => {
	const disks: FaultyLevel[] = [];
	counting = new Map();
	fixture = await TenantFixture.create({
		env: await nodeEnv(),
		creator: "alice",
		newStores: (crypto, replica) =>
			memoryStores(crypto, {
				wrapLevel(level) {
					const faulty = faultyLevel(level);
					disks.push(faulty);
					const counted = countingLevel(faulty.level);
					counting.set(replica, [...(counting.get(replica) ?? []), counted]);
					return counted.level;
				},
			}),
	});
	alice = fixture.creator;
	notes = await alice.db();
	disk = disks[1] as FaultyLevel;
	bob = await fixture.member("bob");
	carol = await fixture.member("carol");
});

afterEach(() => fixture.close());

type Make = (writer: HostileWriter, nth: number, signed: boolean) => Promise<Entry>;

/** Entries that know nothing of one another, half of them by Bob, half by Carol; the last one of each is signed. */
async function apart(count: number, make: Make): Promise<Entry[]> {
	const entries: Entry[] = [];
	for (const author of [bob, carol]) {
		const writer = await HostileWriter.of(author);
		for (let nth = 0; nth < count / 2; nth++) entries.push(await make(writer, nth, nth === count / 2 - 1));
	}
	return entries;
}

async function put(entries: readonly Entry[]): Promise<void> {
	expect((await notes.store.putEntries(entries)).refused).toEqual([]);
}

/** A new document, and so many changes upon it that give the title another value, and make a field each. */
async function documentAndChanges(count: number): Promise<{ id: string; changes: Entry[] }> {
	const { id } = await notes.createDocument({ title: 0 });
	for (const replica of [bob, carol]) await alice.level(replica);
	const base = await (await HostileWriter.of(bob)).base(id);
	const changes = await apart(count, async (writer, nth, signed) => {
		const change = writer.change(base, await writer.actor(), (draft) => {
			draft.title = nth;
			draft[`${writer.replica.name} ${nth}`] = nth;
		});
		return writer.seal({ docId: id, changes: [change], dependencyHashes: writer.dependencies(base, change), signed });
	});
	return { id, changes };
}

async function manyHeads(count: number): Promise<string> {
	const { id, changes } = await documentAndChanges(count);
	await put(changes);
	expect((await notes.getDocument(id))?.heads).toHaveLength(count);
	return id;
}

async function dataOf(docId: string): Promise<Record<string, unknown>> {
	return (await notes.getDocument(docId))?.getData() as Record<string, unknown>;
}

async function hashesOf(docId: string): Promise<readonly string[]> {
	return notes.getAllChangeHashesForDoc(docId);
}

/** What Alice wrote to a document since it had so many entries. */
async function writtenSince(docId: string, entries: number) {
	const hashes = (await hashesOf(docId)).slice(entries);
	const written = await notes.store.getEntries(hashes);
	return written.map((entry) => {
		if (entry.kind !== "entry" || entry.fields === undefined) throw new Error("expected entries of this version");
		expect(entry.common.createdByPublicKey).toBe(alice.publicKey);
		return { entryType: entry.fields.entryType, dependencies: entry.fields.dependencyHashes.length };
	});
}

/** After a restart, at a member who is levelled, and at a replica who gets everything in the opposite order, all of it accepted. */
async function sameEverywhere(): Promise<void> {
	const here = await observe(notes);
	expect(new Set(Object.values(here.verdicts).map(({ kind }) => kind))).toEqual(new Set(["accepted"]));
	await alice.reopen();
	notes = await alice.db();
	expect(await observe(notes)).toEqual(here);
	await alice.level(bob);
	expect(await observe(await bob.db())).toEqual(here);
	const late = await fixture.relay("late", ["directory", "default"]);
	await (await late.directory()).db.pullChangesFrom((await alice.directory()).store);
	const { store } = await late.db();
	const hashes: string[] = [];
	for (const docId of await notes.getAllDocumentIds()) hashes.push(...[...(await hashesOf(docId))].reverse());
	// By the thousand, so that joins arrive before most of what they join.
	for (let from = 0; from < hashes.length; from += 1000) {
		await store.putEntries(await notes.store.getEntries(hashes.slice(from, from + 1000)));
	}
	expect(await observe(await late.db())).toEqual(here);
}

it("3,000 heads are joined before an edit, as many at a time as an entry can name, and the next edit finds one", async () => {
	const id = await manyHeads(3000);
	const before = await dataOf(id);
	const entries = (await hashesOf(id)).length;
	await notes.changeDoc(id, (draft) => {
		draft.title = "edited";
	});
	await notes.changeDoc(id, (draft) => {
		draft.more = true;
	});
	expect(await dataOf(id)).toEqual({ ...before, title: "edited", more: true });
	expect(await writtenSince(id, entries)).toEqual([
		{ entryType: "doc_change", dependencies: 1023 },
		{ entryType: "doc_change", dependencies: 1023 },
		// Those that are left, the second join, and the last change of Alice's own actor.
		{ entryType: "doc_change", dependencies: 955 + 1 + 1 },
		{ entryType: "doc_change", dependencies: 1 },
	]);
	await notes.deleteDocument(id);
	await notes.undeleteDocument(id);
	expect(await dataOf(id)).toEqual({ ...before, title: "edited", more: true });
	await sameEverywhere();
});

it("heads are joined before a delete and before an undelete", async () => {
	const id = await manyHeads(1100);
	const before = await dataOf(id);
	const entries = (await hashesOf(id)).length;
	await notes.deleteDocument(id);
	expect((await notes.getDocument(id))?.isDeleted).toBe(true);
	await notes.undeleteDocument(id);
	expect((await notes.getDocument(id))?.isDeleted).toBe(false);
	expect(await dataOf(id)).toEqual(before);
	expect(await writtenSince(id, entries)).toEqual([
		{ entryType: "doc_change", dependencies: 1023 },
		{ entryType: "doc_delete", dependencies: 77 + 1 },
		{ entryType: "doc_change", dependencies: 77 + 1 + 1 + 1 },
	]);
	await sameEverywhere();
});

it("a deleted document with more heads than fit is undeleted", async () => {
	const id = await manyHeads(1024);
	const [create = ""] = await hashesOf(id);
	await put(
		await apart(2, (writer) => writer.seal({ docId: id, entryType: "doc_delete", dependencyHashes: [create] })),
	);
	await expect(notes.changeDoc(id, () => {})).rejects.toMatchObject({ code: "document-deleted" });
	const entries = (await hashesOf(id)).length;
	await notes.undeleteDocument(id);
	expect((await notes.getDocument(id))?.isDeleted).toBe(false);
	expect(await writtenSince(id, entries)).toEqual([
		{ entryType: "doc_change", dependencies: 1023 },
		{ entryType: "doc_change", dependencies: 1 + 1 + 1 + 2 },
	]);
	await sameEverywhere();
});

it("more deletes than one change can lift beside its heads are lifted by several, in one write", async () => {
	const id = await manyHeads(1022);
	const [create = ""] = await hashesOf(id);
	const lone = { docId: id, entryType: "doc_delete", dependencyHashes: [create] } as const;
	await put(await apart(1500, (writer, _, signed) => writer.seal({ ...lone, signed })));
	const entries = (await hashesOf(id)).length;
	disk.failWrites({ after: 1 });
	await notes.undeleteDocument(id);
	disk.repair();
	expect((await notes.getDocument(id))?.isDeleted).toBe(false);
	expect(await writtenSince(id, entries)).toEqual([
		{ entryType: "doc_change", dependencies: 1022 + 1 + 1 },
		{ entryType: "doc_change", dependencies: 1 + 1023 },
		{ entryType: "doc_change", dependencies: 1 + 1500 - 1 - 1023 },
	]);
	await sameEverywhere();
});

it("edits at once, also async ones and one that throws, find the heads joined by the first", async () => {
	const id = await manyHeads(1100);
	const before = await dataOf(id);
	const entries = (await hashesOf(id)).length;
	const results = await Promise.allSettled([
		notes.changeDoc(id, (draft) => {
			draft.first = 1;
		}),
		notes.changeDoc(id, async (draft) => {
			await undefined;
			draft.second = 2;
		}),
		notes.changeDoc(id, () => {
			throw new Error("thought better of it");
		}),
		notes.deleteDocument("no such document"),
	]);
	expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
	expect(await dataOf(id)).toEqual({ ...before, first: 1, second: 2 });
	const written = await writtenSince(id, entries);
	expect(written.filter(({ dependencies }) => dependencies > 100)).toEqual([
		{ entryType: "doc_change", dependencies: 1023 },
	]);
	await sameEverywhere();
});

it("a join that fails leaves nothing, and one whose edit fails a document that shows the same", async () => {
	const id = await manyHeads(1100);
	const before = await dataOf(id);
	const entries = (await hashesOf(id)).length;
	const edit = (draft: Record<string, unknown>) => {
		draft.title = "edited";
	};
	disk.failWrites();
	await expect(notes.changeDoc(id, edit)).rejects.toMatchObject({ code: "store-io" });
	disk.repair();
	expect(await hashesOf(id)).toHaveLength(entries);
	expect(await dataOf(id)).toEqual(before);

	disk.failWrites({ after: 1, times: 1 });
	await expect(notes.changeDoc(id, edit)).rejects.toMatchObject({ code: "store-io" });
	disk.repair();
	expect(await writtenSince(id, entries)).toEqual([{ entryType: "doc_change", dependencies: 1023 }]);
	expect(await dataOf(id)).toEqual(before);
	await sameEverywhere();
	await notes.changeDoc(id, edit);
	expect(await dataOf(id)).toEqual({ ...before, title: "edited" });
});

it("an own change that waits to be written is joined like others", async () => {
	const { id, changes } = await documentAndChanges(1100);
	let finish = () => {};
	const slow = notes.changeDoc(id, async (draft) => {
		for (let i = 0; i < 50; i++) draft[`slow ${i}`] = i;
		await new Promise<void>((resolve) => {
			finish = resolve;
		});
	});
	await put(changes);
	expect((await notes.getDocument(id))?.heads).toHaveLength(1100);
	// So many that the slow change has to wait for a later group.
	const crowd = notes.createDocuments(Array.from({ length: 1000 }, () => ({})));
	finish();
	for (let turn = 0; turn < 20; turn++) await undefined;
	await notes.changeDoc(id, (draft) => {
		draft.after = true;
	});
	await Promise.all([crowd, slow]);
	expect(await dataOf(id)).toMatchObject({ "slow 49": 49, after: true, "carol 549": 549 });
	expect((await notes.getDocument(id))?.heads).toHaveLength(1);
	await alice.level(bob);
	const there = await (await bob.db()).getDocument(id);
	expect(there?.getData()).toEqual(await dataOf(id));
});

it("a join that comes before what it joins is not judged anew for each of them", async () => {
	const id = await manyHeads(1100);
	await notes.changeDoc(id, (draft) => {
		draft.more = true;
	});
	const entries = await notes.store.getEntries(await hashesOf(id));
	const late = await fixture.relay("late", ["directory", "default"]);
	await (await late.directory()).db.pullChangesFrom((await alice.directory()).store);
	const db = await late.db();
	const [, counted] = counting.get("late") as [CountingLevel, CountingLevel];
	const [create, ...others] = entries as [Entry, ...Entry[]];
	const [joined, missing, joins] = [others.slice(550, 1100), others.slice(0, 550), others.slice(1100)];
	await db.store.putEntries([...joins, ...joined]);
	expect(await db.getDocument(id)).toBeUndefined();
	counted.reset();
	await db.store.putEntries([create]);
	expect((await db.getDocument(id))?.getData()).toMatchObject({ "carol 549": 549 });
	// The join looks for what is missing once or twice.
	expect(counted.counts.gets).toBeLessThan(10 * 1100);
	await db.store.putEntries(missing);
	expect(await observe(db)).toEqual(await observe(notes));
});
