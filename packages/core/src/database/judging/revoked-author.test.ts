/** What the arrival of one entry of a revoked author costs, and whom it settles: counted in documents that are read and judged. */
import { aliceAndBob, setField, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { OpenDocument } from "../documents/open-document.js";
import type { MindooDB } from "../mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;

beforeEach(async () => {
	const env = await nodeEnv();
	({ fixture, alice, bob } = await aliceAndBob({ env, newStores: (crypto) => memoryStores(crypto) }));
});

afterEach(async () => {
	vi.restoreAllMocks();
	await fixture.close();
});

/** Documents of Bob's, of one entry each. @returns their entries, in the order of his chain. */
async function written(documents: number): Promise<string[]> {
	const db = await bob.db();
	const before = new Set(await db.store.getAllHashes());
	for (let i = 0; i < documents; i++) await db.createDocument({ i });
	return (await db.store.getAllHashes()).filter((hash) => !before.has(hash));
}

async function revokeBob(): Promise<void> {
	await (await alice.directory()).revokeUser("bob");
}

/** A replica that knows the directory and no document. */
async function newcomer(): Promise<MindooDB> {
	const replica = await fixture.relay("late", ["directory", "default"]);
	await (await replica.directory()).db.pullChangesFrom((await alice.directory()).store);
	return replica.db();
}

/** Documents that were read from the store and judged because these entries of Bob's arrived. */
async function judgedBy(db: MindooDB, hashes: readonly string[]): Promise<number> {
	const loads = vi.spyOn(OpenDocument, "load");
	const report = await db.store.putEntries(await (await bob.db()).store.getEntries(hashes));
	expect(report.refused).toEqual([]);
	const judged = loads.mock.calls.length;
	loads.mockRestore();
	return judged;
}

async function kinds(db: MindooDB, hashes: readonly string[]): Promise<(string | undefined)[]> {
	const found: (string | undefined)[] = [];
	for (const hash of hashes) {
		const explained = await db.explain(hash);
		found.push(explained !== undefined && "verdict" in explained ? explained.verdict.kind : undefined);
	}
	return found;
}

it("one more entry of a revoked author has its own document judged and no other", async () => {
	await written(30);
	await alice.level(bob);
	await revokeBob();
	const late = await written(2);
	const notes = await alice.db();
	expect(await judgedBy(notes, late.slice(0, 1))).toBe(1);
	expect(await judgedBy(notes, late.slice(1))).toBe(1);
	expect(await kinds(notes, late)).toEqual(["refused", "refused"]);
	expect(await notes.getAllDocumentIds()).toHaveLength(30);
});

it("one more entry of a pardoned author has its own document judged and no other", async () => {
	const first = await written(30);
	await revokeBob();
	const notes = await newcomer();
	await judgedBy(notes, first);
	const runs = [{ from: undefined, to: first[9] as string }];
	await (await alice.directory()).acceptEntries({ dbId: "notes", runs });
	await alice.level(fixture.replicas.at(-1) as TestReplica);
	expect(await notes.getAllDocumentIds()).toHaveLength(10);
	expect(await judgedBy(notes, await written(1))).toBe(1);
});

it("an entry that closes a gap of the chain has those judged that waited for it, once", async () => {
	const entries = await written(20);
	await alice.level(bob);
	await revokeBob();
	const notes = await newcomer();
	const gap = entries[12] as string;
	await judgedBy(notes, entries.slice(13));
	await judgedBy(notes, entries.slice(0, 12));
	const before = entries.map((_, i) => (i < 12 ? "pending" : i === 12 ? undefined : "accepted"));
	expect(await kinds(notes, entries)).toEqual(before);
	expect(await judgedBy(notes, [gap])).toBe(13);
	expect(await notes.getAllDocumentIds()).toHaveLength(20);
	expect(await judgedBy(notes, await written(1))).toBe(1);
});

it("an entry that closes a gap settles older ones of its own document, also while that is open", async () => {
	const { id } = await (await alice.db()).createDocument({ n: 0 });
	const carol = await fixture.member("carol");
	for (const replica of [bob, carol]) await alice.level(replica);
	const db = await bob.db();
	for (let n = 1; n <= 3; n++) await db.changeDoc(id, setField("n", n));
	const entries = (await db.getAllChangeHashesForDoc(id)).slice(1);
	await alice.level(bob);
	await revokeBob();
	await (await carol.directory()).db.pullChangesFrom((await alice.directory()).store);
	const notes = await carol.db();
	await notes.changeDoc(id, setField("carol", true));
	for (const i of [0, 2]) await judgedBy(notes, entries.slice(i, i + 1));
	expect(await kinds(notes, entries)).toEqual(["pending", undefined, "pending"]);
	await judgedBy(notes, entries.slice(1, 2));
	expect((await notes.getDocument(id))?.getData()).toEqual({ n: 3, carol: true });
});

it("an open document that gets an entry together with the link that it waits for is judged anew", async () => {
	const { id } = await (await alice.db()).createDocument({ n: 0 });
	const carol = await fixture.member("carol");
	for (const replica of [bob, carol]) await alice.level(replica);
	const db = await bob.db();
	await db.changeDoc(id, setField("bob", true));
	const edit = (await db.getAllChangeHashesForDoc(id))[1] as string;
	const [link, last] = (await written(2)) as [string, string];
	await alice.level(bob);
	await revokeBob();
	await (await carol.directory()).db.pullChangesFrom((await alice.directory()).store);
	const notes = await carol.db();
	await notes.changeDoc(id, setField("carol", true));
	await judgedBy(notes, [last]);
	await judgedBy(notes, [edit]);
	expect(await kinds(notes, [edit])).toEqual(["pending"]);
	await (await alice.db()).changeDoc(id, setField("alice", true));
	const known = new Set(await notes.store.getAllHashes());
	const { store } = await alice.db();
	const fresh = (await store.getAllHashes()).filter((hash) => !known.has(hash));
	expect(fresh).toContain(link);
	expect(fresh).toHaveLength(2);
	await notes.store.putEntries(await store.getEntries(fresh));
	expect((await notes.getDocument(id))?.getData()).toEqual({ n: 0, bob: true, carol: true, alice: true });
});

it("a link that was stored and not followed before a crash is followed after it", async () => {
	const entries = await written(4);
	await alice.level(bob);
	await revokeBob();
	const notes = await newcomer();
	const replica = fixture.replicas.at(-1) as TestReplica;
	await judgedBy(notes, entries.slice(0, 2));
	await judgedBy(notes, entries.slice(3));
	// What a crash leaves: the entry and nothing that follows from it.
	const { env, tenant } = replica;
	await tenant.close();
	const { tenantRoot } = tenant.identity;
	const store = await env.stores.open({ tenantRoot, dbId: "notes", purpose: "documents" });
	await store.receive(await (await bob.db()).store.getEntries(entries.slice(2, 3)));
	await store.close();
	await replica.reopen();
	const reopened = await replica.db();
	await reopened.syncStoreChanges();
	expect(await reopened.getAllDocumentIds()).toHaveLength(4);
});

it("a pardon by name that comes before what it pardons takes effect when that comes", async () => {
	await alice.level(bob);
	await revokeBob();
	const db = await bob.db();
	const { id } = await db.createDocument({ title: "kept back" });
	await db.changeDoc(id, setField("title", "edited"));
	const entries = await db.getAllChangeHashesForDoc(id);
	await (await alice.directory()).acceptEntries({ dbId: "notes", entries: entries.slice(1) });
	const notes = await alice.db();
	// The first of them is refused until the one comes that the pardon names and that builds on it.
	await judgedBy(notes, entries.slice(0, 1));
	expect(await kinds(notes, entries)).toEqual(["refused", undefined]);
	await judgedBy(notes, entries.slice(1));
	expect((await notes.getDocument(id))?.getData()).toEqual({ title: "edited" });
});

it("a pardoned run takes effect link by link, in whatever order its entries come", async () => {
	await alice.level(bob);
	await revokeBob();
	const entries = await written(6);
	const runs = [{ from: entries[0] as string, to: entries[4] as string }];
	await (await alice.directory()).acceptEntries({ dbId: "notes", runs });
	const notes = await alice.db();
	const counted: number[] = [];
	for (const i of [1, 0, 5, 2, 4, 3]) {
		await judgedBy(notes, entries.slice(i, i + 1));
		counted.push((await notes.getAllDocumentIds()).length);
	}
	expect(counted).toEqual([0, 0, 0, 0, 1, 4]);
	expect(await kinds(notes, entries)).toEqual(["refused", "accepted", "accepted", "accepted", "accepted", "refused"]);
});
