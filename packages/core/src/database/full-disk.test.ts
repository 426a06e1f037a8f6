/** A disk that is full, or breaks, under a whole database: what was acknowledged stays, what failed is told, and it goes on. */
import { type FaultyLevel, faultyLevel, TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Level } from "../store/level.js";
import type { LocalStore } from "../store/store.js";
import type { MindooDB } from "./mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let notes: MindooDB;
let disk: FaultyLevel;
let store: LocalStore;
/** Batches are not written before this. */
let hold: Promise<void> | undefined;

function holding(level: Level): Level {
	return {
		open: () => level.open(),
		close: () => level.close(),
		get: (key) => level.get(key),
		getMany: (keys) => level.getMany(keys),
		hasMany: (keys) => level.hasMany(keys),
		iterator: (range) => level.iterator(range),
		batch: () => {
			const batch = level.batch();
			return {
				put: (key, value) => batch.put(key, value),
				del: (key) => batch.del(key),
				write: async (options) => {
					await hold;
					await batch.write(options);
				},
				close: () => batch.close(),
			};
		},
	};
}

/** Ids in the order of the change feed. */
async function fed(): Promise<string[]> {
	const ids: string[] = [];
	for await (const { docId } of notes.iterateChangesSince()) ids.push(docId);
	return ids;
}

beforeEach(async () => {
	const levels: FaultyLevel[] = [];
	hold = undefined;
	fixture = await TenantFixture.create({
		env: await nodeEnv(),
		creator: "alice",
		newStores: (crypto) => {
			const stores = memoryStores(crypto, {
				wrapLevel(level) {
					const faulty = faultyLevel(holding(level));
					levels.push(faulty);
					return faulty.level;
				},
			});
			return { ...stores, open: async (options) => (store = await stores.open(options)) };
		},
	});
	alice = fixture.creator;
	notes = await alice.db();
	disk = levels[1] as FaultyLevel;
});

afterEach(() => fixture.close());

const add = (value: number) => (draft: Record<string, unknown>) => void (draft.list as number[]).push(value);

async function listOf(db: MindooDB, docId: string): Promise<unknown> {
	return (await db.getDocument(docId))?.getData().list;
}

it("a write that fails is rejected, shows nowhere, and the next one counts", async () => {
	const { id } = await notes.createDocument({ list: [1] });
	await notes.changeDoc(id, add(2));
	disk.failWrites();
	await expect(notes.changeDoc(id, add(3))).rejects.toMatchObject({ code: "store-io" });
	await expect(notes.createDocument({ list: [] })).rejects.toMatchObject({ code: "store-io" });
	await expect(notes.deleteDocument(id)).rejects.toMatchObject({ code: "store-io" });
	expect(await listOf(notes, id)).toEqual([1, 2]);
	expect((await notes.getDocument(id))?.isDeleted).toBe(false);
	expect(await notes.getAllDocumentIds()).toEqual([id]);
	disk.repair();
	await notes.changeDoc(id, add(4));
	expect(await listOf(notes, id)).toEqual([1, 2, 4]);
	await alice.reopen();
	notes = await alice.db();
	expect(await listOf(notes, id)).toEqual([1, 2, 4]);
	expect(await notes.listForks()).toEqual([]);
	const bob = await fixture.member("bob");
	await alice.level(bob);
	expect(await listOf(await bob.db(), id)).toEqual([1, 2, 4]);
});

it("of many writes at once those that were acknowledged are there, and only those", async () => {
	const { id } = await notes.createDocument({ list: [] });
	const acknowledged: number[] = [];
	for (let round = 0; round < 8; round++) {
		disk.failWrites({ after: round % 4, times: 1 });
		const work = Array.from({ length: 12 }, async (_, i) => {
			// Some wait, so that they fall into other groups.
			if (i % 3 === 0) await new Promise((resolve) => setTimeout(resolve, i));
			await notes.changeDoc(id, add(round * 100 + i));
			acknowledged.push(round * 100 + i);
		});
		const failed = (await Promise.allSettled(work)).filter((each) => each.status === "rejected");
		for (const { reason } of failed) expect(reason).toMatchObject({ name: "StoreError" });
		const list = (await listOf(notes, id)) as number[];
		expect([...list].sort((a, b) => a - b)).toEqual([...acknowledged].sort((a, b) => a - b));
	}
	disk.repair();
	expect(acknowledged.length).toBeGreaterThan(0);
	expect(acknowledged.length).toBeLessThan(96);
	await alice.reopen();
	notes = await alice.db();
	expect([...((await listOf(notes, id)) as number[])].sort((a, b) => a - b)).toEqual(
		[...acknowledged].sort((a, b) => a - b),
	);
	expect(await notes.listForks()).toEqual([]);
});

