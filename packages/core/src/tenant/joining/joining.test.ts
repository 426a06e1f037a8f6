import { aliceAndBob, cheapKdf, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MindooError } from "../../errors.js";
import { type UnlockedUser, unlockUserId } from "../../keys/user-id.js";
import type { MindooTenant } from "../mindoo-tenant.js";
import { TenantFactory } from "../tenant-factory.js";
import { decodeJoinResponse, encodeJoinResponse } from "./join-response.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let carol: Awaited<ReturnType<typeof newcomer>>;
const opened: MindooTenant[] = [];

beforeEach(async () => {
	({ fixture, alice, bob } = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
	}));
	carol = await newcomer("carol");
});

afterEach(async () => {
	for (const tenant of opened.splice(0)) await tenant.close();
	await fixture.close();
});

async function newcomer(name: string) {
	const platform = await nodeEnv();
	const env = { ...platform, stores: memoryStores(platform.crypto) };
	const factory = new TenantFactory(env);
	const id = await factory.createUserId(name, "password", cheapKdf);
	return { factory, stores: env.stores, user: await unlockUserId(env, id, { password: "password", ...cheapKdf }) };
}

async function join(
	{ request, response }: { request: Uint8Array; response: Uint8Array },
	words?: string,
	{ factory, user } = carol,
): Promise<MindooTenant> {
	const confirmation = { words: words ?? (await factory.readInvitation({ request, response })).words };
	const keyBag = factory.createKeyBag();
	const tenant = await factory.joinTenant({ request, response, user, keyBag, confirmation });
	opened.push(tenant);
	return tenant;
}

it("takes somebody in by two strings and two comparisons, named keys included", async () => {
	alice.keyBag.set("vault", new Uint8Array(32).fill(4), 1);
	alice.keyBag.set("vault", new Uint8Array(32).fill(5), 2);
	await alice.keyBag.settled();
	const notes = await alice.db();
	const open = await notes.createDocument({ title: "open" });
	const hidden = await notes.createEncryptedDocument("vault", { title: "hidden" });

	const { request, words } = await carol.factory.makeJoinRequest(carol.user);
	const directory = await alice.directory();
	expect((await directory.readJoinRequest(request)).user.username).toBe("carol");
	const invited = await directory.inviteUser(request, { words, keyIds: ["vault"] });
	const tenant = await join({ request, response: invited.response }, ` ${invited.words.toUpperCase()}\n`);
	expect(tenant.keyBag.getVersions("vault")).toEqual(alice.keyBag.getVersions("vault"));

	await (await tenant.openDirectory()).db.pullChangesFrom(directory.store);
	expect(tenant.awaitedHeads).toEqual([]);
	const db = await tenant.openDB("notes");
	await db.pullChangesFrom(notes.store);
	for (const id of [open.id, hidden.id]) expect(await db.getDocument(id)).toBeDefined();
	const own = await db.createDocument({ by: "carol" });
	await notes.pullChangesFrom((await tenant.openDB("notes")).store);
	expect((await notes.getDocument(own.id))?.getData()).toEqual({ by: "carol" });
});

it("lesson 9: a newcomer who is shown an older directory than the invitation names takes nothing for granted", async () => {
	const notes = await alice.db();
	const kept = await notes.createDocument({ title: "kept" });
	await alice.level(bob);
	const relay = await fixture.relay("old", ["directory", "default"]);
	await relay.level(bob);
	const directory = await alice.directory();
	await directory.revokeUser("bob");
	const late = await (await bob.db()).createDocument({ title: "after the revocation" });
	await relay.level(bob);

	const { request, words } = await carol.factory.makeJoinRequest(carol.user);
	const { response } = await directory.inviteUser(request, { words });
	const tenant = await join({ request, response });
	await (await tenant.openDirectory()).db.pullChangesFrom((await relay.directory()).store);
	const db = await tenant.openDB("notes");
	await db.pullChangesFrom((await relay.db()).store);
	const named = (await carol.factory.readInvitation({ request, response })).directoryHeads;
	expect(tenant.awaitedHeads).toEqual(named);
	for (const { id } of [kept, late]) {
		expect(await db.getDocument(id)).toBeUndefined();
		expect(await db.explain(id)).toMatchObject({ entries: [{ verdict: { kind: "pending", reason: "directory" } }] });
	}
	await expect(db.createDocument({ title: "x" })).rejects.toMatchObject({ code: "trust" });
	await expect(tenant.encryptPayload(new Uint8Array(1))).rejects.toMatchObject({ code: "trust" });
	// Also after it was closed and opened again.
	await tenant.close();
	const again = await carol.factory.openTenant({ identity: tenant.identity, keyBag: tenant.keyBag, user: carol.user });
	opened.push(again);
	expect(again.awaitedHeads).toEqual(named);
	const reopened = await again.openDB("notes");
	await expect(reopened.createDocument({ title: "x" })).rejects.toMatchObject({ code: "trust" });

	await (await again.openDirectory()).db.pullChangesFrom(directory.store);
	expect(again.awaitedHeads).toEqual([]);
	expect((await reopened.getDocument(kept.id))?.getData()).toEqual({ title: "kept" });
	expect(await reopened.explain(late.id)).toMatchObject({ entries: [{ verdict: { kind: "refused" } }] });
	await reopened.createDocument({ title: "x" });
	// What the directory itself shows came along.
	expect(await (await again.openDirectory()).db.getAllDocumentIds()).toEqual(await directory.db.getAllDocumentIds());
});

