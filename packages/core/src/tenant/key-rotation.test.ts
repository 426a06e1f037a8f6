/** Keys over time: docs/trust.md, "Keys"; docs/decisions/0027-keys-over-time.md. */
import { aliceAndBob, setField, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Crypto, KeyPairBytes } from "../crypto/crypto.js";
import type { MindooDB } from "../database/mindoo-db.js";
import { KeyBag } from "../keys/key-bag.js";
import { tenantSubkeys } from "../keys/subkeys.js";
import type { PrivateUserId, UnlockedUser } from "../keys/user-id.js";
import { wrapKey } from "./key-release.js";
import type { ReachablePeer } from "./reachable-peers.js";
import { TenantFactory } from "./tenant-factory.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let carol: TestReplica;
let notes: MindooDB;

/** Alice's, Bob's, Carol's and Dave's: what is handed to one is not handed to all. */
let wrappingKeys: readonly KeyPairBytes[];

beforeAll(async () => {
	const { crypto } = await nodeEnv();
	wrappingKeys = await Promise.all(Array.from({ length: 4 }, () => crypto.generateWrappingKeyPair()));
});

beforeEach(async () => {
	const env = await nodeEnv();
	const newStores = (crypto: Crypto) => memoryStores(crypto);
	({ fixture, alice, bob, notes } = await aliceAndBob({ env, newStores, wrappingKeys }));
	carol = await fixture.member("carol");
});

afterEach(() => fixture.close());

async function titleAt(replica: TestReplica, docId: string) {
	return (await (await replica.db()).getDocument(docId))?.getData().title;
}

async function appoint(replica: TestReplica) {
	const form = { form: "admingrant", username: replica.name, signingKey: replica.publicKey } as const;
	await (await alice.directory()).write([form], fixture.administrator);
	await replica.level(alice);
}

/** Commitments under which a document's entries are encrypted, in order of arrival. */
async function versionsOf(db: MindooDB, docId: string) {
	const entries = await db.store.findNewEntriesForDoc([], docId);
	return entries.map((entry) => entry.kind === "entry" && entry.fields?.keyCommitment);
}

describe("rotateKey", () => {
	it("leaves what is there under its version, and everybody writes and reads under the new one", async () => {
		const { id } = await notes.createDocument({ title: "before" });
		await bob.level(alice);
		await (await alice.directory()).rotateKey("default");
		await notes.changeDoc(id, setField("title", "after"));
		const [old, fresh] = await versionsOf(notes, id);
		expect(old).not.toBe(fresh);
		await bob.level(alice);
		expect(await titleAt(bob, id)).toBe("after");
		await (await bob.db()).changeDoc(id, setField("title", "bob's"));
		expect((await versionsOf(await bob.db(), id)).at(-1)).toBe(fresh);
		await alice.level(bob);
		expect(await titleAt(alice, id)).toBe("bob's");
	});

	it("a member who was offline for three rotations of both keys catches up in one sync, without a password", async () => {
		const ids: string[] = [];
		const directory = await alice.directory();
		for (const title of ["one", "two", "three"]) {
			await directory.rotateKey("directory");
			await directory.rotateKey("default");
			ids.push((await notes.createDocument({ title })).id);
		}
		await fixture.member("dave");
		await bob.level(alice);
		for (const [i, title] of ["one", "two", "three"].entries())
			expect(await titleAt(bob, ids[i] as string)).toBe(title);
		expect(await (await bob.directory()).listUsers()).toHaveLength(4);
		expect([bob.keyBag.getAllKeys("default").length, bob.keyBag.getAllKeys("directory").length]).toEqual([4, 4]);
		await bob.reopen();
		await (await bob.db()).changeDoc(ids[2] as string, setField("title", "bob's"));
		await alice.level(bob);
		expect(await titleAt(alice, ids[2] as string)).toBe("bob's");
	});

	it("a device whose keys were set back reads the whole directory, at every start", async () => {
		const { env, user, keyBag } = alice;
		const before = keyBag.toBytes();
		const { identity } = alice.tenant;
		await (await alice.directory()).rotateKey("directory");
		const users = (await (await alice.directory()).listUsers()).length;
		await alice.tenant.close();
		const factory = new TenantFactory(env);
		for (let start = 0; start < 3; start++) {
			const older = KeyBag.fromBytes(env, before);
			const tenant = await factory.openTenant({ identity, keyBag: older, ...(user && { user }) });
			expect(await (await tenant.openDirectory()).listUsers()).toHaveLength(users);
			await tenant.close();
		}
		await alice.reopen();
	});

	it("is for administrators, and for keys that the directory governs", async () => {
		await expect((await bob.directory()).rotateKey("default")).rejects.toMatchObject({ code: "not-administrator" });
		alice.keyBag.set("payroll", new Uint8Array(32).fill(1), 1);
		await expect((await alice.directory()).rotateKey("payroll")).rejects.toMatchObject({ code: "not-governed" });
		expect(alice.keyBag.getAllKeys("payroll")).toHaveLength(1);
	});
});

