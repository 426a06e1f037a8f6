/** What befalls honest people. Numbers are those of docs/lessons.md. */
import { aliceAndBob, restoredLevel, setField, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Level } from "../store/level.js";
import type { DocumentExplanation, EntryExplanation } from "./explain.js";
import { forgeries } from "./forgeries.test.js";
import { HostileWriter } from "./hostile-writer.test.js";
import type { MindooDB } from "./mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;
/** Alice's engines in the order in which she opened them: directory, notes. */
let disks: Level[];

const restoredDevice = "alice's restored device";

beforeEach(async () => {
	const env = await nodeEnv();
	disks = [];
	({ fixture, alice, bob, notes } = await aliceAndBob({
		env,
		newStores(crypto, replica) {
			let next = 0;
			return memoryStores(crypto, {
				wrapLevel(level) {
					if (replica === "alice") disks.push(level);
					return replica === restoredDevice ? restoredLevel(level, disks[next++] as Level) : level;
				},
			});
		},
	}));
});

afterEach(() => fixture.close());

const setTitle = (title: string) => (draft: Record<string, unknown>) => {
	draft.title = title;
};

async function dataOf(db: MindooDB, docId: string): Promise<unknown> {
	return (await db.getDocument(docId))?.getData();
}

/** A replica that learns everything now. */
async function newcomer(name: string, keyIds = ["directory", "default"]): Promise<TestReplica> {
	const replica = await fixture.relay(name, keyIds);
	await replica.level(alice);
	return replica;
}

it("lesson 18: what a revoked member wrote before stays, on new replicas too", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await alice.level(bob);
	const theirs = await bob.db();
	await theirs.changeDoc(id, setTitle("bob's"));
	const own = await theirs.createDocument({ title: "bob's own" });
	await alice.level(bob);
	await (await alice.directory()).revokeUser("bob");
	const late = await (await newcomer("late")).db();
	expect(await dataOf(late, id)).toEqual({ title: "bob's" });
	expect(await dataOf(late, own.id)).toEqual({ title: "bob's own" });
});

it("lesson 19: a revocation that comes behind newer directory entries is applied, and a new grant counts again", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await alice.level(bob);
	const directory = await alice.directory();
	const late = await newcomer("late");
	const replica = await late.directory();
	const known = new Set(await directory.db.store.getAllHashes());
	await directory.revokeUser("bob");
	const revocation = (await directory.db.store.getAllHashes()).filter((hash) => !known.has(hash));
	await fixture.member("carol");
	const newer = (await directory.db.store.getAllHashes()).filter(
		(hash) => !known.has(hash) && !revocation.includes(hash),
	);
	await (await bob.db()).changeDoc(id, setTitle("kept back"));
	await (await bob.db()).pushChangesTo((await late.db()).store);
	// The newer ones first: they build on the revocation, which is not there yet.
	await replica.db.store.putEntries(await directory.db.store.getEntries(newer));
	expect(await dataOf(await late.db(), id)).toEqual({ title: "kept back" });
	await replica.db.store.putEntries(await directory.db.store.getEntries(revocation));
	expect(await replica.isUserRevoked("bob")).toBe(true);
	expect(await dataOf(await late.db(), id)).toEqual({ title: "a" });
	await fixture.register(bob);
	// Nobody releases the new versions to a replica without a user.
	for (const keyId of ["directory", "default"]) await alice.handOver(keyId, late);
	await bob.level(alice);
	await (await bob.db()).createDocument({ title: "back again" });
	await bob.level(alice);
	await late.level(alice);
	expect(await (await late.db()).getAllDocumentIds()).toHaveLength(2);
	expect(await replica.isUserRevoked("bob")).toBe(false);
});