it("a callback that was waiting when a write failed is told, and changes nothing", async () => {
	const { id } = await notes.createDocument({ list: [] });
	let release: () => void = () => {};
	const gate = new Promise<void>((resolve) => {
		release = resolve;
	});
	const slow = notes.changeDoc(id, async (draft) => {
		(draft.list as number[]).push(1);
		await gate;
		(draft.list as number[]).push(2);
	});
	disk.failWrites({ times: 1 });
	await expect(notes.changeDoc(id, add(3))).rejects.toMatchObject({ code: "store-io" });
	release();
	const outcome = await slow.then(
		() => "written",
		() => "rejected",
	);
	const expected = outcome === "written" ? [1, 2] : [];
	expect(await listOf(notes, id)).toEqual(expected);
	await notes.changeDoc(id, add(4));
	expect(await listOf(notes, id)).toEqual([...expected, 4]);
});

it("entries that come while the disk is full are asked for again", async () => {
	const bob = await fixture.member("bob");
	const theirs = await bob.db();
	const doc = await theirs.createDocument({ list: [1] });
	disk.failWrites();
	await expect(notes.pullChangesFrom(theirs.store)).rejects.toMatchObject({ code: "store-io" });
	expect(await notes.getAllDocumentIds()).toEqual([]);
	disk.repair();
	expect((await notes.pullChangesFrom(theirs.store)).stored).toBe(1);
	expect(await listOf(notes, doc.id)).toEqual([1]);
});

it("a batch that is on disk although its flush failed counts once", async () => {
	const { id } = await notes.createDocument({ list: [] });
	disk.failWrites({ times: 1, written: true });
	await expect(notes.changeDoc(id, add(1))).rejects.toMatchObject({ code: "store-io" });
	await notes.changeDoc(id, add(2));
	await alice.reopen();
	notes = await alice.db();
	const list = (await listOf(notes, id)) as number[];
	expect(list.filter((each) => each === 2)).toEqual([2]);
	expect(list.filter((each) => each === 1).length).toBeLessThanOrEqual(1);
	const bob = await fixture.member("bob");
	await alice.level(bob);
	expect(await listOf(await bob.db(), id)).toEqual(list);
});

it("projections that cannot be written behind are written later", async () => {
	const { id } = await notes.createDocument({ list: [] });
	await notes.changeDoc(id, add(1));
	disk.failWrites();
	alice.clock.advance(5000);
	await new Promise((resolve) => setTimeout(resolve, 20));
	expect(await listOf(notes, id)).toEqual([1]);
	disk.repair();
	await notes.changeDoc(id, add(2));
	alice.clock.advance(5000);
	await alice.reopen();
	notes = await alice.db();
	expect(await listOf(notes, id)).toEqual([1, 2]);
});

it("a document stands in the feed once, after a projection that could not be written", async () => {
	const { id } = await notes.createDocument({ list: [] });
	const other = await notes.createDocument({ list: [] });
	const bob = await fixture.member("bob");
	const theirs = await bob.db();
	await alice.level(bob);
	for (const written of [false, true]) {
		for (const open of [true, false]) {
			if (open) await notes.changeDoc(id, add(1));
			await theirs.changeDoc(id, add(2));
			// The entries reach the disk, and what they make of the document does not.
			disk.failWrites({ after: 1, times: 1, written });
			await expect(notes.pullChangesFrom(theirs.store)).rejects.toMatchObject({ code: "store-io" });
			disk.repair();
			expect(await fed()).toEqual([other.id, id]);
			await theirs.changeDoc(id, add(3));
			await notes.pullChangesFrom(theirs.store);
			expect(await fed()).toEqual([other.id, id]);
			await alice.reopen();
			notes = await alice.db();
			await theirs.changeDoc(id, add(4));
			await notes.pullChangesFrom(theirs.store);
			expect(await fed()).toEqual([other.id, id]);
		}
	}
});

it("a document stands in the feed once, after another call of its batch failed", async () => {
	const { id } = await notes.createDocument({ list: [] });
	const other = await notes.createDocument({ list: [] });
	await notes.changeDoc(id, add(1));
	let release: () => void = () => {};
	hold = new Promise((resolve) => {
		release = resolve;
	});
	const busy = store.rows.write([{ type: "put", key: Uint8Array.of(255), value: new Uint8Array(0) }]);
	const asked = new Promise<void>((resolve) => {
		const append = store.append.bind(store);
		store.append = (...call) => {
			resolve();
			return append(...call);
		};
	});
	const change = notes.changeDoc(id, add(2));
	await asked;
	const failing = store.append([], { rows: () => Promise.reject(new Error("no rows")) });
	release();
	await expect(failing).rejects.toThrow("no rows");
	await Promise.all([busy, change]);
	expect(await fed()).toEqual([other.id, id]);
	expect(await listOf(notes, id)).toEqual([1, 2]);
	await alice.reopen();
	notes = await alice.db();
	expect(await fed()).toEqual([other.id, id]);
});
