/** Two servers over real sockets, of which one mirrors the other. */
import { ServedTenant } from "@mindoodb/testing";
import { type Env, memoryStores, nodeEnv, transportOf } from "mindoodb";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { makeServerKeys, type ServerKeys } from "../keys/server-keys.js";
import { serverLogger } from "../operations/log.js";
import { SyncServer } from "../sync-server.js";
import { MemoryRegistry } from "../tenants/memory-registry.js";

let base: Env;
let keys: readonly [ServerKeys, ServerKeys];
let first: SyncServer;
let second: SyncServer;
let served: ServedTenant;
let lines: string[];

beforeAll(async () => {
	base = await nodeEnv();
	keys = [await makeServerKeys(base.crypto), await makeServerKeys(base.crypto)];
});

function start(own: ServerKeys, mirror?: string): Promise<SyncServer> {
	return SyncServer.start({
		env: { ...base, stores: memoryStores(base.crypto) },
		keys: own,
		registry: new MemoryRegistry(),
		policy: { kind: "open" },
		meter: { bytes: async () => 0 },
		listen: { host: "127.0.0.1", port: 0 },
		mirror: mirror === undefined ? undefined : transportOf(mirror),
		logger: serverLogger({ destination: { write: (line) => void lines.push(line) } }),
	});
}

beforeEach(async () => {
	lines = [];
	first = await start(keys[0]);
	second = await start(keys[1], first.address);
	const newStores = () => memoryStores(base.crypto);
	served = await ServedTenant.create({
		env: base,
		newStores,
		transport: transportOf(first.address),
		server: first.publicKey,
	});
});

afterEach(async () => {
	await served.close();
	await second.close();
	await first.close();
});

/** Entries of "notes" at a server. */
async function held(server: SyncServer): Promise<number> {
	const tenant = await server.tenants.get(served.tenantRoot);
	const [synced] = (await tenant?.hostFor({ take: (_, put) => put(), declined: () => {} }).open("notes")) ?? [];
	return (await synced?.store.position())?.arrival ?? 0;
}

describe("a mirror", () => {
	it("keeps both servers level, whichever of them is written to", async () => {
		const alices = await served.found();
		const over = { server: second.publicKey, transport: transportOf(second.address) };
		// The directory that names the second server reaches both of them, by Alice.
		const toSecond = await served.client(served.alice, over);
		const greeted = await toSecond.bring({ signingKey: second.publicKey, addresses: [second.address] });
		await toSecond.take([]);
		const there = await toSecond.begin(greeted);
		await there.session.level();
		await alices.take([]);
		const here = await alices.begin();
		await here.session.level();
		await vi.waitFor(() => expect(lines.join("")).toContain("mirror reached"), 20_000);
		await served.notes.createDocument({ title: "to the first" });
		await alices.take();
		await vi.waitFor(async () => expect([await held(first), await held(second)]).toEqual([1, 1]), 20_000);
		await served.notes.createDocument({ title: "to the second" });
		await toSecond.take();
		await vi.waitFor(async () => expect([await held(first), await held(second)]).toEqual([2, 2]), 20_000);
	});

	it("speaks with nobody whom the tenant's directory does not name", async () => {
		await served.found();
		const stranger = await served.client(served.alice, {
			server: second.publicKey,
			transport: transportOf(second.address),
		});
		const greeted = await stranger.bring({ signingKey: second.publicKey, addresses: [] });
		// The second server's directory stays empty: it cannot know the first.
		greeted.channel.abort();
		await new Promise((resolve) => setTimeout(resolve, 1_500));
		expect(lines.join("")).not.toContain("mirror reached");
		expect(await held(second)).toBe(0);
	});
});
