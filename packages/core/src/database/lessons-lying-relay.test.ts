/** What a server, relay or peer that lies can try. Numbers are those of docs/lessons.md. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setField, TenantFixture, type TestReplica } from "@mindoodb/testing";
import { folderStores, memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { asciiBytes } from "../bytes/text.js";
import { type Entry, parseEntry, type StoredEntry, signedBytes } from "../entry/entry.js";
import { sealChunk } from "../entry/payload.js";
import { tenantSubkeys } from "../keys/subkeys.js";
import type { EntryExplanation } from "./explain.js";
import { HostileWriter } from "./hostile-writer.test.js";
import type { MindooDB } from "./mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let notes: MindooDB;

beforeEach(async () => {
	fixture = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
		creator: "alice",
	});
	alice = fixture.creator;
	notes = await alice.db();
});

afterEach(() => fixture.close());

async function entriesOf(db: MindooDB): Promise<Entry[]> {
	return (await db.store.getEntries(await db.store.getAllHashes())) as Entry[];
}

/** The same entry with other fields in its header, under the address that it then has. */
async function rewritten(entry: Entry, changes: Readonly<Record<number, CborValue>>): Promise<Entry> {
	const items = decodeCbor(entry.header) as readonly CborValue[];
	const header = encodeCbor(items.map((each, i) => (i in changes ? (changes[i] as CborValue) : each)));
	return parseEntry(alice.env.crypto, { header, payload: entry.payload, signature: entry.signature });
}

function reasons(report: { readonly refused: readonly { readonly reason: string }[] }): string[] {
	return report.refused.map(({ reason }) => reason);
}

/** Another device of alice's that has the directory and nothing else. */
async function otherDevice(name = "alice'"): Promise<{ readonly replica: TestReplica; readonly db: MindooDB }> {
	const replica = await fixture.device(name, alice);
	await (await replica.directory()).db.pullChangesFrom((await alice.directory()).store);
	return { replica, db: await replica.db() };
}

it("lesson 1: a signature made for one purpose verifies for no other", async () => {
	const { crypto } = alice.env;
	const key = alice.user?.signingKey as NonNullable<TestReplica["user"]>["signingKey"];
	await notes.createDocument({ title: "a" });
	const [entry] = await entriesOf(notes);
	const { hash, signature, common } = entry as Entry;
	const publicKey = fromHex(common.createdByPublicKey, 32);
	expect(await crypto.verify(publicKey, signedBytes(hash), signature as Uint8Array)).toBe(true);
	// What a server could have had signed as a challenge: the bare hash, or the hash under the label of another purpose.
	const challenges = [
		fromHex(hash),
		...["join-request", "join-response", "login"].map((label) =>
			concatBytes(asciiBytes(`mindoodb/1/${label}\0`), fromHex(hash)),
		),
	];
	const { db } = await otherDevice();
	for (const challenge of challenges) {
		expect(await crypto.verify(publicKey, challenge, signature as Uint8Array)).toBe(false);
		const signed = { ...(entry as Entry), signature: await crypto.sign(key, challenge) };
		expect(reasons(await db.store.putEntries([signed]))).toEqual(["signature"]);
	}
	expect(toHex(signedBytes(hash)).startsWith(toHex(asciiBytes("mindoodb/1/signature\0")))).toBe(true);
});

it("lesson 2: neither an address nor an id becomes a path", async () => {
	const outside = await mkdtemp(join(tmpdir(), "mindoodb-path-"));
	try {
		const dir = join(outside, "stores");
		const stores = folderStores(dir, alice.env.crypto);
		const { tenantRoot } = fixture.identity;
		for (const dbId of ["../../x", "..", "a/b", "\0"]) {
			const store = await stores.open({ tenantRoot, dbId, purpose: "documents" });
			await store.close();
		}
		expect(await readdir(outside)).toEqual(["stores"]);
		expect((await stores.list(tenantRoot)).sort()).toEqual(["\0", "..", "../../x", "a/b"].sort());
		await expect(stores.open({ tenantRoot: "../../x", dbId: "a", purpose: "documents" })).rejects.toThrow(/tenantRoot/);
	} finally {
		await rm(outside, { recursive: true });
	}
	await notes.createDocument({ title: "a" });
	const [entry] = await entriesOf(notes);
	const { db } = await otherDevice();
	const report = await db.store.putEntries([{ ...(entry as Entry), hash: "../../x" }]);
	expect(report.refused).toMatchObject([{ reason: "address" }]);
	expect(await db.store.getEntries(["../../x"])).toEqual([]);
});