describe("revokeUser", () => {
	it("rotates, so that the user reads that it was revoked, and nothing that is written afterwards", async () => {
		const { id } = await notes.createDocument({ title: "before" });
		await bob.level(alice);
		expect(await (await alice.directory()).revokeUser("bob")).toEqual({ rotatedKeys: ["default", "directory"] });
		await notes.changeDoc(id, setField("title", "after"));
		await fixture.member("dave");
		await bob.level(alice);
		await carol.level(alice);
		expect(await titleAt(carol, id)).toBe("after");
		expect(await titleAt(bob, id)).toBe("before");
		expect(await (await bob.directory()).isUserRevoked("bob")).toBe(true);
		// Dave's grant is under the new version.
		expect((await (await bob.directory()).listUsers()).map(({ username }) => username)).not.toContain("dave");
		expect((await (await carol.directory()).listUsers()).map(({ username }) => username)).toContain("dave");
		expect(bob.keyBag.getAllKeys("default")).toHaveLength(1);
	});

	it("by two administrators apart excludes neither one's user, so the next administrator's client rotates again", async () => {
		const dave = await fixture.member("dave");
		await appoint(carol);
		for (const each of [bob, dave]) await each.level(alice);
		await Promise.all([(await alice.directory()).revokeUser("bob"), (await carol.directory()).revokeUser("dave")]);
		const had = { alice: alice.keyBag.getAllKeys("default").length, carol: carol.keyBag.getAllKeys("default").length };
		expect(had).toEqual({ alice: 2, carol: 2 });
		// Carol pulls, and her client makes up for it; nobody asked it to.
		await (await carol.directory()).db.pullChangesFrom((await alice.directory()).store);
		await alice.level(carol);
		const { id } = await notes.createDocument({ title: "theirs alone" });
		for (const each of [bob, dave]) await each.level(alice);
		expect([await titleAt(bob, id), await titleAt(dave, id)]).toEqual([undefined, undefined]);
		await carol.level(alice);
		expect(await titleAt(carol, id)).toBe("theirs alone");
		// Each other's, and the third; it is done with that.
		const versions = () => alice.keyBag.getAllKeys("default").length;
		expect(versions()).toBe(4);
		for (const each of [alice, carol, alice, carol]) {
			await each.reopen();
			await alice.level(carol);
		}
		expect(versions()).toBe(4);
	});

	it("lesson 29: whoever was offline at it, or let in elsewhere meanwhile, cannot write under the old key, and is handed the new one", async () => {
		await appoint(carol);
		const dave = await fixture.stranger("dave");
		const request = new TenantFactory(dave.env).toPublicUserId(dave.userId as PrivateUserId);
		await (await carol.directory()).registerUser(request);
		await (await alice.directory()).revokeUser("bob");
		// Dave hears both before either administrator hears of the other.
		const daves = (await dave.directory()).db;
		for (const each of [carol, alice]) await daves.pullChangesFrom((await each.directory()).store);
		expect(await (await dave.directory()).isUserRevoked("bob")).toBe(true);
		const write = async () => (await dave.db()).createDocument({ title: "dave's" });
		await expect(write()).rejects.toMatchObject({ code: "key-missing", data: { keyId: "default" } });
		await dave.level(alice);
		await dave.level(alice);
		const { id } = await write();
		await carol.level(alice);
		await carol.level(dave);
		expect(await titleAt(carol, id)).toBe("dave's");
		await bob.level(dave);
		expect(await titleAt(bob, id)).toBeUndefined();
	});

	it("and letting the same user in again hands it what it missed, under a version that it can read", async () => {
		const directory = await alice.directory();
		await directory.revokeUser("bob");
		await bob.level(alice);
		const { id } = await notes.createDocument({ title: "meanwhile" });
		await fixture.register(bob);
		await bob.level(alice);
		expect(await titleAt(bob, id)).toBe("meanwhile");
		await (await bob.db()).changeDoc(id, setField("title", "bob's"));
		await alice.level(bob);
		expect(await titleAt(alice, id)).toBe("bob's");
	});

	it("can leave the keys for later, and the next opening makes up for it", async () => {
		const revoked = await (await alice.directory()).revokeUser("bob", { rotateKeys: false });
		expect([revoked.rotatedKeys, alice.keyBag.getAllKeys("default").length]).toEqual([[], 1]);
		await alice.reopen();
		expect([alice.keyBag.getAllKeys("default").length, alice.keyBag.getAllKeys("directory").length]).toEqual([2, 2]);
		await alice.reopen();
		expect(alice.keyBag.getAllKeys("default")).toHaveLength(2);
	});

	it("and no rotation is stopped by a member whose encryption key is none", async () => {
		const form = { form: "grantaccess", username: "mallory", signingKey: bob.publicKey } as const;
		const directory = await alice.directory();
		await directory.write([{ ...form, encryptionKey: new Uint8Array(300).fill(1) }]);
		await directory.revokeUser("carol");
		expect(alice.keyBag.getAllKeys("default")).toHaveLength(2);
	});

	it("is written whole or not at all: nobody has a version without a release, or the other way round", async () => {
		const { store } = await alice.directory();
		const { arrival } = await store.position();
		await (await alice.directory()).revokeUser("bob");
		const { arrivals } = await store.entriesAfter(arrival);
		const versions = new Set(arrivals.map(({ entry }) => entry.kind === "entry" && entry.fields?.keyCommitment));
		// Two announcements, two releases, the revocation: one behind the other, under one version, which Bob has.
		expect([arrivals.length, versions.size]).toEqual([5, 1]);
		for (const [i, { entry }] of arrivals.entries()) {
			if (i > 0 && entry.kind === "entry") expect(entry.fields?.directoryHeads).toEqual([arrivals[i - 1]?.entry.hash]);
		}
	});
});

