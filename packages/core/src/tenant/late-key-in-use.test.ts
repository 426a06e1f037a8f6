/** A key that comes late to a document that is in use, against a replica that had it from the start. */
import { aliceAndBob, setField, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { DocumentExplanation } from "../database/explain.js";
import { HostileWriter } from "../database/hostile-writer.test.js";
import type { MindooDB } from "../database/mindoo-db.js";

const keys = [1, 2].map((version) => new Uint8Array(32).fill(version));
let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;
let id: string;

/** Gives a replica the first version of the key, or the second. */
async function give({ keyBag }: TestReplica, version: 0 | 1): Promise<void> {
	keyBag.set("late", keys[version] as Uint8Array, version + 1);
	await keyBag.settled();
}

beforeEach(async () => {
	({ fixture, alice, bob, notes } = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
	}));
	for (const each of [alice, bob]) await give(each, 0);
	({ id } = await notes.createEncryptedDocument("late", { title: "first version" }));
	await bob.level(alice);
});

afterEach(() => fixture.close());

async function observed(replica: TestReplica) {
	const db = await replica.db();
	const { entries } = (await db.explain(id)) as DocumentExplanation;
	const verdicts = Object.fromEntries(entries.map(({ hash, verdict }) => [hash, verdict]));
	const doc = await db.getDocument(id);
	return { data: doc?.getData(), heads: doc?.heads, verdicts, ids: await db.getAllDocumentIds() };
}

/** What a replica makes of it that has all entries and both versions. */
async function fromNothing(of: TestReplica) {
	const reader = await fixture.relay("reader", ["directory", "default"]);
	for (const version of [0, 1] as const) await give(reader, version);
	await reader.level(of);
	return observed(reader);
}

async function editUnderSecondVersion(): Promise<void> {
	await give(alice, 1);
	await notes.changeDoc(id, setField("alice", 1));
	await notes.changeDoc(id, setField("alice", 2));
}

it("while an edit of it is under way: both are in it", async () => {
	const theirs = await bob.db();
	await editUnderSecondVersion();
	let go = () => {};
	const gate = new Promise<void>((resolve) => {
		go = resolve;
	});
	const editing = theirs.changeDoc(id, async (draft) => {
		draft.bob = 1;
		await gate;
		draft.bob = 2;
	});
	await bob.level(alice);
	await give(bob, 1);
	const writing = theirs.changeDoc(id, setField("meanwhile", true));
	go();
	await Promise.all([editing, writing]);
	const shown = { title: "first version", alice: 2, bob: 2, meanwhile: true };
	expect((await theirs.getDocument(id))?.getData()).toEqual(shown);
	expect(await observed(bob)).toEqual(await fromNothing(bob));
});

it.each(["the database", "the tenant"])("while %s is closed: it opens what waited", async (what) => {
	await editUnderSecondVersion();
	await bob.level(alice);
	await (await bob.db()).changeDoc(id, setField("bob", 1));
	if (what === "the database") await (await bob.db()).close();
	else await bob.tenant.close();
	await give(bob, 1);
	if (what === "the tenant") await bob.reopen();
	const { data } = await observed(bob);
	expect(data).toEqual({ title: "first version", alice: 2, bob: 1 });
	expect(await observed(bob)).toEqual(await fromNothing(bob));
});

it.each([
	["the earlier", [1, 0]],
	["the later", [0, 1]],
] as const)("of two changes at one place of an actor, when %s is locked, the same one counts", async (_, versions) => {
	const mallory = await fixture.member("mallory");
	for (const version of [0, 1] as const) await give(mallory, version);
	await mallory.level(alice);
	await alice.level(mallory);
	await bob.level(alice);
	const writer = await HostileWriter.of(mallory);
	const base = await writer.base(id);
	const actor = await writer.actor();
	const rivals = [];
	for (const [i, version] of versions.entries()) {
		const change = writer.change(base, actor, (draft) => {
			draft.title = `rival ${i}`;
		});
		const dependencyHashes = writer.dependencies(base, change);
		const key = keys[version] as Uint8Array;
		rivals.push(await writer.seal({ docId: id, changes: [change], dependencyHashes, decryptionKeyId: "late", key }));
	}
	const theirs = await bob.db();
	await theirs.changeDoc(id, setField("bob", 1));
	await theirs.store.putEntries(rivals);
	await theirs.syncStoreChanges();
	expect((await theirs.getDocument(id))?.getData().title).toBe(`rival ${versions.indexOf(0)}`);
	await give(bob, 1);
	// The earlier on their author's chain.
	expect((await theirs.getDocument(id))?.getData()).toEqual({ title: "rival 0", bob: 1 });
	expect(await observed(bob)).toEqual(await fromNothing(bob));
});
