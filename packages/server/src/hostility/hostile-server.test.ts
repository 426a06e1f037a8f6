/** A server that holds its key, is named by the directory, and means ill: what its members see, over real sockets. Numbers are those of docs/lessons.md. */
import {
	type AliceAndBob,
	aliceAndBob,
	HostileServer,
	lyingStore,
	patience,
	type ServerCopy,
	TenantFixture,
	type TestReplica,
} from "@mindoodb/testing";
import {
	type Entry,
	type EntryExplanation,
	type Env,
	type HeaderInput,
	listenInMemory,
	listenWebSocket,
	type MindooDB,
	makeEntry,
	memoryStores,
	nodeClock,
	nodeEnv,
	type StoredEntry,
	type SyncedStore,
	type SyncHandle,
	TenantFactory,
	type UnlockedUser,
} from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

let env: Env;
let tenant: AliceAndBob;
let notes: MindooDB;
let server: HostileServer;
let address: string;
let closing: (() => Promise<unknown>)[];
const newStores = (crypto: Env["crypto"]) => memoryStores(crypto);

beforeEach(async () => {
	env = await nodeEnv();
	tenant = await aliceAndBob({ env, newStores });
	({ notes } = tenant);
	closing = [() => tenant.fixture.close()];
	server = await HostileServer.create({ env, newStores, fixture: tenant.fixture });
	const listener = await listenWebSocket(server.accept);
	({ address } = listener);
	closing.unshift(
		() => server.close(),
		() => listener.close(),
	);
	await server.join([address]);
	await hearOf(tenant.bob);
});

afterEach(async () => {
	for (const close of closing) await close();
});

/** Over a way that the server has no part in. */
async function hearOf(replica: TestReplica): Promise<void> {
	await (await replica.directory()).db.pullChangesFrom((await tenant.alice.directory()).store);
}

/** As a member does, and waits for it to be done. */
async function sync(replica: TestReplica): Promise<SyncHandle> {
	const handle = replica.tenant.sync(address);
	await handle.done;
	return handle;
}

/** Two members' devices beside each other. */
async function meet(one: TestReplica, other: TestReplica): Promise<void> {
	const { transport } = listenInMemory((duplex) => void one.tenant.acceptSync(duplex), { clock: nodeClock() });
	await other.tenant.sync(transport).done;
}

async function titles(replica: TestReplica): Promise<unknown[]> {
	const found: unknown[] = [];
	for await (const doc of (await replica.db()).iterateDocuments()) found.push(doc.getData().title);
	return found.sort();
}

async function retitle(db: MindooDB, id: string, title: string): Promise<string> {
	const before = new Set(await db.store.getAllHashes());
	await db.changeDoc(id, (draft) => {
		draft.title = title;
	});
	return (await db.store.getAllHashes()).find((hash) => !before.has(hash)) as string;
}

async function verdictOf(replica: TestReplica, hash: string): Promise<EntryExplanation> {
	return (await (await replica.db()).explain(hash)) as EntryExplanation;
}

