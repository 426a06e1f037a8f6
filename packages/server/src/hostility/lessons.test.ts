/** What befalls honest people, and what lying members try, by way of a server that runs. Numbers are those of docs/lessons.md. */
import { restoredLevel, ServedTenant, type TestReplica } from "@mindoodb/testing";
import {
	type DocumentExplanation,
	type Env,
	type Level,
	type MindooDB,
	memoryStores,
	nodeEnv,
	type SyncHandle,
	transportOf,
} from "mindoodb";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { makeServerKeys, type ServerKeys } from "../keys/server-keys.js";
import { serverLogger } from "../operations/log.js";
import { SyncServer } from "../sync-server.js";
import { MemoryRegistry } from "../tenants/memory-registry.js";

const restoredDevice = "alice's restored device";

let base: Env;
let keys: ServerKeys;
let registry: MemoryRegistry;
let server: SyncServer;
let served: ServedTenant;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;
/** Alice's engines in the order in which she opened them: directory, notes. */
let disks: Level[];

beforeAll(async () => {
	base = await nodeEnv();
	keys = await makeServerKeys(base.crypto);
});

beforeEach(async () => {
	registry = new MemoryRegistry();
	disks = [];
	server = await start();
	served = await ServedTenant.create({
		env: base,
		newStores(crypto, replica) {
			let next = 0;
			return memoryStores(crypto, {
				wrapLevel(level) {
					if (replica === "alice") disks.push(level);
					return replica === restoredDevice ? restoredLevel(level, disks[next++] as Level) : level;
				},
			});
		},
		transport: transportOf(server.address),
		server: server.publicKey,
	});
	({ alice, bob, notes } = served);
	await served.found();
});

afterEach(async () => {
	await served.close();
	await server.close();
});

/** With empty stores. */
function start(): Promise<SyncServer> {
	return SyncServer.start({
		env: { ...base, stores: memoryStores(base.crypto) },
		keys,
		registry,
		policy: { kind: "open" },
		meter: { bytes: async () => 0 },
		listen: { host: "127.0.0.1", port: 0 },
		logger: serverLogger({ level: "silent" }),
	});
}

/** One after the other, as whoever comes online does. */
async function sync(...replicas: readonly TestReplica[]): Promise<void> {
	for (const replica of replicas) await replica.tenant.sync(server.address).done;
}

async function until(handle: SyncHandle, code: string): Promise<void> {
	await vi.waitFor(() => expect(handle.status.error).toMatchObject({ code }), { timeout: 10_000 });
	await handle.close();
}

async function dataOf(replica: TestReplica, docId: string): Promise<unknown> {
	return (await (await replica.db()).getDocument(docId))?.getData();
}

const setTitle = (title: string) => (draft: Record<string, unknown>) => {
	draft.title = title;
};

describe("a member who was revoked", () => {
	it("lesson 13: gains nothing at the server by a clock set back, nor by another member's device", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await sync(alice, bob);
		const carol = await served.fixture.member("carol");
		await sync(alice);
		const earlier = bob.clock.now() - 3_600_000;
		await (await alice.directory()).revokeUser("bob");
		await sync(alice);
		bob.clock.set(earlier);
		await (await bob.db()).changeDoc(id, setTitle("back-dated"));
		await until(bob.tenant.sync(server.address), "trust");
		// Carol has not heard of it, takes it from Bob, and passes it on.
		await (await carol.db()).pullChangesFrom((await bob.db()).store);
		expect(await dataOf(carol, id)).toEqual({ title: "back-dated" });
		await sync(carol, alice);
		expect([await dataOf(carol, id), await dataOf(alice, id)]).toEqual([{ title: "a" }, { title: "a" }]);
	});

	it("lesson 18: what it wrote before stays, on new replicas too", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await sync(alice, bob);
		await (await bob.db()).changeDoc(id, setTitle("bob's"));
		await sync(bob, alice);
		await (await alice.directory()).revokeUser("bob");
		await sync(alice);
		const device = await served.fixture.device("alice's new one", alice, ["directory", "default"]);
		await sync(device);
		expect(await dataOf(device, id)).toEqual({ title: "bob's" });
	});

	it("lesson 19: and is granted again is trusted again, by the server too", async () => {
		await (await alice.directory()).revokeUser("bob");
		await sync(alice);
		await until(bob.tenant.sync(server.address), "trust");
		await served.fixture.register(bob);
		await sync(alice, bob);
		const { id } = await (await bob.db()).createDocument({ title: "back again" });
		await sync(bob, alice);
		expect(await dataOf(alice, id)).toEqual({ title: "back again" });
	});
});

