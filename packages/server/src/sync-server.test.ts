/** A server over real sockets, stores in memory, and clients under members' keys. */

import { recordKeys } from "@mindoodb/core";
import { type GateLevel, gateLevel, patience, ServedTenant } from "@mindoodb/testing";
import { type Env, memoryStores, nodeEnv, transportOf } from "mindoodb";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { makeServerKeys, type ServerKeys } from "./keys/server-keys.js";
import { serverLogger } from "./operations/log.js";
import { SyncServer, type SyncServerOptions } from "./sync-server.js";
import { makeInvitation } from "./tenants/admission-policy.js";
import { MemoryRegistry } from "./tenants/memory-registry.js";

let base: Env;
let keys: ServerKeys;
let server: SyncServer;
let served: ServedTenant;
let lines: string[];

beforeAll(async () => {
	base = await nodeEnv();
	keys = await makeServerKeys(base.crypto);
});

beforeEach(async () => {
	lines = [];
	server = await start();
	served = await serve(server);
});

afterEach(async () => {
	await served.close();
	await server.close();
});

function start(options: Partial<SyncServerOptions> = {}): Promise<SyncServer> {
	return SyncServer.start({
		env: { ...base, stores: memoryStores(base.crypto) },
		keys,
		registry: new MemoryRegistry(),
		policy: { kind: "open" },
		meter: { bytes: async () => 0 },
		listen: { host: "127.0.0.1", port: 0 },
		logger: serverLogger({ level: "debug", destination: { write: (line) => void lines.push(line) } }),
		...options,
	});
}

function serve({ address, publicKey }: SyncServer, seed = 1): Promise<ServedTenant> {
	const newStores = () => memoryStores(base.crypto);
	return ServedTenant.create({ env: base, newStores, transport: transportOf(address), server: publicKey, seed });
}

async function restart(options: Partial<SyncServerOptions>): Promise<void> {
	await served.close();
	await server.close();
	server = await start(options);
	served = await serve(server);
}

async function metric(name: string, labels = ""): Promise<number> {
	const text = await (await fetch(`${server.address.replace("ws", "http")}/metrics`)).text();
	const line = text.split("\n").find((each) => each.startsWith(`${name}${labels} `));
	return Number(line?.split(" ").at(-1) ?? 0);
}

const refused = (reason: string) => metric("mindoodb_refusals_total", `{reason="${reason}"}`);

describe("a tenant's way to a server and from it", () => {
	it("is a request, a session of the administrator, and one of a member", async () => {
		const doc = await served.notes.createDocument({ title: "for bob" });
		await served.found();
		const client = await served.bobsClient();
		const { session } = await client.begin();
		await session.level();
		await client.give();
		const theirs = await served.bob.db();
		expect((await theirs.getDocument(doc.id))?.getData()).toMatchObject({ title: "for bob" });
	});

	it("needs an invitation where the operator wants one", async () => {
		const registry = new MemoryRegistry();
		await restart({ policy: { kind: "invitation" }, registry });
		await expect(served.found()).rejects.toThrow(/policy/);
		expect(await refused("policy")).toBe(1);
		await served.found(await makeInvitation({ crypto: base.crypto, registry }));
		expect(await server.tenants.list()).toEqual([served.tenantRoot]);
	});

	it("is live: what one writes, the other hears of", async () => {
		const alices = await served.found();
		const bobs = await served.bobsClient();
		const [one, other] = [await alices.begin(), await bobs.begin()];
		await Promise.all([one.session.level(), other.session.level()]);
		const doc = await served.notes.createDocument({ title: "now" });
		await alices.take();
		await vi.waitFor(async () => {
			await bobs.give();
			expect(await (await served.bob.db()).getDocument(doc.id)).toBeDefined();
		}, patience);
		expect(await metric("mindoodb_sessions")).toBe(2);
	});

	it("ends for a member who is revoked meanwhile", async () => {
		const alices = await served.found();
		const bobs = await served.bobsClient();
		const [one, other] = [await alices.begin(), await bobs.begin()];
		await Promise.all([one.session.level(), other.session.level()]);
		await (await served.alice.directory()).revokeUser("bob", served.fixture.administrator);
		await alices.take([]);
		expect(await other.ended).toMatchObject({ reason: "revoked", byPeer: true });
		const again = await bobs.begin();
		expect(await again.ended).toMatchObject({ reason: "revoked", byPeer: true });
		expect(one.session.ended).toBe(false);
	});
});