it("lesson 3: a deletion whose signature does not hold hides nothing", async () => {
	const doc = await notes.createDocument({ title: "stays" });
	const { replica, db } = await otherDevice();
	await db.pullChangesFrom(notes.store);
	await notes.deleteDocument(doc.id);
	const deletion = (await entriesOf(notes)).find(({ fields }) => fields?.entryType === "doc_delete") as Entry;
	const stripped = { ...deletion, signature: undefined };
	const forged = { ...deletion, signature: new Uint8Array(64).fill(1) };
	const stranger = await fixture.stranger("eve");
	const foreign = await rewritten(deletion, { 7: fromHex(stranger.publicKey) });
	for (const each of [stripped, forged, foreign]) {
		const report = await db.store.putEntries([each]);
		expect(report.stored).toEqual([]);
		expect(["unsigned", "signature"]).toContain(reasons(report)[0]);
		expect((await db.getDocument(doc.id))?.isDeleted).toBe(false);
		expect(await db.getAllDocumentIds()).toEqual([doc.id]);
	}
	await db.store.putEntries([deletion]);
	expect(await db.getAllDocumentIds()).toEqual([]);
	await replica.reopen();
	expect((await (await replica.db()).getDocument(doc.id))?.isDeleted).toBe(true);
});

it("lesson 4: there is no older, weaker form to fall back to", async () => {
	await notes.createDocument({ title: "a" });
	const [entry] = (await entriesOf(notes)) as [Entry];
	const { db } = await otherDevice();
	const weaker: readonly (readonly [StoredEntry, string])[] = [
		[await rewritten(entry, { 0: 2 }), "signature"],
		[{ ...entry, signature: undefined }, "unsigned"],
		[{ ...entry, signature: (entry.signature as Uint8Array).slice(0, 32) }, "format"],
		[{ ...entry, signature: new Uint8Array(0) }, "format"],
		[{ ...entry, header: encodeCbor([0, ...(decodeCbor(entry.header) as CborValue[]).slice(1)]) }, "format"],
		[{ ...entry, header: encodeCbor((decodeCbor(entry.header) as CborValue[]).slice(0, 10)) }, "format"],
	];
	for (const [each, reason] of weaker) expect(reasons(await db.store.putEntries([each]))).toEqual([reason]);
	expect(await db.getAllDocumentIds()).toEqual([]);
});

it("lesson 5: an entry of one database or tenant counts in no other", async () => {
	await notes.createDocument({ title: "a" });
	const [entry] = (await entriesOf(notes)) as [Entry];
	const other = await alice.db("other");
	expect(reasons(await other.store.putEntries([entry]))).toEqual(["wrong-database"]);
	const moved = await rewritten(entry, { 3: "other" });
	expect(reasons(await other.store.putEntries([moved]))).toEqual(["signature"]);
	const elsewhere = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
		seed: 99,
	});
	const foreign = await elsewhere.creator.db();
	expect(reasons(await foreign.store.putEntries([entry]))).toEqual(["wrong-database"]);
	const taken = await rewritten(entry, { 2: fromHex(elsewhere.identity.tenantRoot) });
	expect(reasons(await foreign.store.putEntries([taken]))).toEqual(["signature"]);
	await expect(foreign.pullChangesFrom(notes.store)).rejects.toMatchObject({ code: "wrong-database" });
	await expect(notes.pullChangesFrom(other.store)).rejects.toMatchObject({ code: "wrong-database" });
	await elsewhere.close();
});