describe("a server that withholds", () => {
	it("the newest of a chain: nobody can tell; it is there as soon as anybody else gives it", async () => {
		const { alice, bob } = tenant;
		const { id } = await notes.createDocument({ title: "a" });
		const old = await server.copy();
		await old.learn(alice);
		await retitle(notes, id, "b");
		expect((await sync(bob)).status).toMatchObject({ state: "ended", error: undefined, received: 1, declinedHere: 0 });
		expect(await titles(bob)).toEqual(["a"]);
		await meet(alice, bob);
		expect(await titles(bob)).toEqual(["b"]);
	});

	it("an entry from the middle: what builds on it waits and says for which, and nothing is lost", async () => {
		const { alice, bob } = tenant;
		const { id } = await notes.createDocument({ title: "a" });
		const hidden = await retitle(notes, id, "b");
		const last = await retitle(notes, id, "c");
		const other = await notes.createDocument({ title: "other" });
		const copy = await server.copy();
		await copy.learn(alice, { unless: ({ hash }) => hash === hidden });
		await sync(bob);
		expect(await titles(bob)).toEqual(["a", "other"]);
		const { verdict, words } = await verdictOf(bob, last);
		expect(verdict).toMatchObject({ kind: "pending", missing: [hidden] });
		expect(words).toContain("have not arrived here");
		// Its own edits go on meanwhile.
		await retitle(await bob.db(), other.id, "bob's");
		await meet(alice, bob);
		expect(await titles(bob)).toEqual(["bob's", "c"]);
		expect(await titles(alice)).toEqual(["bob's", "c"]);
	});

	it("lesson 9: a revocation: what names it waits, and the revoked member's late work falls when it comes", async () => {
		const { fixture, alice, bob } = tenant;
		const carol = await fixture.member("carol");
		const doc = await notes.createDocument({ title: "a" });
		await alice.level(bob);
		const old = await server.copy();
		await old.learn(alice);
		await (await alice.directory()).revokeUser("bob");
		const edit = await retitle(notes, doc.id, "b");
		await (await bob.db()).createDocument({ title: "after the revocation" });
		for (const each of [alice, bob]) await old.learn(each, { dbIds: ["notes"] });
		await sync(carol);
		expect(await titles(carol)).toEqual(["a", "after the revocation"]);
		const { verdict, words } = await verdictOf(carol, edit);
		expect(verdict).toMatchObject({ kind: "pending", reason: "directory" });
		expect(words).toContain("directory entries that have not arrived here");
		await meet(alice, carol);
		expect(await titles(carol)).toEqual(["b"]);
		expect(await titles(alice)).toEqual(["b"]);
	});

	it("lesson 9: the directory from a newcomer: nothing counts that the invitation does not vouch for", async () => {
		const { fixture, alice, bob } = tenant;
		await notes.createDocument({ title: "a" });
		await alice.level(bob);
		const old = await server.copy();
		await old.learn(alice);
		await (await alice.directory()).revokeUser("bob");
		await (await bob.db()).createDocument({ title: "after the revocation" });
		await old.learn(bob, { dbIds: ["notes"] });
		const dave = await fixture.stranger("dave");
		const factory = new TenantFactory(dave.env);
		const user = dave.user as UnlockedUser;
		const { request, words } = await factory.makeJoinRequest(user);
		const { response } = await (await alice.directory()).inviteUser(request, { words });
		await dave.tenant.close();
		const keyBag = factory.createKeyBag();
		const confirmation = { words: (await factory.readInvitation({ request, response })).words };
		const joined = await factory.joinTenant({ request, response, user, keyBag, confirmation });
		closing.unshift(() => joined.close());
		const handle = joined.sync(address);
		await vi.waitFor(() => expect(["waiting", "ended"]).toContain(handle.status.state), patience);
		await handle.close();
		const db = await joined.openDB("notes");
		expect(joined.awaitedHeads).not.toEqual([]);
		expect(await db.getAllDocumentIds()).toEqual([]);
		await expect(db.createDocument({ title: "x" })).rejects.toMatchObject({ code: "trust" });

		const { transport } = listenInMemory((duplex) => void alice.tenant.acceptSync(duplex), { clock: nodeClock() });
		await joined.sync(transport).done;
		expect(joined.awaitedHeads).toEqual([]);
		const shown = [];
		for await (const doc of db.iterateDocuments()) shown.push(doc.getData().title);
		expect(shown).toEqual(["a"]);
	});
});

