/** Clients that mean ill, over real sockets: what each gets, and what the honest ones beside them notice. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { patience, ServedTenant } from "@mindoodb/testing";
import {
	createChannelIdentity,
	type Duplex,
	type Env,
	folderStores,
	memoryStores,
	nodeEnv,
	openChannel,
	toHex,
	transportOf,
} from "mindoodb";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { makeServerKeys, type ServerKeys } from "../keys/server-keys.js";
import type { ServerLimits } from "../limits/server-limits.js";
import { serverLogger } from "../operations/log.js";
import { SyncServer } from "../sync-server.js";
import { MemoryRegistry } from "../tenants/memory-registry.js";

let base: Env;
let keys: ServerKeys;
let server: SyncServer;
let served: ServedTenant;
let storedBytes: number;

beforeAll(async () => {
	base = await nodeEnv();
	keys = await makeServerKeys(base.crypto);
});

beforeEach(async () => {
	storedBytes = 0;
});

afterEach(async () => {
	await served.close();
	await server.close();
});

async function start(limits: Partial<ServerLimits> = {}, stores = memoryStores(base.crypto)): Promise<void> {
	server = await SyncServer.start({
		env: { ...base, stores },
		keys,
		registry: new MemoryRegistry(),
		policy: { kind: "open" },
		meter: { bytes: async () => storedBytes },
		listen: { host: "127.0.0.1", port: 0 },
		logger: serverLogger({ level: "silent" }),
		limits,
	});
	served = await ServedTenant.create({
		env: base,
		newStores: () => memoryStores(base.crypto),
		transport: transportOf(server.address),
		server: server.publicKey,
	});
}

async function refused(reason: string): Promise<number> {
	const text = await (await fetch(`${server.address.replace("ws", "http")}/metrics`)).text();
	const line = text.split("\n").find((each) => each.startsWith(`mindoodb_refusals_total{reason="${reason}"} `));
	return Number(line?.split(" ").at(-1) ?? 0);
}

/** A channel for any tenant under a key that nobody knows. */
async function strangerChannel(tenantRoot: string) {
	const { privateKey } = await base.crypto.generateSigningKeyPair();
	const identity = await createChannelIdentity(base, await base.crypto.importSigningKey(privateKey));
	const duplex = await transportOf(server.address).connect();
	return openChannel(duplex, { role: "initiator", env: base, identity, tenantRoot });
}

/** All that comes until the other side is gone. */
async function everything({ incoming }: Pick<Duplex, "incoming">): Promise<Uint8Array> {
	const pieces: Uint8Array[] = [];
	try {
		for await (const piece of incoming) pieces.push(piece);
	} catch {
		// Broken is gone, too.
	}
	return Buffer.concat(pieces);
}

async function honest(): Promise<void> {
	const client = await served.bobsClient();
	const { session, ended } = await client.begin();
	await session.level();
	session.close();
	await ended;
}

describe("somebody who is slow on purpose", () => {
	beforeEach(() => start({ handshakeTime: 700 }));

	it("is not waited for: without a request, without a handshake, without a word after it", async () => {
		await served.found();
		const { hostname, port } = new URL(server.address);
		const silent = connect(Number(port), hostname);
		const drip = connect(Number(port), hostname);
		drip.on("error", () => {});
		drip.write("GET / HTTP/1.1\r\nHost: x\r\n");
		const dripping = setInterval(() => drip.writable && drip.write("a: b\r\n"), 20);
		drip.on("close", () => clearInterval(dripping));
		const upgraded = await transportOf(server.address).connect();
		await upgraded.send(Uint8Array.of(1, 2, 3));
		const proved = await strangerChannel(served.tenantRoot);
		await honest();
		for (const each of [silent, drip]) each.resume();
		const closed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));
		await Promise.all([silent, drip].map((each) => (each.closed ? undefined : closed(each))));
		await Promise.all([everything(upgraded), everything(proved)]);
		await vi.waitFor(async () => expect(await refused("handshake")).toBe(2), patience);
	});
});