it("lesson 7: junk under a genuine address takes no room, and the genuine entry comes in", async () => {
	const doc = await notes.createDocument({ title: "genuine" });
	const [entry] = (await entriesOf(notes)) as [Entry];
	const { db } = await otherDevice();
	const payload = (entry.payload as Uint8Array).slice();
	payload[payload.length - 1] = (payload[payload.length - 1] as number) ^ 1;
	const junk: StoredEntry[] = [
		{ ...entry, payload },
		{ ...entry, payload: payload.slice(0, -1) },
		{ ...entry, payload: undefined },
		{ ...entry, header: concatBytes(entry.header, Uint8Array.of(0)) },
		{ ...entry, signature: new Uint8Array(64) },
	];
	for (const each of junk) {
		expect((await db.store.putEntries([each])).stored).toEqual([]);
		expect(await db.store.hasEntries([entry.hash])).toEqual([]);
	}
	// In one call too.
	const report = await db.store.putEntries([...junk, entry]);
	expect(report.stored.map(({ hash }) => hash)).toEqual([entry.hash]);
	expect((await db.getDocument(doc.id))?.getData()).toEqual({ title: "genuine" });
});

it("lesson 8: the initialisation vector of a chunk tells nobody without the key what it holds", async () => {
	const { crypto, random } = alice.env;
	const { tenantRoot } = fixture.identity;
	const guess = asciiBytes("the contents that somebody guesses");
	const chunkUnder = async (key: Uint8Array) => {
		const subkeys = await tenantSubkeys(crypto, key, tenantRoot);
		const keys = { attachmentKey: await subkeys.attachmentKey(), attachmentIvKey: await subkeys.attachmentIvKey() };
		return toHex((await sealChunk(crypto, guess, keys)).payload);
	};
	const key = random.randomBytes(32);
	const payload = await chunkUnder(key);
	const iv = payload.slice(2, 26);
	expect(iv).not.toBe(toHex(await crypto.sha256(guess)).slice(0, 24));
	expect(iv).not.toBe(toHex(await crypto.hmac(new Uint8Array(32), guess)).slice(0, 24));
	expect(await chunkUnder(key)).toBe(payload);
	expect((await chunkUnder(random.randomBytes(32))).slice(2, 26)).not.toBe(iv);
});

it("lesson 9: whoever passes the directory on can neither move a revocation nor show another one unseen", async () => {
	const bob = await fixture.member("bob");
	const doc = await notes.createDocument({ title: "a" });
	await alice.level(bob);
	const directory = await alice.directory();
	alice.clock.advance(1000);
	await directory.revokeUser("bob");
	const entries = await entriesOf(directory.db);
	const revocation = entries.at(-1) as Entry;
	const { replica, db } = await otherDevice("late");
	const late = await replica.directory();
	// Moved in time, to other predecessors, to another author: none of it is the administrator's.
	for (const changes of [{ 6: 1 }, { 6: 2 ** 47 }, { 12: [] }, { 14: null }]) {
		const moved = await rewritten(revocation, changes);
		expect(reasons(await late.db.store.putEntries([moved]))).toEqual(["signature"]);
	}
	// Kept from a member: what others write behind it names it, and waits until it is there.
	const withheld = await fixture.device("withheld", alice);
	const old = await withheld.directory();
	await old.db.store.putEntries(entries.filter(({ hash }) => hash !== revocation.hash));
	await notes.changeDoc(doc.id, (draft) => {
		draft.title = "b";
	});
	const behind = await withheld.db();
	await behind.pullChangesFrom(notes.store);
	const edit = (await entriesOf(notes)).at(-1) as Entry;
	expect(edit.fields?.directoryHeads).toContain(revocation.hash);
	expect(((await behind.explain(edit.hash)) as EntryExplanation).verdict).toMatchObject({
		kind: "pending",
		reason: "directory",
	});
	expect((await behind.getDocument(doc.id))?.getData()).toEqual({ title: "a" });
	await old.db.store.putEntries([revocation]);
	expect((await behind.getDocument(doc.id))?.getData()).toEqual({ title: "b" });
	expect(await db.getAllDocumentIds()).toEqual([]);
});