describe("a server that shows two directories to two members", () => {
	it("lesson 9: both learn the other's half when they meet, and agree", async () => {
		const { fixture, alice, bob } = tenant;
		const [carol, dave] = [await fixture.member("carol"), await fixture.member("dave")];
		const directory = await alice.directory();
		const before = new Set(await directory.db.store.getAllHashes());
		await directory.revokeUser("bob");
		const revocation = new Set((await directory.db.store.getAllHashes()).filter((hash) => !before.has(hash)));
		await directory.changeTenantSettings((settings) => {
			settings.maxAttachmentSize = 1_000_000;
		});
		await (await bob.db()).createDocument({ title: "after the revocation" });
		const [forCarol, forDave] = [await server.copy(), await server.copy()];
		server.shows = (peer) => (peer === carol.publicKey ? forCarol : forDave);
		await forCarol.learn(alice, { unless: ({ hash }) => revocation.has(hash) });
		await forDave.learn(alice, { unless: (entry) => !before.has(entry.hash) && !revocation.has(entry.hash) });
		for (const each of [forCarol, forDave]) await each.learn(bob, { dbIds: ["notes"] });
		await sync(carol);
		await sync(dave);
		expect(await titles(carol)).toEqual(["after the revocation"]);
		expect(await titles(dave)).toEqual([]);
		expect(await headsOf(carol)).not.toEqual(await headsOf(dave));

		await meet(carol, dave);
		expect(await headsOf(carol)).toEqual(await headsOf(dave));
		expect(await titles(carol)).toEqual([]);
		expect(await (await carol.directory()).isUserRevoked("bob")).toBe(true);
		// What the server shows from now on makes no member forget.
		await sync(carol);
		expect(await titles(carol)).toEqual([]);
	});
});

