import {
	faultyLevel,
	type GateLevel,
	gateLevel,
	type HeldOperation,
	setField,
	TenantFixture,
	type TestReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { equalBytes } from "../../bytes/compare.js";
import { toHex } from "../../bytes/hex.js";
import type { StoredEntry } from "../../entry/entry.js";
import { unlockSigningKeyPair } from "../../keys/key-pair.js";
import type { Level } from "../../store/level.js";
import { tags } from "../../store/row-keys.js";
import { projectionKey, rowKinds, verdictRange } from "../document-rows.js";
import type { MindooDB } from "../mindoo-db.js";
import { noEffects, type TrustEffects } from "../trust-port.js";

/** Whether a row holds an entry. */
const isRecord = (key: Uint8Array) => key[0] === tags.record;
/** Whether a row of the database is of this kind. */
const isOfKind = (kind: number) => (key: Uint8Array) => key[0] === tags.above && key[1] === kind;
const any = () => true;

async function newTenant(wrapLevel: (level: Level) => Level = (level) => level): Promise<TenantFixture> {
	const newStores = (crypto: Parameters<typeof memoryStores>[0]) => memoryStores(crypto, { wrapLevel });
	return TenantFixture.create({ env: await nodeEnv(), newStores });
}

/** A tenant whose engines can be held: in the order in which they were opened, the creator's first: directory, notes. */
async function gatedTenant(): Promise<{ readonly fixture: TenantFixture; readonly gates: readonly GateLevel[] }> {
	const gates: GateLevel[] = [];
	const fixture = await newTenant((level) => {
		const gate = gateLevel(level);
		gates.push(gate);
		return gate.level;
	});
	return { fixture, gates };
}

async function data(replica: TestReplica, docId: string): Promise<unknown> {
	return (await (await replica.db()).getDocument(docId))?.getData();
}

/** Has a change wait for what it builds on: where there is no verdict, nobody looks for one. */
async function leavePending(from: MindooDB, to: MindooDB): Promise<void> {
	const { id } = await from.createDocument({ title: "pending" });
	await from.changeDoc(id, setField("title", "later"));
	const [, change] = await from.store.getEntries(await from.getAllChangeHashesForDoc(id));
	await to.store.putEntries([change as StoredEntry]);
}

/** Lets everything happen that waits for nothing outside of this process. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

const everything: TrustEffects = { ...noEffects, everything: true };

it("an own change that is being written while its document is judged anew is not forgotten", async () => {
	const { fixture, gates } = await gatedTenant();
	const { creator } = fixture;
	const notes = await creator.db();
	const gate = gates[1] as GateLevel;
	await notes.createDocument({ title: "judged first" });
	const { id } = await notes.createDocument({ title: "last" });
	await notes.changeDoc(id, setField("first", 1));
	await notes.explain(id);
	const reading = gate.hold("get", any);
	const batch = gate.hold("batch", isRecord);
	const following = notes.followTrust(everything);
	const writing = notes.changeDoc(id, setField("acknowledged", 2));
	await batch.reached;
	reading.release();
	await settled();
	batch.release();
	await Promise.all([writing, following]);
	expect(await data(creator, id)).toEqual({ title: "last", first: 1, acknowledged: 2 });
	await notes.changeDoc(id, setField("later", 3));
	await creator.reopen();
	expect(await data(creator, id)).toEqual({ title: "last", first: 1, acknowledged: 2, later: 3 });
	await fixture.close();
});

it("a cursor never passes a change that is not durable yet", async () => {
	const { fixture, gates } = await gatedTenant();
	const notes = await fixture.creator.db();
	await notes.createDocument({ title: "first" });
	const batch = (gates[1] as GateLevel).hold("batch", isRecord);
	const writing = notes.createDocument({ title: "second" });
	await batch.reached;
	const seen = await notes.getAllDocumentIds();
	const cursor = notes.changeCursor;
	batch.release();
	const { id } = await writing;
	for await (const { docId } of notes.iterateChangesSince(cursor)) seen.push(docId);
	expect(seen).toContain(id);
	await fixture.close();
});

it("a projection that is written behind while entries are being stored does not take their mark away", async () => {
	const { fixture, gates } = await gatedTenant();
	const { creator } = fixture;
	const notes = await creator.db();
	const gate = gates[1] as GateLevel;
	const { id } = await notes.createDocument({ title: "shared" });
	const bob = await fixture.member("bob");
	await creator.level(bob);
	await leavePending(await bob.db(), notes);
	await (await bob.db()).changeDoc(id, setField("bob", true));
	await notes.changeDoc(id, setField("own", true));
	// Bob's entries are noted, and not in the store yet.
	const batch = gate.hold("batch", isRecord);
	const pulling = notes.pullChangesFrom((await bob.db()).store);
	await batch.reached;
	// The projection is made without them, and not written yet: it reads the stored verdicts when it has seen all entries.
	const verdicts = gate.hold("scan", isOfKind(rowKinds.verdict));
	creator.clock.advance(5000);
	await verdicts.reached;
	batch.release();
	verdicts.release();
	await pulling;
	expect(await data(creator, id)).toEqual({ title: "shared", own: true, bob: true });
	await creator.reopen();
	expect(await data(creator, id)).toEqual({ title: "shared", own: true, bob: true });
	await fixture.close();
});

it("an entry of the directory that comes while a verdict is being written that waits for it is not missed", async () => {
	const { fixture, gates } = await gatedTenant();
	const { creator } = fixture;
	const bob = await fixture.member("bob");
	await creator.level(bob);
	const theirs = await bob.db();
	const gate = gates.at(-1) as GateLevel;
	await fixture.register(await fixture.stranger("carol"));
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "after the grant" });
	const batch = gate.hold("batch", isOfKind(rowKinds.missing));
	const pulling = theirs.pullChangesFrom(notes.store);
	await batch.reached;
	const following = (await bob.directory()).db.pullChangesFrom((await creator.directory()).store);
	await settled();
	batch.release();
	await Promise.all([pulling, following]);
	const [hash] = await theirs.getAllChangeHashesForDoc(id);
	expect(await theirs.explain(hash as string)).toMatchObject({ verdict: { kind: "accepted" } });
	expect(await data(bob, id)).toEqual({ title: "after the grant" });
	await fixture.close();
});

it("a link that is followed while an entry is judged that waits for it is not missed", async () => {
	const { fixture, gates } = await gatedTenant();
	const { creator } = fixture;
	const bob = await fixture.member("bob");
	const shared = await (await creator.db()).createDocument({ title: "shared" });
	await creator.level(bob);
	const theirs = await bob.db();
	await theirs.createDocument({ title: "waits" });
	await theirs.changeDoc(shared.id, setField("title", "link"));
	await theirs.createDocument({ title: "last" });
	const entries = await theirs.store.getEntries(await theirs.store.getAllHashes());
	await creator.level(bob);
	await (await creator.directory()).revokeUser("bob");
	const late = await fixture.relay("late", ["directory", "default"]);
	await (await late.directory()).db.pullChangesFrom((await creator.directory()).store);
	const notes = await late.db();
	const gate = gates.at(-1) as GateLevel;
	const [create, waits, link, last] = entries as [StoredEntry, StoredEntry, StoredEntry, StoredEntry];
	await leavePending(await creator.db(), notes);
	await notes.store.putEntries([create, last]);
	const hold = (operation: HeldOperation, row: Uint8Array, after = 0) =>
		gate.hold(operation, (key) => key[0] === tags.above && equalBytes(key.subarray(1), row), after);
	// It was judged without the link, and nobody can see yet that it waits.
	const judged = hold("scan", verdictRange(4).gte);
	const waiting = notes.store.putEntries([waits]);
	await judged.reached;
	// Two who read the link's document come before those who have everything judged that has arrived: one sees it, one does not.
	const stored = gate.hold("batch", isRecord);
	const storing = notes.store.putEntries([link]);
	await stored.reached;
	const unseen = hold("scan", verdictRange(2).gte);
	const reading = [notes.getDocument(shared.id), notes.getDocument(shared.id)];
	await unseen.reached;
	await settled();
	const first = hold("batch", projectionKey(2));
	stored.release();
	unseen.release();
	await first.reached;
	const second = hold("batch", projectionKey(2));
	first.release();
	await second.reached;
	judged.release();
	second.release();
	await Promise.all([waiting, storing, ...reading]);
	expect(await notes.explain(waits.hash)).toMatchObject({ verdict: { kind: "accepted" } });
	await fixture.close();
});

it("a link that is seen by a projection written behind, which did not expect it, is followed", async () => {
	const { fixture, gates } = await gatedTenant();
	const { creator } = fixture;
	const [bob, carol] = [await fixture.member("bob"), await fixture.member("carol")];
	const shared = await (await creator.db()).createDocument({ title: "shared" });
	for (const replica of [bob, carol]) await creator.level(replica);
	const theirs = await bob.db();
	await theirs.createDocument({ title: "waits" });
	await theirs.changeDoc(shared.id, setField("title", "link"));
	await theirs.createDocument({ title: "last" });
	const entries = await theirs.store.getEntries(await theirs.store.getAllHashes());
	const [waits, link, last] = entries.slice(-3) as [StoredEntry, StoredEntry, StoredEntry];
	await creator.level(bob);
	await (await creator.directory()).revokeUser("bob");
	await (await carol.directory()).db.pullChangesFrom((await creator.directory()).store);
	const notes = await carol.db();
	await notes.store.putEntries([waits, last]);
	await notes.changeDoc(shared.id, setField("own", true));
	const holds = gates.map((gate) => gate.hold("scan", (key) => key[0] === tags.documentListing));
	carol.clock.advance(5000);
	await Promise.race(holds.map(({ reached }) => reached));
	const storing = notes.store.putEntries([link]);
	while ((await notes.store.hasEntries([link.hash])).length === 0) await settled();
	for (const { release } of holds) release();
	await storing;
	expect(await notes.explain(waits.hash)).toMatchObject({ verdict: { kind: "accepted" } });
	await fixture.close();
});

it("settings that are first made twice at the same time are both there", async () => {
	const fixture = await newTenant();
	const directory = await fixture.creator.directory();
	const { administrator } = fixture.administrator;
	await Promise.all([
		directory.changeDBSettings("notes", (settings) => {
			settings.first = 1;
		}),
		directory.changeDBSettings("notes", (settings) => {
			settings.second = 2;
		}),
	]);
	await directory.changeDBSettings(
		"notes",
		(settings) => {
			settings.third = 3;
		},
		{ administrator },
	);
	expect(await directory.getDBSettings("notes")).toMatchObject({ first: 1, second: 2, third: 3 });
	await fixture.close();
});

it("writes under the administration key at the same time go on one chain and lose nothing", async () => {
	const fixture = await newTenant();
	const directory = await fixture.creator.directory();
	await directory.changeTenantSettings((settings) => {
		settings.first = 1;
	});
	const { env } = fixture.creator;
	const { key, ...unlock } = fixture.administrator.administrator;
	const signingKey = await unlockSigningKeyPair(env, key, { ...unlock, purpose: "administration" });
	const author = { publicKey: toHex(signingKey.publicKey), signingKey };
	await fixture.creator.reopen();
	const { db, getTenantSettings } = await fixture.creator.directory().then((opened) => ({
		db: opened.db,
		getTenantSettings: () => opened.getTenantSettings(),
	}));
	const [first, second] = await Promise.all([db.writerFor(author), db.writerFor(author)]);
	expect(first).toBe(second);
	const [docId] = (await db.getAllDocumentIds()).slice(-1);
	const set = (field: string) =>
		first.change<Record<string, unknown>>(docId as string, (draft) => {
			draft[field] = true;
		});
	await Promise.all([set("second"), set("third"), set("fourth")]);
	expect(await getTenantSettings()).toMatchObject({ first: 1, second: true, third: true, fourth: true });
	expect(await db.listForks()).toEqual([]);
	await fixture.close();
});

it("any number of callbacks may wait on one document, and it is read meanwhile", async () => {
	const fixture = await newTenant();
	const notes = await fixture.creator.db();
	const { id } = await notes.createDocument({ title: "shared" });
	let go: () => void = () => {};
	const gate = new Promise<void>((resolve) => {
		go = resolve;
	});
	const expected: Record<string, unknown> = { title: "shared" };
	const waiting = Array.from({ length: 20 }, (_, i) => {
		expected[`before ${i}`] = i;
		expected[`after ${i}`] = i;
		return notes.changeDoc(id, async (draft) => {
			draft[`before ${i}`] = i;
			await gate;
			draft[`after ${i}`] = i;
		});
	});
	expect(await data(fixture.creator, id)).toEqual({ title: "shared" });
	go();
	await Promise.all(waiting);
	expect(await data(fixture.creator, id)).toEqual(expected);
	await fixture.close();
});

it("what is not durable yet is in the document that is made while a callback has the other", async () => {
	const { fixture, gates } = await gatedTenant();
	const { creator } = fixture;
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "shared" });
	await notes.changeDoc(id, (draft) => {
		draft.first = 1;
	});
	let release: () => void = () => {};
	const released = new Promise<void>((resolve) => {
		release = resolve;
	});
	const held = (gates[1] as GateLevel).hold("batch", isRecord);
	const writing = notes.changeDoc(id, (draft) => {
		draft.second = 2;
	});
	await held.reached;
	const lasting = notes.changeDoc(id, async (draft) => {
		draft.slow = true;
		await released;
	});
	const meanwhile = notes.changeDoc(id, (draft) => {
		draft.seen = [draft.first, draft.second];
	});
	await settled();
	release();
	held.release();
	await Promise.all([writing, lasting, meanwhile]);
	expect(await data(creator, id)).toEqual({ title: "shared", first: 1, second: 2, slow: true, seen: [1, 2] });
	await fixture.close();
});

it("nothing of a write that failed is kept as what the document shows", async () => {
	const faulty: ReturnType<typeof faultyLevel>[] = [];
	const fixture = await newTenant((level) => {
		const made = faultyLevel(level);
		faulty.push(made);
		return made.level;
	});
	const notes = await fixture.creator.db();
	const { id } = await notes.createDocument({ title: "kept" });
	for (const each of faulty) each.failWrites({ times: 1 });
	const failing = notes.changeDoc(id, (draft) => {
		draft.title = "lost";
	});
	const reading = notes.explain(id);
	await expect(failing).rejects.toThrow();
	await reading.catch(() => undefined);
	for (const each of faulty) each.repair();
	expect(await data(fixture.creator, id)).toEqual({ title: "kept" });
	await fixture.creator.reopen();
	expect(await data(fixture.creator, id)).toEqual({ title: "kept" });
	await fixture.close();
});

it("an own write that fails while a document is brought up does not stop what brings it up", async () => {
	const gates: GateLevel[] = [];
	const faulty: ReturnType<typeof faultyLevel>[] = [];
	const fixture = await newTenant((level) => {
		faulty.push(faultyLevel(level));
		gates.push(gateLevel((faulty.at(-1) as ReturnType<typeof faultyLevel>).level));
		return (gates.at(-1) as GateLevel).level;
	});
	const { creator } = fixture;
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "shared" });
	const bob = await fixture.member("bob");
	await creator.level(bob);
	await (await bob.db()).changeDoc(id, setField("bob", true));
	let go: () => void = () => {};
	const gate = new Promise<void>((resolve) => {
		go = resolve;
	});
	const writing = notes.changeDoc<Record<string, unknown>>(id, async (draft) => {
		await gate;
		draft.own = true;
	});
	await settled();
	const reading = (gates[1] as GateLevel).hold("scan", (key) => key[0] === tags.documentListing);
	const pulling = notes.pullChangesFrom((await bob.db()).store);
	await reading.reached;
	faulty[1]?.failWrites({ times: 1 });
	go();
	await expect(writing).rejects.toMatchObject({ code: "store-io" });
	reading.release();
	expect((await pulling).stored).toBe(1);
	expect(await data(creator, id)).toEqual({ title: "shared", bob: true });
	await fixture.close();
});

it("a document that was purged here is not shown any more", async () => {
	const fixture = await newTenant();
	const notes = await fixture.creator.db();
	const kept = await notes.createDocument({ title: "kept" });
	const { id } = await notes.createDocument({ title: "erased" });
	const cursor = notes.changeCursor;
	await notes.store.purgeDocHistory(id);
	expect(await notes.getDocument(id)).toBeUndefined();
	expect(await notes.getAllDocumentIds()).toEqual([kept.id]);
	const told: [string, unknown][] = [];
	for await (const { docId, doc } of notes.iterateChangesSince(cursor)) told.push([docId, doc]);
	expect(told).toEqual([[id, undefined]]);
	await fixture.creator.reopen();
	expect(await (await fixture.creator.db()).getAllDocumentIds()).toEqual([kept.id]);
	await fixture.close();
});

it("an edit that outlasts what it builds on is told so, and nothing of it is written", async () => {
	const fixture = await newTenant();
	const { creator } = fixture;
	const [bob, mallory] = [await fixture.member("bob"), await fixture.member("mallory")];
	const { id } = await (await creator.db()).createDocument({ title: "shared" });
	for (const each of [bob, mallory]) await creator.level(each);
	await (await mallory.db()).changeDoc(id, setField("title", "hers"));
	const notes = await bob.db();
	await notes.pullChangesFrom((await mallory.db()).store);
	// The creator has not seen it, so it lies in no run.
	await (await creator.directory()).revokeUser("mallory");
	let go: () => void = () => {};
	const released = new Promise<void>((resolve) => {
		go = resolve;
	});
	const editing = notes.changeDoc(id, async (draft) => {
		draft.by = "bob";
		await released;
	});
	await (await bob.directory()).db.pullChangesFrom((await creator.directory()).store);
	expect(await data(bob, id)).toEqual({ title: "shared" });
	go();
	await expect(editing).rejects.toMatchObject({ code: "trust" });
	await bob.reopen();
	expect(await data(bob, id)).toEqual({ title: "shared" });
	expect(await (await bob.db()).store.getAllHashes()).toHaveLength(2);
	await fixture.close();
});