describe("somebody who talks nonsense", () => {
	beforeEach(() => start());

	it("is cut off, and nobody else hears of it", async () => {
		await served.found();
		for (const bytes of [new Uint8Array(1000).fill(255), Uint8Array.of(7), new Uint8Array(100)]) {
			const duplex = await transportOf(server.address).connect();
			await duplex.send(bytes);
			await everything(duplex);
		}
		expect(await refused("handshake")).toBe(3);
		const bobs = await served.bobsClient();
		for (const [bytes, word] of [
			// A message that is none; one of 2 MiB, announced; a chunk that nobody asked for.
			[Uint8Array.of(3, 0x0a, 9, 9), "protocol"],
			[Uint8Array.of(0x80, 0x80, 0x80, 0x01, 0x0a), "limit"],
			[new Uint8Array(200), "protocol"],
		] as const) {
			const channel = await bobs.channel();
			await channel.send(bytes);
			const said = new TextDecoder().decode(await everything(channel));
			expect(said).toContain(word);
		}
		await honest();
	});
});

describe("a member whose databases are paths", () => {
	it("lesson 2: has them, and nothing on the disk is named after them", async () => {
		const dir = await mkdtemp(join(tmpdir(), "mindoodb-paths-"));
		try {
			await start({}, folderStores(join(dir, "a", "b", "stores"), base.crypto));
			const alices = await served.found();
			const paths = ["../../escaped", "/escaped", "escaped/..", ".."];
			for (const dbId of paths) await (await served.alice.db(dbId)).createDocument({ title: "a" });
			await alices.take(paths);
			const { session, ended } = await alices.begin();
			await session.level();
			session.close();
			await ended;
			expect(await (await server.tenants.get(served.tenantRoot))?.databases()).toEqual([...paths, "notes"].sort());
			expect((await readdir(dir, { recursive: true })).filter((name) => name.includes("escaped"))).toEqual([]);
			expect([await readdir(dir), await readdir(join(dir, "a")), await readdir(join(dir, "a", "b"))]).toEqual([
				["a"],
				["b"],
				["stores"],
			]);
		} finally {
			await server.close();
			await rm(dir, { recursive: true });
		}
	});
});

describe("a flood", () => {
	it("of connections from one address ends at its limit, and those that leave make room", async () => {
		await start({ sessionsPerAddress: 3 });
		const { connect: open } = transportOf(server.address);
		const held = [await open(), await open(), await open()];
		await expect(open()).rejects.toMatchObject({ code: "transport" });
		expect(await refused("sessions-of-address")).toBe(1);
		for (const each of held) each.abort();
		await vi.waitFor(async () => (await open()).abort(), patience);
	});

	it("of sessions under one key ends at its limit", async () => {
		await start({ sessionsPerKey: 2 });
		await served.found();
		const bobs = await served.bobsClient();
		const sessions = [await bobs.begin(), await bobs.begin()];
		await Promise.all(sessions.map(({ session }) => session.level()));
		expect(await (await bobs.begin()).ended).toMatchObject({ reason: "limit", byPeer: true, retry: true });
		expect(await refused("sessions-of-key")).toBe(1);
		sessions[0]?.session.close();
		await sessions[0]?.ended;
		await vi.waitFor(async () => {
			const { session, ended } = await bobs.begin();
			await session.level();
			session.close();
			await ended;
		}, patience);
	});

	it("of sessions ends at the limit of all", async () => {
		await start({ sessions: 1 });
		const { connect: open } = transportOf(server.address);
		const held = await open();
		await expect(open()).rejects.toMatchObject({ code: "transport" });
		held.abort();
	});
});