it("does not take the word of a member who is no administrator for the directory's heads", async () => {
	const { request, words } = await carol.factory.makeJoinRequest(carol.user);
	const directory = await alice.directory();
	const genuine = await directory.inviteUser(request, { words });
	const read = await carol.factory.readInvitation({ request, response: genuine.response });
	// Heads of a directory in which carol is no member, and bob one: the words do not tell.
	const [first = ""] = await directory.store.getAllHashes();
	const requestHash = await alice.env.crypto.sha256(request);
	const forged = await encodeJoinResponse(
		alice.env.crypto,
		{ ...(await decodeJoinResponse(alice.env.crypto, genuine.response, requestHash)), directoryHeads: [first] },
		{ signingKey: (bob.user as UnlockedUser).signingKey, requestHash },
	);
	const tenant = await join({ request, response: forged }, read.words);
	await (await tenant.openDirectory()).db.pullChangesFrom(directory.store);
	expect(tenant.awaitedHeads).toEqual([first]);
	await expect((await tenant.openDB("notes")).createDocument({})).rejects.toMatchObject({ code: "trust" });
});

it("refuses whatever was swapped, and leaves nothing behind", async () => {
	const directory = await alice.directory();
	const { request, words } = await carol.factory.makeJoinRequest(carol.user);
	const eve = await newcomer("eve");
	const swapped = await eve.factory.makeJoinRequest(eve.user);
	const before = (await directory.listUsers()).length;
	// A request put in the place of carol's: the words that carol reads out are others.
	await expect(directory.inviteUser(swapped.request, { words })).rejects.toMatchObject({ code: "trust" });
	await expect(directory.inviteUser(request, { words, keyIds: ["none"] })).rejects.toMatchObject({
		code: "key-missing",
	});
	expect(await directory.listUsers()).toHaveLength(before);
	await expect((await bob.directory()).inviteUser(request, { words })).rejects.toMatchObject({
		code: "not-administrator",
	});

	const { response, words: shown } = await directory.inviteUser(request, { words });
	const other = await directory.inviteUser(swapped.request, { words: swapped.words });
	await expect(join({ request, response: other.response })).rejects.toMatchObject({ code: "signature" });
	await expect(join({ request, response }, other.words)).rejects.toMatchObject({ code: "trust" });
	await expect(join({ request, response }, shown.split(" ").slice(1).join(" "))).rejects.toMatchObject({
		code: "trust",
	});
	const confirm = (tenantRoot: string) =>
		carol.factory.joinTenant({
			request,
			response,
			user: carol.user,
			keyBag: carol.factory.createKeyBag(),
			confirmation: { tenantRoot },
		});
	await expect(confirm("0".repeat(64))).rejects.toMatchObject({ code: "trust" });
	opened.push(await confirm(alice.tenant.identity.tenantRoot));
});