it("lesson 10: of 10,000 entries 100 are bad; they are refused one by one, and the rest opens", {
	timeout: 120_000,
}, async () => {
	await notes.createDocuments(Array.from({ length: 10_000 }, (_, i) => ({ i })));
	const entries: Entry[] = await entriesOf(notes);
	expect(entries).toHaveLength(10_000);
	const genuine = new Set(entries.map(({ hash }) => hash));
	for (let i = 0; i < 100; i++) {
		const at = i * 97 + 3;
		const entry = entries[at] as Entry;
		genuine.delete(entry.hash);
		const payload = (entry.payload as Uint8Array).slice();
		payload[i % payload.length] = (payload[i % payload.length] as number) ^ 255;
		const kinds: readonly Partial<Entry>[] = [
			{ payload },
			{ signature: new Uint8Array(64) },
			{ payload: undefined },
			{ hash: "0".repeat(64) },
		];
		entries[at] = { ...entry, ...(kinds[i % 4] as Partial<Entry>) };
	}
	// All of them on a relay, which checks as much and reads nothing; a tenth on a member's device, which also opens them.
	const relay = await fixture.relay();
	await (await relay.directory()).db.pullChangesFrom((await alice.directory()).store);
	const passedOn = await (await relay.db()).store.putEntries(entries);
	expect([passedOn.refused.length, passedOn.stored.length]).toEqual([100, 9900]);
	await relay.reopen();
	const healed = await (await relay.db()).pullChangesFrom(notes.store);
	expect([healed.stored, healed.refused]).toEqual([100, []]);

	const { replica, db } = await otherDevice();
	const some = entries.slice(0, 1000);
	const report = await db.store.putEntries(some);
	const spoilt = 1000 - some.filter(({ hash }) => genuine.has(hash)).length;
	expect(spoilt).toBeGreaterThan(5);
	expect([report.refused.length, report.stored.length]).toEqual([spoilt, 1000 - spoilt]);
	await replica.reopen();
	expect(await (await replica.db()).getAllDocumentIds()).toHaveLength(1000 - spoilt);
});

it("lesson 11: signatures stripped on the way make no accepted history disappear", async () => {
	const doc = await notes.createDocument({ title: "a" });
	for (const title of ["b", "c", "d"]) {
		await notes.changeDoc(doc.id, (draft) => {
			draft.title = title;
		});
	}
	const entries = await entriesOf(notes);
	const stripped = entries.map((entry) => ({ ...entry, signature: undefined }));
	const { replica, db } = await otherDevice();
	const report = await db.store.putEntries(stripped);
	expect(report.stored).toEqual([]);
	expect(new Set(reasons(report))).toEqual(new Set(["unsigned"]));
	// The last signature vouches for the chain before it.
	await db.store.putEntries([...stripped.slice(0, -1), entries.at(-1) as Entry]);
	expect((await db.getDocument(doc.id))?.getData()).toEqual({ title: "d" });
	// What was stored before stays as it was when it comes again without its signature.
	await notes.store.putEntries(stripped);
	expect((await entriesOf(notes)).map(({ signature }) => signature !== undefined)).toEqual(
		entries.map(({ signature }) => signature !== undefined),
	);
	await replica.reopen();
	expect((await (await replica.db()).getDocument(doc.id))?.getData()).toEqual({ title: "d" });
});

it("a header that names another author is that author's only with that author's signature", async () => {
	const bob = await fixture.member("bob");
	const { id } = await notes.createDocument({ title: "alice's" });
	await alice.level(bob);
	const writer = await HostileWriter.of(bob);
	const forged = await writer.honest(id, setField("title", "in alice's name"), {
		createdByPublicKey: alice.publicKey,
	});
	expect(reasons(await notes.store.putEntries([forged]))).toEqual(["signature"]);
	expect((await notes.getDocument(id))?.getData()).toEqual({ title: "alice's" });
});