describe("what operators see", () => {
	it("are answers over HTTP, and counts", async () => {
		await served.notes.createDocument({ title: "secret title" });
		await served.found();
		const http = server.address.replace("ws", "http");
		const get = async (path: string, method = "GET") => (await fetch(`${http}${path}`, { method })).status;
		expect([await get("/healthz"), await get("/readyz"), await get("/healthz", "HEAD")]).toEqual([200, 200, 200]);
		expect([await get("/"), await get("/tenants"), await get("/healthz", "POST")]).toEqual([404, 404, 405]);
		// Bytes are read after the session has ended on the client's side.
		await vi.waitFor(async () => expect(await metric("mindoodb_session_seconds_count")).toBe(1), patience);
		expect(await metric("mindoodb_entries_total")).toBeGreaterThan(5);
		expect(await metric("mindoodb_sessions_total")).toBe(1);
		expect(await metric("mindoodb_handshake_seconds_count")).toBe(1);
		expect(await metric("mindoodb_bytes_total", '{direction="in"}')).toBeGreaterThan(1000);
	});

	it("are figures for this computer alone, or at an address of their own", async () => {
		const status = async (origin: string, path: string) => (await fetch(`${origin}${path}`)).status;
		expect(server.metricsAddress).toBe(`${server.address.replace("ws", "http")}/metrics`);
		const open = { host: "0.0.0.0", port: 0 };
		await restart({ listen: open });
		const http = `http://127.0.0.1:${new URL(server.address).port}`;
		expect([server.metricsAddress, await status(http, "/metrics"), await status(http, "/healthz")]).toEqual([
			undefined,
			404,
			200,
		]);
		await restart({ metrics: { host: "127.0.0.1", port: 0 } });
		const figures = new URL(server.metricsAddress as string).origin;
		expect(await status(figures, "/metrics")).toBe(200);
		expect(await status(server.address.replace("ws", "http"), "/metrics")).toBe(404);
		await expect(transportOf(figures.replace("http", "ws")).connect()).rejects.toMatchObject({ code: "transport" });
	});

	it("lesson 12: names nobody and nothing, in logs, metrics and answers", async () => {
		await served.notes.createDocument({ title: "secret title" });
		await served.found();
		const stranger = await served.fixture.stranger("mallory");
		await (await (await served.client(stranger)).begin()).ended;
		const metrics = await (await fetch(`${server.address.replace("ws", "http")}/metrics`)).text();
		const { tenantRoot, administrationKey } = served.fixture.identity;
		const said = `${lines.join("")}${metrics}`;
		expect(lines.length).toBeGreaterThan(2);
		const keysOfPeople = [served.alice, served.bob, stranger].map(({ publicKey }) => publicKey);
		const secrets = [
			"alice",
			"bob",
			"mallory",
			"fixture",
			"notes",
			"127.0.0.1",
			"secret",
			tenantRoot,
			administrationKey,
		];
		for (const each of [...secrets, ...keysOfPeople]) expect(said).not.toContain(each);
	});
});

describe("a server that stops", () => {
	it("tells its clients to come again, takes no more, and has stored what it acknowledged", async () => {
		const alices = await served.found();
		const { session, ended } = await alices.begin();
		await session.level();
		await served.notes.createDocument({ title: "the last" });
		await alices.take();
		await vi.waitFor(() => expect(session.counts.sent).toBe(1), patience);
		const closing = server.close();
		const end = await ended;
		expect(end).toMatchObject({ reason: "shutdown", retry: true, byPeer: true });
		expect(end.after).toBeGreaterThanOrEqual(500);
		await closing;
		await expect(alices.begin()).rejects.toMatchObject({ code: "transport" });
	});

	it("acknowledges what it was storing before it says farewell, and asks for nothing more", async () => {
		const gates: GateLevel[] = [];
		const stores = memoryStores(base.crypto, {
			wrapLevel(level) {
				const gate = gateLevel(level);
				gates.push(gate);
				return gate.level;
			},
		});
		await restart({ env: { ...base, stores } });
		const alices = await served.found();
		const { session, ended } = await alices.begin();
		await session.level();
		const holds = gates.map((gate) => gate.hold("batch", ([tag]) => tag === recordKeys.gte[0]));
		for (let i = 0; i < 3; i++) await served.notes.createDocument({ title: "under way" });
		await alices.take();
		await Promise.race(holds.map(({ reached }) => reached));
		const closing = server.close();
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect([session.ended, session.counts.sent]).toEqual([false, 0]);
		for (const each of holds) each.release();
		expect(await ended).toMatchObject({ reason: "shutdown", retry: true, byPeer: true });
		expect(session.counts.sent).toBe(3);
		await closing;
	});

	it("does not wait for ever for who reads nothing", async () => {
		await restart({ limits: { shutdownTime: 200 } });
		await served.found();
		const bobs = await served.bobsClient();
		const channel = await bobs.channel();
		// Proved its key, then nothing.
		await vi.waitFor(() => expect(channel.peer).toBe(server.publicKey), patience);
		await server.close();
	});
});
