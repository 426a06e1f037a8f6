/** Databases and the stores that they level with: what is offered through the front door, and what is put in behind its back. */
import { countingStore, lyingStore, setField, TenantFixture, type TestReplica, withStoreId } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Entry, stubOf } from "../../entry/entry.js";
import type { ContentAddressedStore } from "../../store/store.js";
import type { DocumentExplanation } from "../explain.js";
import type { MindooDB } from "../mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;

beforeEach(async () => {
	fixture = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
		creator: "alice",
	});
	alice = fixture.creator;
	bob = await fixture.member("bob");
	notes = await alice.db();
});

afterEach(() => fixture.close());

async function titleOf(db: MindooDB, docId: string): Promise<unknown> {
	return (await db.getDocument(docId))?.getData().title;
}

describe("a peer that lies", () => {
	it("makes no accepted entry disappear by giving out what a purge would leave of it", async () => {
		const { id } = await notes.createDocument({ title: "genuine" });
		const [hash] = await notes.getAllChangeHashesForDoc(id);
		const [entry] = (await notes.store.getEntries([hash as string])) as [Entry];
		const stub = await stubOf(alice.env.crypto, entry);
		const lying = lyingStore(notes.store, {
			entriesAfter: async (arrival, options) => ({
				...(await notes.store.entriesAfter(arrival, options)),
				arrivals: [{ arrival: 1, entry: stub }],
			}),
		});
		const theirs = await bob.db();
		expect((await theirs.pullChangesFrom(lying)).refused).toMatchObject([{ reason: "stub" }]);
		expect((await theirs.store.putEntries([stub])).stored).toEqual([]);
		expect((await theirs.pullChangesFrom(notes.store)).stored).toBe(1);
		expect(await titleOf(theirs, id)).toBe("genuine");
	});
});

it("lesson 25, 33: a store of which nothing is remembered gives what is missing here, and no page of what is not", async () => {
	for (let i = 0; i < 5; i++) await notes.createDocument({ title: `${i}` });
	const theirs = await bob.db();
	await theirs.pullChangesFrom(notes.store);
	const { id } = await notes.createDocument({ title: "new" });
	const anew = countingStore(withStoreId(notes.store, "ab".repeat(16)));
	expect(await theirs.pullChangesFrom(anew.store)).toEqual({ stored: 1, refused: [], damaged: [], complete: true });
	expect([anew.calls.entriesAfter, anew.items.entriesByHash]).toEqual([undefined, 1]);
	expect(await titleOf(theirs, id)).toBe("new");
});

describe("a store with the identity of this one", () => {
	it("is nothing to level with when it is this one", async () => {
		await notes.createDocument({ title: "a" });
		expect(await notes.pullChangesFrom(notes.store)).toMatchObject({ stored: 0, complete: true });
		expect(await notes.pushChangesTo(notes.store)).toEqual({ sent: 0, refused: [] });
	});

	it("is levelled with when it is a copy that went on by itself", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await alice.level(bob);
		const theirs = await bob.db();
		await theirs.changeDoc(id, setField("title", "b"));
		await notes.createDocument({ title: "alice's" });
		const copy = withStoreId(theirs.store, (await notes.store.identity()).storeId);
		expect(await notes.pullChangesFrom(copy)).toMatchObject({ stored: 1, complete: true });
		expect(await notes.pushChangesTo(copy)).toEqual({ sent: 1, refused: [] });
		expect(await titleOf(notes, id)).toBe("b");
		expect(await theirs.getAllDocumentIds()).toHaveLength(2);
	});
});

describe("what was put into a store while its owner had it closed", () => {
	/** The raw store of a replica whose tenant is closed, as `sync --with` finds it. */
	async function behindTheBack(
		replica: TestReplica,
		put: (store: ContentAddressedStore) => Promise<unknown>,
	): Promise<void> {
		await replica.tenant.close();
		const { tenantRoot } = fixture.identity;
		const store = await replica.env.stores.open({ tenantRoot, dbId: "notes", purpose: "documents" });
		await put(store);
		await store.close();
		await replica.reopen();
	}

	it("is judged when the owner looks at it: what a member wrote shows, what somebody unknown wrote does not", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await alice.level(bob);
		await notes.changeDoc(id, setField("title", "b"));
		// A member of whom Bob's directory knows nothing yet.
		const carol = await fixture.member("carol");
		const hers = await (await carol.db()).createDocument({ title: "hers" });
		await behindTheBack(bob, async (store) => {
			expect((await notes.pushChangesTo(store)).sent).toBe(1);
			expect((await (await carol.db()).pushChangesTo(store)).sent).toBe(1);
		});
		const theirs = await bob.db();
		expect(await theirs.syncStoreChanges()).toBe(2);
		expect(await titleOf(theirs, id)).toBe("b");
		expect(await theirs.getDocument(hers.id)).toBeUndefined();
		expect(await theirs.syncStoreChanges()).toBe(0);
		await (await bob.directory()).db.pullChangesFrom((await alice.directory()).store);
		expect(await titleOf(theirs, hers.id)).toBe("hers");
	});

	it("settles what waited for it in other documents", async () => {
		const carol = await fixture.member("carol");
		await alice.level(carol);
		const hers = await carol.db();
		const first = await hers.createDocument({ title: "first" });
		const second = await hers.createDocument({ title: "second" });
		const third = await hers.createDocument({ title: "third" });
		await notes.pullChangesFrom(hers.store);
		// Bob lacks the link in the middle when the revocation makes carol's chain matter.
		const theirs = await bob.db();
		const hashes = await notes.store.getAllHashes();
		const entries = (await notes.store.getEntries(hashes)) as Entry[];
		const of = (docId: string) => entries.filter(({ common }) => common.docId === docId);
		await (await alice.directory()).revokeUser("carol");
		await (await bob.directory()).db.pullChangesFrom((await alice.directory()).store);
		await theirs.store.putEntries([...of(first.id), ...of(third.id)]);
		const verdicts = async (db: MindooDB, docId: string) =>
			((await db.explain(docId)) as DocumentExplanation).entries.map(({ verdict }) => verdict.kind);
		expect(await verdicts(theirs, first.id)).toEqual(["pending"]);
		await behindTheBack(bob, (store) => store.putEntries(of(second.id)));
		const again = await bob.db();
		await again.syncStoreChanges();
		for (const { id } of [first, second, third]) expect(await verdicts(again, id)).toEqual(["accepted"]);
		expect(await again.getAllDocumentIds()).toHaveLength(3);
	});
});