describe("somebody whom the directory does not know", () => {
	beforeEach(() => start());

	it("lesson 12: hears the same of a tenant that is here and of one that is not, and nothing of either", async () => {
		await served.notes.createDocument({ title: "hidden" });
		await served.found();
		const words: string[] = [];
		// What a client says that names the directory and a database: Open{stores: [0: directory, 2: notes]}.
		const open = [
			26,
			0x0a,
			24,
			0x12,
			13,
			0x12,
			9,
			...Buffer.from("directory"),
			0x22,
			0,
			0x12,
			7,
			0x12,
			5,
			...Buffer.from("notes"),
		];
		for (const tenantRoot of [served.tenantRoot, toHex(base.crypto.randomBytes(32))]) {
			const channel = await strangerChannel(tenantRoot);
			await channel.send(Uint8Array.from(open));
			words.push(Buffer.from(await everything(channel)).toString("latin1"));
		}
		for (const each of words)
			for (const name of ["alice", "bob", served.alice.publicKey]) expect(each).not.toContain(name);
		expect(words[1]).toContain("unknown");
	});

	it("gets nothing of the directory, and leaves nothing behind", async () => {
		await served.found();
		const stranger = await served.fixture.stranger("mallory");
		const client = await served.client(stranger);
		const before = await (await server.tenants.get(served.tenantRoot))?.hostFor(client.gate).open("directory");
		const position = await before?.[0]?.store.position();
		const { ended } = await client.begin();
		expect(await ended).toMatchObject({ byPeer: true, reason: "unknown" });
		expect((await (await client.store("directory")).position()).arrival).toBe(0);
		expect(await client.kept.databases()).toEqual([]);
		expect(await before?.[0]?.store.position()).toEqual(position);
	});
});

describe("a tenant that takes too much", () => {
	it("is told that there is no room, and can still revoke and purge", async () => {
		await start({ bytesPerTenant: 1_000_000 });
		const alices = await served.found();
		storedBytes = 999_900;
		await served.notes.createDocument({ title: "one too many" });
		await alices.take();
		const { session } = await alices.begin();
		await session.level();
		await vi.waitFor(() => expect(session.counts.declinedThere).toBe(1), patience);
		const tenant = await server.tenants.get(served.tenantRoot);
		const [stored] = (await tenant?.hostFor(alices.gate).open("notes")) ?? [];
		expect((await stored?.store.position())?.arrival).toBe(0);
		expect(await refused("storage")).toBeGreaterThan(0);
		await (await served.alice.directory()).revokeUser("bob", served.fixture.administrator);
		await alices.take([]);
		await vi.waitFor(() => expect(tenant?.standing(served.bob.publicKey)).toBe("revoked"), patience);
	});
});

describe("a tenant whose attachments take too much", () => {
	it("is told that there is no room before their bytes are fetched", async () => {
		await start({ bytesPerTenant: 1_000_000 });
		await served.found();
		storedBytes = 600_000;
		const { id } = await served.notes.createDocument({ title: "with a file" });
		await served.notes.changeDoc(id, async (_, attachments) => {
			await attachments.addAttachment(base.crypto.randomBytes(700_000), "file", "application/octet-stream");
		});
		const handle = served.alice.tenant.sync(server.address);
		await handle.done;
		expect(handle.status.declinedThere).toBeGreaterThan(0);
		expect(await refused("storage")).toBeGreaterThan(0);
		for (const { store } of (await (await server.tenants.get(served.tenantRoot))?.open("notes")) ?? []) {
			expect((await store.position()).arrival).toBe(0);
		}
	});
});

describe("somebody who asks and does not read", () => {
	it("is held back, then left", async () => {
		await start({ stalledTime: 300, handshakeTime: 2_000 });
		const alices = await served.found();
		for (let i = 0; i < 16; i++) await served.notes.createDocument({ text: toHex(base.crypto.randomBytes(60_000)) });
		await alices.take();
		const first = await alices.begin();
		await first.session.level();
		first.session.close();
		await first.ended;
		const bobs = await served.bobsClient();
		const channel = await bobs.channel();
		let stop = () => {};
		const stopped = new Promise<void>((resolve) => {
			stop = resolve;
		});
		let reading = true;
		const duplex: Duplex = {
			incoming: (async function* () {
				for await (const bytes of channel.incoming) {
					yield bytes;
					if (!reading) await stopped;
				}
			})(),
			send: (bytes) => channel.send(bytes),
			close: () => channel.close(),
			abort: () => channel.abort(),
		};
		const { session, ended } = await bobs.begin({ channel, duplex });
		await session.level();
		reading = false;
		const link = [...session.links].find(({ synced }) => synced.dbId === "notes");
		const asked = Array.from({ length: 16 }, () => link?.remote?.entriesAfter(0, { maxBytes: 2 ** 19 }));
		for (const each of asked) each?.catch(() => undefined);
		await vi.waitFor(async () => expect(await refused("stalled")).toBe(1), 5_000);
		stop();
		expect(await ended).toMatchObject({ reason: "lost" });
	});
});