describe("a named key under the directory", () => {
	const keyId = "payroll";
	let id: string;

	beforeEach(async () => {
		alice.keyBag.set(keyId, new Uint8Array(32).fill(1), 1);
		alice.keyBag.set(keyId, new Uint8Array(32).fill(2), 2);
		await alice.keyBag.settled();
		({ id } = await notes.createEncryptedDocument(keyId, { title: "wages" }));
		await (await alice.directory()).governKey(keyId, { usernames: ["bob"] });
		await bob.level(alice);
		await carol.level(alice);
	});

	it("goes to the members that an administrator names, in all versions", async () => {
		expect([await titleAt(bob, id), await titleAt(carol, id)]).toEqual(["wages", undefined]);
		await (await alice.directory()).rotateKey(keyId);
		await notes.changeDoc(id, setField("title", "wages, more"));
		await (await alice.directory()).handKey(keyId, ["carol"]);
		await bob.level(alice);
		await carol.level(alice);
		expect([await titleAt(bob, id), await titleAt(carol, id)]).toEqual(["wages, more", "wages, more"]);
		expect(carol.keyBag.getAllKeys(keyId)).toHaveLength(3);
	});

	it("stays with the administrator who put it there, and is rotated when that one is revoked", async () => {
		await appoint(carol);
		carol.keyBag.set("plans", new Uint8Array(32).fill(3), 1);
		await carol.keyBag.settled();
		await (await carol.directory()).governKey("plans", { usernames: ["bob"] });
		await appoint(bob);
		await bob.level(carol);
		await (await bob.directory()).rotateKey("plans");
		await carol.level(bob);
		expect(carol.keyBag.getAllKeys("plans")).toHaveLength(2);
		await alice.level(bob);
		const revoked = await (await alice.directory()).revokeUser("carol", fixture.administrator);
		expect(revoked.rotatedKeys).toEqual(["default", "directory", "plans"]);
	});

	it("is rotated when the administrator is revoked who made its version for others", async () => {
		await appoint(carol);
		await (await carol.directory()).rotateKey(keyId);
		await alice.level(carol);
		const directory = await alice.directory();
		const revoked = await directory.revokeUser("carol", fixture.administrator);
		expect(revoked.rotatedKeys).toEqual(["default", "directory", keyId]);
		expect((await directory.maintainKeys(fixture.administrator)).rotated).toEqual([]);
	});

	it("is rotated when a member who has it is revoked, and left alone when one who has it not is", async () => {
		const directory = await alice.directory();
		expect((await directory.revokeUser("carol")).rotatedKeys).toEqual(["default", "directory"]);
		expect((await directory.revokeUser("bob")).rotatedKeys).toEqual(["default", "directory", keyId]);
		await notes.changeDoc(id, setField("title", "wages, cut"));
		await bob.level(alice);
		expect(await titleAt(bob, id)).toBe("wages");
	});

	it("lesson 15: a version that a member brings into use counts nowhere, and is imported by nobody", async () => {
		const key = new Uint8Array(32).fill(66);
		bob.keyBag.set(keyId, key, 99);
		carol.keyBag.set(keyId, key, 99);
		await Promise.all([bob.keyBag.settled(), carol.keyBag.settled()]);
		const before = (await versionsOf(notes, id))[0];
		await (await bob.db()).changeDoc(id, setField("title", "wages, bob"));
		expect((await versionsOf(await bob.db(), id)).at(-1)).toBe(before);
		const { tenantRoot } = fixture.identity;
		const commitment = await (await tenantSubkeys(bob.env.crypto, key, tenantRoot)).keyCommitment(keyId);
		const forms = [{ form: "keyversion", keyId, commitment }] as const;
		await expect((await bob.directory()).write(forms)).rejects.toMatchObject({ code: "not-administrator" });
		// An administrator who hands out what nobody announced does no better.
		const wraps = await wrapKey(alice.env.crypto, { tenantRoot, keyId, commitment }, key, [
			(carol.user as UnlockedUser).unwrappingKey.publicKey,
		]);
		carol.keyBag.deleteKey(keyId);
		await (await alice.directory()).write([{ form: "keyrelease", keyId, commitment, wraps }]);
		await carol.level(alice);
		expect(carol.keyBag.has(keyId)).toBe(false);
	});

	it("is one that is held, not governed yet, and goes to members alone", async () => {
		const directory = await alice.directory();
		await expect(directory.governKey(keyId)).rejects.toMatchObject({ code: "usage" });
		await expect(directory.governKey("unknown")).rejects.toMatchObject({ code: "key-missing" });
		await expect(directory.handKey(keyId, ["nobody"])).rejects.toMatchObject({ code: "not-found" });
		await expect(directory.handKey("unknown", ["bob"])).rejects.toMatchObject({ code: "not-governed" });
		await expect((await bob.directory()).handKey(keyId, ["carol"])).rejects.toMatchObject({
			code: "not-administrator",
		});
	});

	it("lesson 21: opens in every version after a restart, and is never written under another key", async () => {
		for (const title of ["two", "three"]) {
			await (await alice.directory()).rotateKey(keyId);
			await notes.changeDoc(id, setField("title", title));
		}
		await bob.level(alice);
		await bob.reopen();
		await (await bob.db()).changeDoc(id, setField("title", "four"));
		const versions = await versionsOf(await bob.db(), id);
		expect(new Set(versions).size).toBe(3);
		expect(versions[3]).toBe(versions[2]);
		const entries = await (await bob.db()).store.findNewEntriesForDoc([], id);
		expect(entries.every((entry) => entry.kind === "entry" && entry.fields?.decryptionKeyId === keyId)).toBe(true);
		await alice.reopen();
		await alice.level(bob);
		expect(await titleAt(alice, id)).toBe("four");
	});
});