it("lesson 20: a missing key locks its documents and nothing else", async () => {
	alice.keyBag.set("secret", new Uint8Array(32).fill(5), alice.clock.now());
	await alice.keyBag.settled();
	const open = await notes.createDocument({ title: "open" });
	const secret = await notes.createEncryptedDocument("secret", { title: "secret" });
	await alice.level(bob);
	const theirs = await bob.db();
	expect(await theirs.getAllDocumentIds()).toEqual([open.id]);
	expect(await theirs.getDocument(secret.id)).toBeUndefined();
	const { entries } = (await theirs.explain(secret.id)) as DocumentExplanation;
	expect(entries.map(({ verdict }) => verdict.kind)).toEqual(["locked"]);
	await expect(theirs.changeDoc(secret.id, setTitle("x"))).rejects.toMatchObject({ code: "key-missing" });
	await bob.reopen();
	const cursor = (await bob.db()).changeCursor;
	await alice.handOver("secret", bob);
	expect(await dataOf(await bob.db(), secret.id)).toEqual({ title: "secret" });
	const told: string[] = [];
	for await (const { docId } of (await bob.db()).iterateChangesSince(cursor)) told.push(docId);
	expect(told).toEqual([secret.id]);
	await (await bob.db()).changeDoc(secret.id, setTitle("shared"));
	await alice.level(bob);
	expect(await dataOf(notes, secret.id)).toEqual({ title: "shared" });
});

it("lesson 21: older versions of a key still open, and a document keeps its own key after a restart", async () => {
	alice.keyBag.set("secret", new Uint8Array(32).fill(5), 1);
	await alice.keyBag.settled();
	const old = await notes.createEncryptedDocument("secret", { title: "old" });
	alice.keyBag.set("secret", new Uint8Array(32).fill(6), 2);
	await alice.keyBag.settled();
	const fresh = await notes.createEncryptedDocument("secret", { title: "fresh" });
	await alice.reopen();
	notes = await alice.db();
	await notes.changeDoc(old.id, setTitle("old, edited"));
	await notes.changeDoc(fresh.id, setTitle("fresh, edited"));
	await alice.reopen();
	notes = await alice.db();
	expect(await dataOf(notes, old.id)).toEqual({ title: "old, edited" });
	expect(await dataOf(notes, fresh.id)).toEqual({ title: "fresh, edited" });
	expect((await notes.getDocument(old.id))?.decryptionKeyId).toBe("secret");
	for (const entry of await notes.store.findNewEntriesForDoc([], old.id)) {
		expect(entry.kind === "entry" && entry.fields?.decryptionKeyId).toBe("secret");
	}
	// Without the key nothing of it shows: nothing was written under another one.
	const late = await newcomer("late");
	expect(await (await late.db()).getAllDocumentIds()).toEqual([]);
});

it("lesson 22: a delete outlives restarts and reaches new replicas", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await notes.deleteDocument(id);
	await alice.reopen();
	notes = await alice.db();
	expect((await notes.getDocument(id))?.isDeleted).toBe(true);
	expect(await notes.getAllDocumentIds()).toEqual([]);
	const late = await (await newcomer("late")).db();
	expect((await late.getDocument(id))?.isDeleted).toBe(true);
});

it("lesson 23: nested edits count, and a callback that throws leaves nothing behind", async () => {
	interface Nested {
		list: { items: number[] }[];
		deep: { map: Record<string, string> };
	}
	const { id } = await notes.createDocument({ list: [{ items: [1] }], deep: { map: {} } });
	await notes.changeDoc<Nested>(id, (draft) => {
		draft.list[0]?.items.push(2);
		draft.deep.map.key = "value";
	});
	const shown = { list: [{ items: [1, 2] }], deep: { map: { key: "value" } } };
	const failing = async (edit: (draft: Nested) => void | Promise<void>) => {
		await expect(notes.changeDoc<Nested>(id, edit)).rejects.toThrow("enough");
		expect(await dataOf(notes, id)).toEqual(shown);
	};
	await failing((draft) => {
		draft.list[0]?.items.push(3);
		throw new Error("enough");
	});
	await failing(async (draft) => {
		draft.deep.map.key = "other";
		await Promise.resolve();
		draft.list.splice(0, 1);
		throw new Error("enough");
	});
	await alice.reopen();
	notes = await alice.db();
	expect(await dataOf(notes, id)).toEqual(shown);
	expect(await notes.getAllChangeHashesForDoc(id)).toHaveLength(2);
});

