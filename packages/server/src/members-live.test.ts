/** Two members who are connected to one server at the same time, as their tenants do it. */
import { aliceAndBob, patience, type TestReplica } from "@mindoodb/testing";
import {
	listenWebRtc,
	type MindooTenant,
	memoryStores,
	nodeClock,
	nodeCrypto,
	nodeEnv,
	nodePeerConnections,
	type SyncHandle,
	webRtcTransport,
} from "mindoodb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeServerKeys } from "./keys/server-keys.js";
import { serverLogger } from "./operations/log.js";
import { SyncServer } from "./sync-server.js";
import { MemoryRegistry } from "./tenants/memory-registry.js";

let server: SyncServer;
let members: Awaited<ReturnType<typeof aliceAndBob>>;
const handles: SyncHandle[] = [];

beforeEach(async () => {
	const env = await nodeEnv();
	server = await SyncServer.start({
		env: { ...env, stores: memoryStores(env.crypto) },
		keys: await makeServerKeys(env.crypto),
		registry: new MemoryRegistry(),
		policy: { kind: "open" },
		meter: { bytes: async () => 0 },
		listen: { host: "127.0.0.1", port: 0 },
		logger: serverLogger({ level: "silent" }),
	});
	members = await aliceAndBob({ env, newStores: (crypto) => memoryStores(crypto), start: Date.now() });
	const { alice, fixture } = members;
	const { address, publicKey } = server;
	await (await alice.directory()).joinServer(address, { ...fixture.administrator, serverKey: publicKey });
});

afterEach(async () => {
	for (const handle of handles.splice(0)) await handle.close();
	await members.fixture.close();
	await server.close();
});

async function live({ tenant }: { readonly tenant: MindooTenant }): Promise<void> {
	const handle = tenant.sync(server.address, { live: true, expect: [server.publicKey] });
	handles.push(handle);
	await handle.level();
}

const titles = async (replica: TestReplica) => {
	const found: unknown[] = [];
	for await (const doc of (await replica.db()).iterateDocuments()) found.push(doc.getData().title);
	return found;
};

it("see each other's edits and cursors, and nothing that the server made up", async () => {
	const { alice, bob, notes } = members;
	const doc = await notes.createDocument({ title: "a" });
	await live(alice);
	await live(bob);
	const bobs = await bob.db();
	await vi.waitFor(async () => expect(await titles(bob)).toEqual(["a"]), patience);
	await notes.changeDoc<{ title: string }>(doc, (data) => {
		data.title = "b";
	});
	await vi.waitFor(async () => expect(await titles(bob)).toEqual(["b"]), patience);
	const seen: unknown[] = [];
	bobs.presence.onPresence(({ author, state }) => seen.push([author, state]));
	await notes.presence.publish(doc.id, { cursor: 3 });
	await vi.waitFor(() => expect(seen).toEqual([[alice.publicKey, { cursor: 3 }]]), patience);
	await vi.waitFor(async () => expect(await alice.tenant.countUnacknowledged()).toBe(0), patience);
});

it("lesson 17: a presence message that is not genuine goes no further than the server", async () => {
	const { alice, bob, notes } = members;
	const doc = await notes.createDocument({ title: "a" });
	await live(alice);
	const tenant = await server.tenants.get(alice.tenant.identity.tenantRoot);
	const sent: Uint8Array[] = [];
	notes.presence.addConnection((message) => sent.push(message));
	await notes.presence.publish(doc.id, 1);
	await notes.presence.publish(doc.id, 2);
	const [first, second] = sent as [Uint8Array, Uint8Array];
	const changed = second.slice();
	changed[40] = (changed[40] as number) ^ 1;
	expect(await tenant?.isPresence("notes", changed)).toBe(false);
	expect(await tenant?.isPresence("tasks", second)).toBe(false);
	// Alice's own session has brought both to the server by now, or will: the newer one passes once at most.
	await vi.waitFor(async () => expect(await tenant?.isPresence("notes", second)).toBe(false), patience);
	expect(await tenant?.isPresence("notes", first)).toBe(false);
	void bob;
});

it("find a way to each other past the server, which carries their signals alone", async () => {
	const { alice, bob, notes } = members;
	const platform = { connections: await nodePeerConnections(), clock: nodeClock() };
	await (await alice.db("tasks")).createDocument({ title: "between us" });
	for (const db of [notes, await bob.db()]) {
		const handle = db.sync(server.address, { live: true, expect: [server.publicKey] });
		handles.push(handle);
		await handle.level();
	}
	const accepted: SyncHandle[] = [];
	const listener = listenWebRtc((duplex) => accepted.push(alice.tenant.acceptSync(duplex)), {
		...platform,
		signalling: alice.tenant.signals,
	});
	const way = webRtcTransport({
		...platform,
		signalling: bob.tenant.signals,
		peer: alice.publicKey,
		random: nodeCrypto(),
	});
	const handle = bob.tenant.sync(way, { expect: [alice.publicKey] });
	await handle.done;
	expect(accepted).toHaveLength(1);
	const found: unknown[] = [];
	for await (const doc of (await bob.db("tasks")).iterateDocuments()) found.push(doc.getData().title);
	expect(found).toEqual(["between us"]);
	const kept = await server.tenants.get(alice.tenant.identity.tenantRoot);
	expect(await kept?.databases()).toEqual(["notes"]);
	await listener.close();
});