describe("keys", () => {
	it("lessons 20 and 28: one that is missing locks its documents, says so, and nothing else", async () => {
		alice.keyBag.set("secret", new Uint8Array(32).fill(5), alice.clock.now());
		await alice.keyBag.settled();
		const secret = await notes.createEncryptedDocument("secret", { title: "secret" });
		const open = await notes.createDocument({ title: "open" });
		await sync(alice, bob);
		const theirs = await bob.db();
		expect(await theirs.getAllDocumentIds()).toEqual([open.id]);
		const { entries } = (await theirs.explain(secret.id)) as DocumentExplanation;
		expect(entries.map(({ verdict }) => verdict.kind)).toEqual(["locked"]);
		expect(entries[0]?.words).toContain("does not hold the key");
		await alice.handOver("secret", bob);
		expect(await dataOf(bob, secret.id)).toEqual({ title: "secret" });
	});

	it("lessons 21 and 29: a device that was offline at a change of key gets the new one from the server, and opens the old ones", async () => {
		const old = await notes.createDocument({ title: "old" });
		await sync(alice, bob);
		await (await alice.directory()).rotateKey("default");
		const fresh = await notes.createDocument({ title: "fresh" });
		await sync(alice, bob);
		expect([await dataOf(bob, old.id), await dataOf(bob, fresh.id)]).toEqual([{ title: "old" }, { title: "fresh" }]);
		await bob.reopen();
		const { id } = await (await bob.db()).createDocument({ title: "bob's" });
		const keyOf = async (docId: string) => {
			const [entry] = await (await bob.db()).store.findNewEntriesForDoc([], docId);
			return entry?.kind === "entry" ? entry.fields?.keyCommitment : undefined;
		};
		expect(await keyOf(id)).toBe(await keyOf(fresh.id));
		expect(await keyOf(id)).not.toBe(await keyOf(old.id));
	});
});

describe("what is here once", () => {
	it("lesson 22: is deleted for new replicas too", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await sync(alice, bob);
		await (await bob.db()).deleteDocument(id);
		await sync(bob, alice);
		const device = await served.fixture.device("alice's new one", alice, ["directory", "default"]);
		await sync(device);
		for (const each of [alice, device]) expect((await (await each.db()).getDocument(id))?.isDeleted).toBe(true);
	});

	it("lesson 25: comes back to a server that lost its disk, from whoever has it", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await sync(alice, bob);
		await server.close();
		server = await start();
		const own = await (await bob.db()).createDocument({ title: "bob's" });
		await sync(alice, bob, alice);
		const device = await served.fixture.device("alice's new one", alice, ["directory", "default"]);
		await sync(device);
		expect([await dataOf(device, id), await dataOf(device, own.id)]).toEqual([{ title: "a" }, { title: "bob's" }]);
		expect(await bob.tenant.countUnacknowledged()).toBe(0);
	});

	it("lesson 26: goes on from a restored backup; the fork is told, and both branches merge", async () => {
		const { id } = await notes.createDocument({ title: "a" });
		await sync(alice);
		const restored = await served.fixture.device(restoredDevice, alice, ["directory", "default"]);
		expect(await dataOf(restored, id)).toEqual({ title: "a" });
		await notes.changeDoc<Record<string, string>>(id, (draft) => {
			draft.after = "on the device";
		});
		await (await restored.db()).changeDoc<Record<string, string>>(id, (draft) => {
			draft.restored = "from the backup";
		});
		await sync(alice, restored, alice, bob);
		const both = { title: "a", after: "on the device", restored: "from the backup" };
		for (const each of [alice, restored, bob]) {
			expect(await dataOf(each, id)).toEqual(both);
			expect(await (await each.db()).listForks()).toMatchObject([{ createdBy: alice.publicKey }]);
		}
	});

	it("lesson 27: is read from the right byte, after appends that met partly filled chunks", async () => {
		const parts = [20_000, 1, 70_000, 5].map((length) => base.crypto.randomBytes(length));
		const { id } = await notes.createDocument();
		let attachment = "";
		for (const part of parts) {
			await notes.changeDoc(id, async (_, attachments) => {
				if (attachment === "") attachment = await attachments.addAttachment(part, "log", "text/plain");
				else await attachments.appendToAttachment(attachment, part);
			});
			await sync(alice, bob);
		}
		const all = Buffer.concat(parts);
		const doc = await (await bob.db()).getDocument(id);
		for (const [start, end] of [
			[0, all.length],
			[19_995, 20_005],
			[20_000, 20_001],
			[90_000, 90_006],
		] as const) {
			const read = await doc?.getAttachmentRange(attachment, start, end);
			expect(Buffer.compare(read as Uint8Array, all.subarray(start, end))).toBe(0);
		}
	});
});
