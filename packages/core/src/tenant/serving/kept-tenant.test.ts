import { aliceAndBob, entryMaker, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../bytes/hex.js";
import type { Crypto, KeyPairBytes, UnwrappingKey } from "../../crypto/crypto.js";
import type { MindooDB } from "../../database/mindoo-db.js";
import type { Env } from "../../env.js";
import type { ContentAddressedStore, LocalStore } from "../../store/store.js";
import type { SyncedStore } from "../../sync/host.js";
import { KeptTenant } from "./kept-tenant.js";
import type { SessionGate } from "./served-store.js";
import { decodeTenantRequest, encodeTenantRequest } from "./tenant-request.js";

const openGate: SessionGate = { take: (_, put) => put(), declined: () => {} };

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;
let base: Env;
let crypto: Crypto;
let env: Env;
let serverKeys: {
	readonly signing: KeyPairBytes;
	readonly encryption: KeyPairBytes;
	readonly unwrapping: UnwrappingKey;
};
let server: KeptTenant;

function described() {
	const { signing, encryption } = serverKeys;
	return { signingKey: toHex(signing.publicKey), encryptionKey: encryption.publicKey, addresses: ["wss://sync.test"] };
}

async function keep(): Promise<KeptTenant> {
	const request = await (await alice.directory()).askServer(described(), fixture.administrator);
	const { identity, keys } = await decodeTenantRequest(crypto, request);
	return KeptTenant.open(env, { identity, keys, unwrappingKey: serverKeys.unwrapping, mostDatabases: 3 });
}

async function remote(dbId: string, purpose = "documents"): Promise<SyncedStore> {
	const stores = await server.hostFor(openGate).open(dbId);
	const found = stores?.find((each) => each.purpose === purpose);
	if (found === undefined) throw new Error(`the server does not keep ${dbId}`);
	return found;
}

async function levelDirectory(): Promise<void> {
	const { store } = await remote("directory");
	await (await alice.directory()).db.pushChangesTo(store);
}

beforeAll(async () => {
	base = await nodeEnv();
	crypto = base.crypto;
	const encryption = await crypto.generateWrappingKeyPair();
	serverKeys = {
		signing: await crypto.generateSigningKeyPair(),
		encryption,
		unwrapping: await crypto.importUnwrappingKey(encryption.privateKey),
	};
});

beforeEach(async () => {
	({ fixture, alice, bob, notes } = await aliceAndBob({ env: base, newStores: (each) => memoryStores(each) }));
	env = { ...base, stores: memoryStores(crypto) };
	server = await keep();
	return async () => {
		await server.close();
		await fixture.close();
	};
});

describe("standing", () => {
	it("is unknown before the directory came, and what the directory says afterwards", async () => {
		expect(server.standing(alice.publicKey)).toBe("unknown");
		await (await alice.directory()).addServer(described(), fixture.administrator);
		await levelDirectory();
		const stranger = await fixture.stranger("mallory");
		const all = [alice, bob, stranger].map(({ publicKey }) => server.standing(publicKey));
		expect(all).toEqual(["member", "member", "unknown"]);
		expect(server.standing(described().signingKey)).toBe("server");
		expect(server.standing(fixture.identity.administrationKey)).toBe("member");
		await (await alice.directory()).addServer(described(), fixture.administrator);
		expect(await (await alice.directory()).listServers()).toHaveLength(1);
	});

	it("of a member who left is revoked, though the key that says so is a new one for the rest", async () => {
		await (await alice.directory()).addServer(described(), fixture.administrator);
		await levelDirectory();
		await (await alice.directory()).revokeUser("bob", fixture.administrator);
		const steps: string[] = [];
		server.hostFor(openGate).onDirectory(() => steps.push(server.standing(bob.publicKey)));
		await levelDirectory();
		expect(steps).toContain("revoked");
		// Written under the new version of `directory`, which came to the server by its release alone.
		const carol = await fixture.stranger("carol");
		await fixture.register(carol);
		await levelDirectory();
		expect([server.standing(bob.publicKey), server.standing(carol.publicKey)]).toEqual(["revoked", "member"]);
	});
});

describe("what is stored", () => {
	beforeEach(levelDirectory);

	it("are members' entries, each once, and nobody else's", async () => {
		const doc = await notes.createDocument({ title: "kept" });
		const { store } = await remote("notes");
		expect(await notes.pushChangesTo(store)).toMatchObject({ sent: 1, refused: [] });
		expect(await notes.pushChangesTo(store)).toMatchObject({ sent: 0 });
		const theirs = await bob.db();
		await theirs.pullChangesFrom(store);
		expect((await theirs.getDocument(doc.id))?.getData()).toMatchObject({ title: "kept" });
		const stranger = await entryMaker({ crypto, tenantRoot: fixture.identity.tenantRoot });
		const refused = [{ reason: "not-member" }];
		expect(await store.putEntries([await stranger.make()])).toMatchObject({ stored: [], refused });
	});

	it("lesson 5: are no entries of another database", async () => {
		await notes.createDocument({ title: "here" });
		const entries = (await notes.store.entriesAfter(0)).arrivals.map(({ entry }) => entry);
		const { store } = await remote("other");
		expect((await store.putEntries(entries)).refused.map(({ reason }) => reason)).toEqual(["wrong-database"]);
	});

	it("are in the directory administrators' entries alone", async () => {
		const { store } = await remote("directory");
		const { tenantRoot } = fixture.identity;
		const member = await entryMaker({ crypto, tenantRoot, dbId: "directory", signingKey: bob.user?.signingKey });
		const refused = [{ reason: "not-member" }];
		expect(await store.putEntries([await member.make()])).toMatchObject({ stored: [], refused });
	});

	it("fill no more databases than there is room for, and close with the tenant", async () => {
		for (const dbId of ["a", "b", "c"]) await remote(dbId);
		expect(await server.hostFor(openGate).open("d")).toBeUndefined();
		expect(await server.hostFor(openGate).databases()).toEqual(["a", "b", "c"]);
		await server.close();
		await expect(server.open("a")).rejects.toMatchObject({ code: "closed" });
	});

	it("is asked of the other side by a pull, and told to who listens", async () => {
		await notes.createDocument({ title: "pulled" });
		const synced = await remote("notes");
		let told = 0;
		synced.onAppended(() => told++);
		expect(await synced.pull(notes.store, { peer: alice.publicKey })).toMatchObject({ stored: 1, complete: true });
		expect(told).toBe(1);
	});
});

describe("erasing", () => {
	it("follows the directory, also for what arrives later, and nobody else's word", async () => {
		await levelDirectory();
		const doc = await notes.createDocument({ title: "to be erased" });
		const { store } = await remote("notes");
		await notes.pushChangesTo(store);
		const [entry] = (await notes.store.entriesAfter(0)).arrivals.map((each) => each.entry);
		await expect(store.purgeDocHistory(doc.id)).rejects.toMatchObject({ code: "usage" });
		await (await alice.directory()).requestPurge({ dbId: "notes", docId: doc.id }, fixture.administrator);
		await levelDirectory();
		const [left] = (await store.entriesAfter(0)).arrivals;
		expect(left?.entry.kind).toBe("stub");
		if (entry !== undefined) await store.putEntries([entry]);
		expect((await store.getEntries([entry?.hash ?? ""])).map(({ kind }) => kind)).toEqual(["stub"]);
	});

	it("is made up for at the next start", async () => {
		await levelDirectory();
		const doc = await notes.createDocument({ title: "to be erased" });
		await notes.pushChangesTo((await remote("notes")).store);
		await server.close();
		await (await alice.directory()).requestPurge({ dbId: "notes", docId: doc.id }, fixture.administrator);
		// The directory comes while no database is open, and the process ends before anything follows from it.
		const directory = await env.stores.open({
			tenantRoot: fixture.identity.tenantRoot,
			dbId: "directory",
			purpose: "documents",
		});
		await pour((await alice.directory()).store, directory);
		await directory.close();
		server = await keep();
		const [left] = (await (await remote("notes")).store.entriesAfter(0)).arrivals;
		expect(left?.entry.kind).toBe("stub");
	});
});

describe("the request", () => {
	it("is signed by the administration key that it names, for one server, byte by byte", async () => {
		const request = await (await alice.directory()).askServer(described(), fixture.administrator);
		const read = await decodeTenantRequest(crypto, request);
		expect([read.identity, read.server]).toEqual([fixture.identity, described().signingKey]);
		for (const at of [3, 20, 60, 100, request.length - 70, request.length - 1]) {
			const altered = request.slice();
			altered[at] = (altered[at] as number) ^ 1;
			await expect(decodeTenantRequest(crypto, altered)).rejects.toThrow();
		}
	});

	it("is made by no other key", async () => {
		const directory = await alice.directory();
		await expect(directory.askServer(described(), {})).rejects.toMatchObject({ code: "not-administrator" });
		const read = await decodeTenantRequest(crypto, await directory.askServer(described(), fixture.administrator));
		const { privateKey, publicKey } = await crypto.generateSigningKeyPair();
		const other = await crypto.importSigningKey(privateKey);
		const claimed = { ...read, identity: { ...read.identity, administrationKey: toHex(publicKey) } };
		const forged = await encodeTenantRequest(crypto, claimed, other);
		// Another administration key is another tenant.
		expect((await decodeTenantRequest(crypto, forged)).identity.tenantRoot).not.toBe(read.identity.tenantRoot);
	});
});

async function pour(from: ContentAddressedStore, to: LocalStore): Promise<void> {
	const entries = (await from.entriesAfter(0)).arrivals.map(({ entry }) => entry);
	await to.append(entries.slice((await to.position()).arrival));
}