describe("what peers have", () => {
	const peer = (replica: TestReplica): ReachablePeer => ({
		openStore: async (dbId) =>
			dbId === "directory" ? (await replica.directory()).store : (await replica.db(dbId)).store,
	});

	it("is brought here before a revocation, so that honest work is not cut off", async () => {
		const { id } = await notes.createDocument({ title: "before" });
		await bob.level(alice);
		await (await bob.db()).changeDoc(id, setField("title", "bob's last"));
		const end = alice.tenant.addPeer(peer(bob));
		await (await alice.directory()).revokeUser("bob");
		expect(await titleAt(alice, id)).toBe("bob's last");
		end();
	});

	it("and cannot be brought is told by database, unless the caller names it", async () => {
		await (await alice.db("other")).createDocument({ title: "elsewhere" });
		alice.tenant.addPeer({
			async openStore(dbId) {
				if (dbId === "notes") throw new Error("out of reach");
				return peer(bob).openStore(dbId);
			},
		});
		const directory = await alice.directory();
		await expect(directory.revokeUser("bob")).rejects.toMatchObject({
			code: "not-level",
			data: { databases: ["notes"] },
		});
		expect(await directory.isUserRevoked("bob")).toBe(false);
		await directory.revokeUser("bob", { withoutDatabases: ["notes"] });
		expect(await directory.isUserRevoked("bob")).toBe(true);
	});
});
