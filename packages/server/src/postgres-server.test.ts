/** Two servers on one database: what one stores, the other's clients hear of. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { patience, ServedTenant, startTestPostgres, type TestPostgres } from "@mindoodb/testing";
import { type Env, memoryStores, nodeCrypto, nodeEnv, transportOf } from "mindoodb";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { FolderServer } from "./folder-server.js";
import { serverLogger } from "./operations/log.js";
import { PostgresStores } from "./postgres/postgres-stores.js";
import { type PostgresServerOptions, startPostgresServer } from "./postgres-server.js";
import { makeInvitation } from "./tenants/admission-policy.js";

let base: Env;
let database: TestPostgres;
let root: string;
let schemas = 0;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
	base = await nodeEnv();
	database = await startTestPostgres();
	root = await mkdtemp(join(tmpdir(), "mindoodb-servers-"));
});

afterEach(async () => {
	for (const each of open.splice(0).reverse()) await each.close();
});

afterAll(async () => {
	await database?.stop();
	await rm(root, { recursive: true, force: true });
});

/** A database of its own on the server of the tests. */
async function newDatabase(): Promise<{ readonly store: string; readonly dir: string }> {
	const name = `servers${++schemas}`;
	const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
	await sql.unsafe(`CREATE DATABASE ${name}`);
	await sql.end();
	return { store: database.url.replace(/postgres$/, name), dir: join(root, name) };
}

async function start(options: Pick<PostgresServerOptions, "store" | "dir"> & Partial<PostgresServerOptions>) {
	const running = await startPostgresServer({
		listen: { host: "127.0.0.1", port: 0 },
		policy: { kind: "open" },
		logger: serverLogger({ level: "silent" }),
		...options,
	});
	open.push(running);
	return running;
}

async function serve({ server }: FolderServer, seed = 1): Promise<ServedTenant> {
	const newStores = () => memoryStores(base.crypto);
	const transport = transportOf(server.address);
	const served = await ServedTenant.create({ env: base, newStores, transport, server: server.publicKey, seed });
	open.push(served);
	return served;
}

/** Alice's session at one server and Bob's at the other, both level. */
async function bothLive(served: ServedTenant, { server }: FolderServer) {
	const alices = await served.found();
	await (await served.bob.directory()).db.pullChangesFrom((await served.alice.directory()).store);
	const bobs = await served.client(served.bob, { transport: transportOf(server.address) });
	await bobs.take([]);
	const [one, other] = [await alices.begin(), await bobs.begin()];
	await Promise.all([one.session.level(), other.session.level()]);
	return { alices, bobs, one, other };
}

describe.each(["listen", "poll"] as const)("two servers on one database that %s", (notices) => {
	it("are one to their clients: an edit at one is heard live at the other", async () => {
		const place = await newDatabase();
		const [first, second] = [await start({ ...place, notices }), await start({ ...place, notices })];
		expect(second.server.publicKey).toBe(first.server.publicKey);
		const served = await serve(first);
		const { alices, bobs } = await bothLive(served, second);
		const doc = await served.notes.createDocument({ title: "now" });
		await alices.take();
		await vi.waitFor(
			async () => {
				await bobs.give();
				expect(await (await served.bob.db()).getDocument(doc.id)).toBeDefined();
			},
			{ timeout: 10_000 },
		);
		expect(await second.server.tenants.list()).toEqual([served.tenantRoot]);
	});

	it("both close the session of a member who is revoked at one of them", async () => {
		const place = await newDatabase();
		const [first, second] = [await start({ ...place, notices }), await start({ ...place, notices })];
		const served = await serve(first);
		const { alices, other } = await bothLive(served, second);
		await (await served.alice.directory()).revokeUser("bob", served.fixture.administrator);
		await alices.take([]);
		expect(await other.ended).toMatchObject({ reason: "revoked", byPeer: true });
	});
});

describe("a server on a database", () => {
	it("tells live sessions of a database that is made at another process", async () => {
		const place = await newDatabase();
		const [first, second] = [await start(place), await start(place)];
		const served = await serve(first);
		const { alices, bobs } = await bothLive(served, second);
		const doc = await (await served.alice.db("plans")).createDocument({ title: "new database" });
		await alices.take(["plans"]);
		await vi.waitFor(
			async () => {
				await bobs.give(["plans"]);
				expect(await (await served.bob.db("plans")).getDocument(doc.id)).toBeDefined();
			},
			{ timeout: 10_000 },
		);
	});

	it("reads a tenant's directory from its entries alone, whichever process stored them", async () => {
		const place = await newDatabase();
		const [first, second] = [await start(place), await start(place)];
		const served = await serve(first);
		const { alices } = await bothLive(served, second);
		await (await served.alice.directory()).revokeUser("bob", served.fixture.administrator);
		await alices.take([]);
		const standing = async ({ server }: FolderServer) =>
			(await server.tenants.get(served.tenantRoot))?.standing(served.bob.publicKey);
		await vi.waitFor(async () => expect(await standing(second)).toBe("revoked"), { timeout: 10_000 });
		expect(await standing(await start(place))).toBe("revoked");
		// What one process remembered of it, another one that lags would overwrite.
		const sql = postgres(place.store, { max: 1 });
		const [{ count } = { count: "" }] =
			await sql`SELECT count(*) FROM mindoodb_rows WHERE substring(key FOR 2) = '\\x800a'`;
		await sql.end();
		expect(count).toBe("0");
	});

	it("gives an invitation away once, whichever process is asked", async () => {
		const place = await newDatabase();
		const stores = await PostgresStores.connect(place.store, nodeCrypto());
		open.push(stores);
		const { registry } = stores;
		const invitation = await makeInvitation({ crypto: base.crypto, registry });
		const [hash] = [...(await registry.invitations()).keys()];
		expect(await registry.use("ab".repeat(32), "cd".repeat(32))).toBe(false);
		const policy = { kind: "invitation" } as const;
		const [first, second] = [await start({ ...place, policy }), await start({ ...place, policy })];
		const [one, other] = [await serve(first), await serve(second, 2)];
		await one.found(invitation);
		await expect(other.found(invitation)).rejects.toThrow(/policy/);
		expect(await registry.invitations()).toEqual(new Map([[hash, one.tenantRoot]]));
		expect(await stores.bytes(one.tenantRoot)).toBeGreaterThan(1000);
		expect(await stores.bytes(other.tenantRoot)).toBe(0);
		expect(await stores.bytes()).toBeGreaterThan(await stores.bytes(one.tenantRoot));
	});

	it("is refused to a process that comes with another key, or without one", async () => {
		const place = await newDatabase();
		const { server } = await start(place);
		const without = start({ ...place, dir: join(root, "without") });
		await expect(without).rejects.toMatchObject({
			code: "key-missing",
			message: expect.stringContaining(server.publicKey),
		});
		const elsewhere = await newDatabase();
		await start(elsewhere);
		await expect(start({ ...place, dir: elsewhere.dir })).rejects.toMatchObject({ code: "key-mismatch" });
	});

	it("is not ready while the database is out of reach", async () => {
		const place = await newDatabase();
		const { server } = await start(place);
		const ready = async () => (await fetch(`${server.address.replace("ws", "http")}/readyz`)).status;
		expect(await ready()).toBe(200);
		const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
		const name = place.store.slice(place.store.lastIndexOf("/") + 1);
		await sql.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
		await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${name}`;
		await vi.waitFor(async () => expect(await ready()).toBe(503), patience);
		await sql.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
		await sql.end();
		await vi.waitFor(async () => expect(await ready()).toBe(200), { timeout: 10_000 });
	});
});
