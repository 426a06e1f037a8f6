/** A server that holds its key, is named by the directory, and says what is not so: what its members see, over real sockets. Numbers are those of docs/lessons.md. */
import {
	HostileScene,
	HostileServer,
	lyingStore,
	patience,
	type ServerCopy,
	TenantFixture,
	type TestReplica,
} from "@mindoodb/testing";
import {
	type Entry,
	type Env,
	type HeaderInput,
	listenInMemory,
	listenWebSocket,
	makeEntry,
	memoryStores,
	nodeEnv,
	type StoredEntry,
	type SyncedStore,
} from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

let env: Env;
let scene: HostileScene;
const newStores = (crypto: Env["crypto"]) => memoryStores(crypto);

beforeEach(async () => {
	env = await nodeEnv();
	scene = await HostileScene.create({ env, newStores, listen: listenWebSocket, listenInMemory });
});

afterEach(() => scene.close());

describe("a server that says what is not so", () => {
	/** Changes entries of "notes", whichever way they are asked for. */
	function changing(change: (entry: StoredEntry) => StoredEntry): void {
		const changed = ({ arrival, entry }: { readonly arrival: number; readonly entry: StoredEntry }) => ({
			arrival,
			entry: change(entry),
		});
		scene.server.lie = (dbId, store) =>
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
		const { bob } = scene.tenant;
		const { status } = await scene.sync(bob);
		expect(status).toMatchObject({ state: "ended", error: undefined, declinedHere: declined });
		expect(await scene.titles(bob)).toEqual(["a"]);
		scene.server.lie = (_, store) => store;
		expect((await scene.sync(bob)).status).toMatchObject({ declinedHere: 0 });
		expect(await scene.titles(bob)).toEqual(["a", "b"]);
	}

	/** The notes "a" and "b" at the scene.server. @returns the entry of "b". */
	async function twoNotes(): Promise<Entry> {
		const { alice } = scene.tenant;
		await scene.notes.createDocument({ title: "a" });
		const before = new Set(await scene.notes.store.getAllHashes());
		await scene.notes.createDocument({ title: "b" });
		await (await scene.server.copy()).learn(alice);
		const [entry] = await scene.notes.store.getEntries(
			(await scene.notes.store.getAllHashes()).filter((hash) => !before.has(hash)),
		);
		return entry as Entry;
	}

	it("lesson 5: entries of another database are declined, those beside them are not", async () => {
		const { alice } = scene.tenant;
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
		scene.closeWith(() => other.close());
		const theirs = await other.creator.db();
		await theirs.createDocument({ title: "abroad" });
		const [abroad] = await theirs.store.getEntries(await theirs.store.getAllHashes());
		changing((entry) => (entry.hash === target.hash ? (abroad as StoredEntry) : entry));
		await lied(1);
	});

	it("lesson 3: headers that it changed are declined: a time, an author, what the author knew, a key, a deletion", async () => {
		const { crypto } = scene.tenant.alice.env;
		const target = await twoNotes();
		const changes: Partial<HeaderInput>[] = [
			{ createdAt: target.common.createdAt + 1 },
			{ createdByPublicKey: scene.tenant.bob.publicKey },
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
			const { fixture, alice } = scene.tenant;
			const device = await fixture.device(`bob ${Object.keys(each)}`, scene.tenant.bob, ["directory", "default"]);
			await scene.hearOf(device);
			changing((entry) => (entry.hash === target.hash ? forged : entry));
			const { status } = await scene.sync(device);
			expect(status).toMatchObject({ declinedHere: 1 });
			expect(await scene.titles(device)).toEqual(["a"]);
			await scene.meet(alice, device);
			expect(await scene.titles(device)).toEqual(["a", "b"]);
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
		const { alice, bob } = scene.tenant;
		await scene.notes.createDocument({ title: "a" });
		await (await alice.db("tasks")).createDocument({ title: "elsewhere" });
		await (await scene.server.copy()).learn(alice, { dbIds: ["directory", "notes", "tasks"] });
		let pages = 0;
		scene.server.lie = (dbId, store) =>
			dbId !== "notes"
				? store
				: (lyingStore(store, {
						position: async () => ({ arrival: 2 ** 47, digest: "ab".repeat(16) }),
						entriesAfter: async (arrival, { limit = 256 } = {}) => {
							pages++;
							return { arrivals: [], damaged: [], next: arrival + limit, digest: "cd".repeat(16) };
						},
					}) as SyncedStore["store"]);
		await scene.sync(bob);
		expect(await (await bob.db("tasks")).getAllDocumentIds()).toHaveLength(1);
		expect(await scene.titles(bob)).toEqual([]);
		expect(pages).toBeGreaterThan(1000);
		expect(pages).toBeLessThan(10_000);
		scene.server.lie = (_, store) => store;
		await scene.sync(bob);
		expect(await scene.titles(bob)).toEqual(["a"]);
	});

	it("lesson 10: an attachment whose bytes it exchanges is not taken, the rest is, and it comes from elsewhere", async () => {
		const { alice, bob } = scene.tenant;
		const bytes = alice.env.crypto.randomBytes(200_000);
		const { id } = await scene.notes.createDocument({ title: "a" });
		let attachment = "";
		await scene.notes.changeDoc(id, async (_, attachments) => {
			attachment = await attachments.addAttachment(bytes, "file", "application/octet-stream");
		});
		const copy = await scene.server.copy();
		await copy.learn(alice);
		await giveChunks(copy, alice);
		scene.server.lie = (_, store) =>
			lyingStore(store, {
				getContents: async (hashes) =>
					((await store.getContents?.(hashes)) ?? []).map((payload) => payload.map((byte) => byte ^ 1)),
			}) as SyncedStore["store"];
		const handle = bob.tenant.sync(scene.address);
		await vi.waitFor(() => expect(["ended", "waiting"]).toContain(handle.status.state), { timeout: 20_000 });
		const read = async () => (await (await bob.db()).getDocument(id))?.getAttachmentRange(attachment, 0, bytes.length);
		await expect(read()).rejects.toMatchObject({ code: "chunk-missing" });
		expect(await scene.titles(bob)).toEqual(["a"]);
		await handle.close();
		await scene.meet(alice, bob);
		expect(Buffer.compare((await read()) as Uint8Array, bytes)).toBe(0);
	});

	it("lesson 17: a cursor that it forges, repeats or carries elsewhere is not shown", async () => {
		const { alice, bob } = scene.tenant;
		const { id } = await scene.notes.createDocument({ title: "a" });
		await (await scene.server.copy()).learn(alice);
		const handles = [alice, bob].map((each) => each.tenant.sync(scene.address, { live: true }));
		for (const handle of handles) await handle.level();
		const seen: unknown[] = [];
		(await bob.db()).presence.onPresence(({ state }) => seen.push(state));
		(await bob.db("tasks")).presence.onPresence(({ state }) => seen.push(state));
		await scene.notes.presence.publish(id, { cursor: 1 });
		await vi.waitFor(() => expect(scene.server.heard).toHaveLength(1), patience);
		const [genuine] = scene.server.heard as [Uint8Array];
		for (let at = 0; at < genuine.length; at += 7) {
			scene.server.tell("notes", [genuine.map((byte, i) => (i === at ? byte ^ 1 : byte))]);
		}
		scene.server.tell("tasks", [genuine]);
		scene.server.tell("notes", [genuine, genuine, genuine]);
		await scene.notes.presence.publish(id, { cursor: 2 });
		await vi.waitFor(() => expect(scene.server.heard).toHaveLength(2), patience);
		scene.server.tell("notes", [...scene.server.heard].reverse());
		await vi.waitFor(() => expect(seen).toContainEqual({ cursor: 2 }), patience);
		expect(seen).toEqual([{ cursor: 1 }, { cursor: 2 }]);
		for (const handle of handles) await handle.close();
	});

	it("that a member is revoked: the sync ends and says so, and nothing is erased", async () => {
		const { alice, bob } = scene.tenant;
		await twoNotes();
		await scene.sync(bob);
		const mine = await (await bob.db()).createDocument({ title: "mine" });
		const copy = await scene.server.copy();
		await copy.learn(alice);
		scene.server.shows = () => ({
			...copy,
			kept: Object.assign(Object.create(copy.kept), {
				hostFor: (...given: Parameters<typeof copy.kept.hostFor>) => ({
					...copy.kept.hostFor(...given),
					standing: () => "revoked",
				}),
			}),
		});
		const handle = bob.tenant.sync(scene.address);
		await expect(handle.done).rejects.toMatchObject({ code: "trust" });
		expect(handle.status.error?.message).toContain("revoked");
		expect(await scene.titles(bob)).toEqual(["a", "b", "mine"]);
		expect(await bob.tenant.countUnacknowledged()).toBe(1);
		await scene.meet(alice, bob);
		expect(await (await alice.db()).getDocument(mine.id)).toBeDefined();
	});
});

it("somebody else in the server's place, without its key, is not spoken with", async () => {
	const { alice, bob, fixture } = scene.tenant;
	await scene.notes.createDocument({ title: "a" });
	const impostor = await HostileServer.create({ env, newStores, fixture });
	await (await impostor.copy()).learn(alice);
	const listener = await listenWebSocket(impostor.accept);
	scene.closeWith(
		() => impostor.close(),
		() => listener.close(),
	);
	const handle = bob.tenant.sync(listener.address);
	await expect(handle.done).rejects.toMatchObject({ code: "trust" });
	expect(await scene.titles(bob)).toEqual([]);
});

/** Attachments go by the side of documents. */
async function giveChunks({ kept }: ServerCopy, replica: TestReplica): Promise<void> {
	const [, chunks] = (await kept.open("notes")) ?? [];
	for (const { purpose, store } of (await replica.db()).syncedStores()) {
		if (purpose === "attachments") await chunks?.receive(await store.getEntries(await store.getAllHashes()));
	}
}