it("lesson 24: what a peer refused once is offered again", async () => {
	const relay = await fixture.relay();
	await (await relay.directory()).db.pullChangesFrom((await alice.directory()).store);
	const carol = await fixture.member("carol");
	const theirs = await carol.db();
	await theirs.createDocument({ title: "carol's" });
	const remote = await relay.db();
	const first = await theirs.pushChangesTo(remote.store);
	expect(first.refused).toMatchObject([{ reason: "not-member" }]);
	expect((await theirs.pushChangesTo(remote.store)).sent).toBe(0);
	await (await relay.directory()).db.pullChangesFrom((await alice.directory()).store);
	const again = await theirs.pushChangesTo(remote.store);
	expect(again).toEqual({ sent: 1, refused: [] });
	// The other way round: what this side declined is asked for again.
	const dave = await fixture.stranger("dave");
	await (await dave.directory()).db.pullChangesFrom((await alice.directory()).store);
	await fixture.register(dave);
	await (await dave.directory()).db.pullChangesFrom((await alice.directory()).store);
	await (await dave.db()).createDocument({ title: "dave's" });
	const pulling = await relay.db();
	expect((await pulling.pullChangesFrom((await dave.db()).store)).refused).toMatchObject([{ reason: "not-member" }]);
	await (await relay.directory()).db.pullChangesFrom((await alice.directory()).store);
	expect((await pulling.pullChangesFrom((await dave.db()).store)).stored).toBe(1);
});

it("lesson 25: a peer that lost its disk gets everything again", async () => {
	for (let i = 0; i < 5; i++) await notes.createDocument({ i });
	const relay = await fixture.relay();
	await relay.level(alice);
	const { store } = await relay.db();
	expect((await notes.pushChangesTo(store)).sent).toBe(0);
	const { storeId } = await store.identity();
	const emptied = await fixture.relay("relay, after its disk was lost");
	await (await emptied.directory()).db.pullChangesFrom((await alice.directory()).store);
	const remote = await emptied.db();
	expect((await remote.store.identity()).storeId).not.toBe(storeId);
	expect(await notes.pushChangesTo(remote.store)).toEqual({ sent: 5, refused: [] });
	// An older copy of the disk has the same identity and another history.
	await notes.createDocument({ i: 5 });
	expect((await notes.pushChangesTo(remote.store)).sent).toBe(1);
	await expect(collect(notes.iterateChangesSince((await relay.db()).changeCursor))).rejects.toMatchObject({
		code: "usage",
	});
});

it("lesson 26: a restored backup goes on, its fork is told, and both branches merge", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	const restored = await fixture.device(restoredDevice, alice);
	expect(await dataOf(await restored.db(), id)).toEqual({ title: "a" });
	await notes.changeDoc(id, setField("after", "on the device"));
	await (await restored.db()).changeDoc(id, setField("restored", "from the backup"));
	expect(await notes.listForks()).toEqual([]);
	await alice.level(restored);
	const both = { title: "a", after: "on the device", restored: "from the backup" };
	for (const replica of [alice, restored]) {
		const db = await replica.db();
		expect(await dataOf(db, id)).toEqual(both);
		expect(await db.listForks()).toMatchObject([{ createdBy: alice.publicKey }]);
		expect((await db.listForks())[0]?.heads).toHaveLength(2);
	}
	await notes.changeDoc(id, setTitle("b"));
	await alice.level(restored);
	expect(await dataOf(await restored.db(), id)).toEqual({ ...both, title: "b" });
});

it("lesson 28: every verdict says why, in words", async () => {
	const seen = new Map<string, string>();
	alice.keyBag.set("secret", new Uint8Array(32).fill(5), 1);
	await alice.keyBag.settled();
	const { id } = await notes.createDocument({ title: "a" });
	await notes.createEncryptedDocument("secret", { title: "b" });
	await alice.level(bob);
	for (const { make } of Object.values(forgeries)) {
		const made = await make(await HostileWriter.of(bob), id, 2);
		await (await bob.db()).store.putEntries(made);
	}
	for (const hash of await (await bob.db()).store.getAllHashes()) {
		const { verdict, words } = (await (await bob.db()).explain(hash)) as EntryExplanation;
		expect(words).toMatch(/^[A-Z][a-z]+: .{20,}\.$/);
		seen.set(verdict.kind, words);
	}
	expect([...seen.keys()].sort()).toEqual(["accepted", "locked", "pending", "refused", "unsupported"]);
	expect(await notes.explain("0".repeat(64))).toBeUndefined();
	expect(await notes.explain("no such document")).toBeUndefined();
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
	const all: T[] = [];
	for await (const item of items) all.push(item);
	return all;
}