it("takes no string in which a byte was altered, on either side, and no key of an answer of which one does not open", async () => {
	const directory = await alice.directory();
	const { request, words } = await carol.factory.makeJoinRequest(carol.user);
	const { response, words: confirmed } = await directory.inviteUser(request, { words });
	const altered = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
	const typed = (refused: Promise<unknown>) => expect(refused).rejects.toBeInstanceOf(MindooError);
	for (let at = 0; at < request.length; at += 5) await typed(directory.readJoinRequest(altered(request, at)));
	const keyBag = carol.factory.createKeyBag();
	const confirmation = { words: confirmed };
	const joining = (bytes: Uint8Array) =>
		carol.factory.joinTenant({ request, response: bytes, user: carol.user, keyBag, confirmation });
	for (let at = 0; at < response.length; at += 5) await typed(joining(altered(response, at)));
	await typed(joining(response.slice(0, -1)));
	// Signed anew by somebody in between: the words say nothing of the keys.
	const requestHash = await alice.env.crypto.sha256(request);
	const body = await decodeJoinResponse(alice.env.crypto, response, requestHash);
	const keys = body.keys.map((each, i) => (i === 1 ? { ...each, wrap: altered(each.wrap, 9) } : each));
	const { signingKey } = bob.user as UnlockedUser;
	const forged = await encodeJoinResponse(alice.env.crypto, { ...body, keys }, { signingKey, requestHash });
	await expect(joining(forged)).rejects.toMatchObject({ code: "key-mismatch" });
	expect(keyBag.listKeys()).toEqual([]);
});

it("an answer that is old, shown again, or another tenant's opens nothing that it should not", async () => {
	const directory = await alice.directory();
	const { request, words } = await carol.factory.makeJoinRequest(carol.user);
	const { response, words: confirmed } = await directory.inviteUser(request, { words });
	// To a request that the same newcomer made later.
	const later = await carol.factory.makeJoinRequest(carol.user);
	await expect(join({ request: later.request, response }, confirmed)).rejects.toMatchObject({ code: "signature" });
	// Of a tenant whose administrator answers the same request.
	const other = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto), seed: 77 });
	const theirs = await (await other.alice.directory()).inviteUser(request, { words });
	await other.fixture.close();
	expect(theirs.words).not.toBe(confirmed);
	await expect(join({ request, response: theirs.response }, confirmed)).rejects.toMatchObject({ code: "trust" });
	// Of a time since when the newcomer was revoked: it is a member nowhere, and gets no newer key by it.
	await directory.revokeUser("carol");
	const { id } = await (await alice.db()).createDocument({ title: "after" });
	const tenant = await join({ request, response }, confirmed);
	await (await tenant.openDirectory()).db.pullChangesFrom(directory.store);
	const db = await tenant.openDB("notes");
	await db.pullChangesFrom((await alice.db()).store);
	expect(await db.explain(id)).toMatchObject({ entries: [{ verdict: { kind: "locked" } }] });
	await expect(db.createDocument({ title: "carol's" })).rejects.toMatchObject({ code: "trust" });
});

it("opens what waits when the directory can be read only later, in databases that are closed meanwhile too", async () => {
	const dbIds = ["notes", "more"];
	const docs = await Promise.all(dbIds.map(async (dbId) => (await alice.db(dbId)).createDocument({ dbId })));
	const { request, words } = await carol.factory.makeJoinRequest(carol.user);
	const directory = await alice.directory();
	const { response } = await directory.inviteUser(request, { words });
	const requestHash = await alice.env.crypto.sha256(request);
	const body = await decodeJoinResponse(alice.env.crypto, response, requestHash);
	const { signingKey } = alice.user as UnlockedUser;
	const keys = body.keys.filter(({ keyId }) => keyId !== "directory");
	const withoutKey = await encodeJoinResponse(alice.env.crypto, { ...body, keys }, { signingKey, requestHash });
	// Put into the stores while nobody judges, as when two folders are levelled.
	for (const dbId of ["directory", ...dbIds]) {
		const { store } = await alice.db(dbId);
		const { tenantRoot } = fixture.identity;
		const raw = await carol.stores.open({ tenantRoot, dbId, purpose: "documents" });
		await raw.putEntries(await store.getEntries(await store.getAllHashes()));
		await raw.close();
	}
	const tenant = await join({ request, response: withoutKey });
	for (const dbId of dbIds) await (await tenant.openDB(dbId)).syncStoreChanges();
	expect(tenant.awaitedHeads.length).toBeGreaterThan(0);
	await (await tenant.openDB("more")).close();
	for (const { key, createdAt } of alice.keyBag.getVersions("directory")) {
		tenant.keyBag.set("directory", key, createdAt);
	}
	await tenant.keyBag.settled();
	expect(tenant.awaitedHeads).toEqual([]);
	for (const [index, dbId] of dbIds.entries()) {
		const db = await tenant.openDB(dbId);
		expect((await db.getDocument((docs[index] as { id: string }).id))?.getData()).toEqual({ dbId });
	}
});