describe("a server that says what is not so", () => {
	/** Changes entries of "notes", whichever way they are asked for. */
	function changing(change: (entry: StoredEntry) => StoredEntry): void {
		const changed = ({ arrival, entry }: { readonly arrival: number; readonly entry: StoredEntry }) => ({
			arrival,
			entry: change(entry),
		});
		server.lie = (dbId, store) =>
			dbId !== "notes"
				? store
				: (lyingStore(store, {
						entriesAfter: async (...given) => {
							const page = await store.entriesAfter(...given);
							return { ...page, arrivals: page.arrivals.map(changed) };
						},
						entriesByHash: async (...given) => {
							const found = await store.entriesByHash(...given);
							return { ...found, arrivals: found.arrivals.map(changed) };
						},
					}) as SyncedStore["store"]);
	}

	/** Bob syncs while it lies, then once it does not any more. */
	async function lied(declined: number): Promise<void> {
		const { bob } = tenant;
		const { status } = await sync(bob);
		expect(status).toMatchObject({ state: "ended", error: undefined, declinedHere: declined });
		expect(await titles(bob)).toEqual(["a"]);
		server.lie = (_, store) => store;
		expect((await sync(bob)).status).toMatchObject({ declinedHere: 0 });
		expect(await titles(bob)).toEqual(["a", "b"]);
	}

	/** The notes "a" and "b" at the server. @returns the entry of "b". */
	async function twoNotes(): Promise<Entry> {
		const { alice } = tenant;
		await notes.createDocument({ title: "a" });
		const before = new Set(await notes.store.getAllHashes());
		await notes.createDocument({ title: "b" });
		await (await server.copy()).learn(alice);
		const [entry] = await notes.store.getEntries(
			(await notes.store.getAllHashes()).filter((hash) => !before.has(hash)),
		);
		return entry as Entry;
	}

	it("lesson 5: entries of another database are declined, those beside them are not", async () => {
		const { alice } = tenant;
		const target = await twoNotes();
		const tasks = await alice.db("tasks");
		await tasks.createDocument({ title: "elsewhere" });
		const [elsewhere] = await tasks.store.getEntries(await tasks.store.getAllHashes());
		changing((entry) => (entry.hash === target.hash ? (elsewhere as StoredEntry) : entry));
		await lied(1);
	});

	it("lesson 5: entries of another tenant of the same member are declined", async () => {
		const target = await twoNotes();
		const other = await TenantFixture.create({ env, newStores, creator: "alice", seed: 50 });
		closing.unshift(() => other.close());
		const theirs = await other.creator.db();
		await theirs.createDocument({ title: "abroad" });
		const [abroad] = await theirs.store.getEntries(await theirs.store.getAllHashes());
		changing((entry) => (entry.hash === target.hash ? (abroad as StoredEntry) : entry));
		await lied(1);
	});

	it("lesson 3: headers that it changed are declined: a time, an author, what the author knew, a key, a deletion", async () => {
		const { crypto } = tenant.alice.env;
		const target = await twoNotes();
		const changes: Partial<HeaderInput>[] = [
			{ createdAt: target.common.createdAt + 1 },
			{ createdByPublicKey: tenant.bob.publicKey },
			{ directoryHeads: [] },
			{ decryptionKeyId: "other" },
			{ entryType: "doc_delete", dependencyHashes: [target.hash], originalSize: 0, contentTag: undefined },
		];
		for (const each of changes) {
			const fields = { ...target.common, ...target.fields, ...each } as HeaderInput;
			const forged = {
				...(await makeEntry(crypto, fields, target.payload as Uint8Array)),
				signature: target.signature,
			};
			const { fixture, alice } = tenant;
			const device = await fixture.device(`bob ${Object.keys(each)}`, tenant.bob, ["directory", "default"]);
			await hearOf(device);
			changing((entry) => (entry.hash === target.hash ? forged : entry));
			const { status } = await sync(device);
			expect(status).toMatchObject({ declinedHere: 1 });
			expect(await titles(device)).toEqual(["a"]);
			await meet(alice, device);
			expect(await titles(device)).toEqual(["a", "b"]);
		}
	});

	it("lesson 11: entries whose signatures it strips come when it no longer does", async () => {
		const target = await twoNotes();
		changing((entry) => (entry.hash === target.hash ? { ...entry, signature: undefined } : entry));
		await lied(1);
	});

	it("lesson 7: a payload that is not the entry's is declined, and takes no room from the genuine one", async () => {
		const target = await twoNotes();
		const payload = (target.payload as Uint8Array).slice();
		payload[5] = (payload[5] as number) ^ 1;
		changing((entry) => (entry.hash === target.hash ? { ...target, payload } : entry));
		await lied(1);
	});

	it("lesson 10: a store without end is read up to a bound, and the others are levelled", {
		timeout: 120_000,
	}, async () => {
		const { alice, bob } = tenant;
		await notes.createDocument({ title: "a" });
		await (await alice.db("tasks")).createDocument({ title: "elsewhere" });
		await (await server.copy()).learn(alice, { dbIds: ["directory", "notes", "tasks"] });
		let pages = 0;
		server.lie = (dbId, store) =>
			dbId !== "notes"
				? store
				: (lyingStore(store, {
						position: async () => ({ arrival: 2 ** 47, digest: "ab".repeat(16) }),
						entriesAfter: async (arrival, { limit = 256 } = {}) => {
							pages++;
							return { arrivals: [], damaged: [], next: arrival + limit, digest: "cd".repeat(16) };
						},
					}) as SyncedStore["store"]);
		await sync(bob);
		expect(await (await bob.db("tasks")).getAllDocumentIds()).toHaveLength(1);
		expect(await titles(bob)).toEqual([]);
		expect(pages).toBeGreaterThan(1000);
		expect(pages).toBeLessThan(10_000);
		server.lie = (_, store) => store;
		await sync(bob);
		expect(await titles(bob)).toEqual(["a"]);
	});

	it("lesson 10: an attachment whose bytes it exchanges is not taken, the rest is, and it comes from elsewhere", async () => {
		const { alice, bob } = tenant;
		const bytes = alice.env.crypto.randomBytes(200_000);
		const { id } = await notes.createDocument({ title: "a" });
		let attachment = "";
		await notes.changeDoc(id, async (_, attachments) => {
			attachment = await attachments.addAttachment(bytes, "file", "application/octet-stream");
		});
		const copy = await server.copy();
		await copy.learn(alice);
		await giveChunks(copy, alice);
		server.lie = (_, store) =>
			lyingStore(store, {
				getContents: async (hashes) =>
					((await store.getContents?.(hashes)) ?? []).map((payload) => payload.map((byte) => byte ^ 1)),
			}) as SyncedStore["store"];
		const handle = bob.tenant.sync(address);
		await vi.waitFor(() => expect(["ended", "waiting"]).toContain(handle.status.state), { timeout: 20_000 });
		const read = async () => (await (await bob.db()).getDocument(id))?.getAttachmentRange(attachment, 0, bytes.length);
		await expect(read()).rejects.toMatchObject({ code: "chunk-missing" });
		expect(await titles(bob)).toEqual(["a"]);
		await handle.close();
		await meet(alice, bob);
		expect(Buffer.compare((await read()) as Uint8Array, bytes)).toBe(0);
	});

	it("lesson 17: a cursor that it forges, repeats or carries elsewhere is not shown", async () => {
		const { alice, bob } = tenant;
		const { id } = await notes.createDocument({ title: "a" });
		await (await server.copy()).learn(alice);
		const handles = [alice, bob].map((each) => each.tenant.sync(address, { live: true }));
		for (const handle of handles) await handle.level();
		const seen: unknown[] = [];
		(await bob.db()).presence.onPresence(({ state }) => seen.push(state));
		(await bob.db("tasks")).presence.onPresence(({ state }) => seen.push(state));
		await notes.presence.publish(id, { cursor: 1 });
		await vi.waitFor(() => expect(server.heard).toHaveLength(1), patience);
		const [genuine] = server.heard as [Uint8Array];
		for (let at = 0; at < genuine.length; at += 7) {
			server.tell("notes", [genuine.map((byte, i) => (i === at ? byte ^ 1 : byte))]);
		}
		server.tell("tasks", [genuine]);
		server.tell("notes", [genuine, genuine, genuine]);
		await notes.presence.publish(id, { cursor: 2 });
		await vi.waitFor(() => expect(server.heard).toHaveLength(2), patience);
		server.tell("notes", [...server.heard].reverse());
		await vi.waitFor(() => expect(seen).toContainEqual({ cursor: 2 }), patience);
		expect(seen).toEqual([{ cursor: 1 }, { cursor: 2 }]);
		for (const handle of handles) await handle.close();
	});

	it("that a member is revoked: the sync ends and says so, and nothing is erased", async () => {
		const { alice, bob } = tenant;
		await twoNotes();
		await sync(bob);
		const mine = await (await bob.db()).createDocument({ title: "mine" });
		const copy = await server.copy();
		await copy.learn(alice);
		server.shows = () => ({
			...copy,
			kept: Object.assign(Object.create(copy.kept), {
				hostFor: (...given: Parameters<typeof copy.kept.hostFor>) => ({
					...copy.kept.hostFor(...given),
					standing: () => "revoked",
				}),
			}),
		});
		const handle = bob.tenant.sync(address);
		await expect(handle.done).rejects.toMatchObject({ code: "trust" });
		expect(handle.status.error?.message).toContain("revoked");
		expect(await titles(bob)).toEqual(["a", "b", "mine"]);
		expect(await bob.tenant.countUnacknowledged()).toBe(1);
		await meet(alice, bob);
		expect(await (await alice.db()).getDocument(mine.id)).toBeDefined();
	});
});

it("somebody else in the server's place, without its key, is not spoken with", async () => {
	const { alice, bob, fixture } = tenant;
	await notes.createDocument({ title: "a" });
	const impostor = await HostileServer.create({ env, newStores, fixture });
	await (await impostor.copy()).learn(alice);
	const listener = await listenWebSocket(impostor.accept);
	closing.unshift(
		() => impostor.close(),
		() => listener.close(),
	);
	const handle = bob.tenant.sync(listener.address);
	await expect(handle.done).rejects.toMatchObject({ code: "trust" });
	expect(await titles(bob)).toEqual([]);
});

async function headsOf(replica: TestReplica): Promise<readonly string[]> {
	return (await (await replica.directory()).db.store.getAllHashes()).sort();
}

/** Attachments go by the side of documents. */
async function giveChunks({ kept }: ServerCopy, replica: TestReplica): Promise<void> {
	const [, chunks] = (await kept.open("notes")) ?? [];
	for (const { purpose, store } of (await replica.db()).syncedStores()) {
		if (purpose === "attachments") await chunks?.receive(await store.getEntries(await store.getAllHashes()));
	}
}
