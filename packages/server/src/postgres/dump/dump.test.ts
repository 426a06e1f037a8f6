import { gunzipSync, gzipSync } from "node:zlib";
import { type EntryMaker, entryMaker, startTestPostgres, type TestPostgres } from "@mindoodb/testing";
import { type LocalStore, nodeCrypto } from "mindoodb";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PostgresStores } from "../postgres-stores.js";
import { restoreDatabase } from "./restore-dump.js";
import { dumpDatabase } from "./write-dump.js";

const crypto = nodeCrypto();
let database: TestPostgres;
let databases = 0;
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
	database = await startTestPostgres();
});

afterEach(async () => {
	for (const each of open.splice(0).reverse()) await each.close();
});

afterAll(() => database?.stop());

function connectTo(url: string) {
	const sql = postgres(url, { max: 1, onnotice: () => undefined });
	open.push({ close: () => sql.end() });
	return sql;
}

async function newDatabase(): Promise<string> {
	const name = `dumped${++databases}`;
	await connectTo(database.url).unsafe(`CREATE DATABASE ${name}`);
	return database.url.replace(/postgres$/, name);
}

async function storesIn(url: string): Promise<PostgresStores> {
	const stores = await PostgresStores.connect(url, crypto);
	open.push(stores);
	return stores;
}

function storeOf(stores: PostgresStores, { tenantRoot, dbId }: EntryMaker): Promise<LocalStore> {
	return stores.open({ tenantRoot, dbId, purpose: "documents" });
}

/** A database with a server's notes, and a store of 300 entries, some large. */
async function filled() {
	const url = await newDatabase();
	const stores = await storesIn(url);
	const { registry } = stores;
	await registry.claim("ab".repeat(32));
	await registry.add("cd".repeat(32), crypto.randomBytes(100));
	for (const hash of ["used", "open"]) await registry.invite(hash);
	await registry.use("used", "cd".repeat(32));
	const maker = await entryMaker({ crypto, dbId: "a\u2028b \"c\" 'd' \\" });
	const store = await storeOf(stores, maker);
	await store.append(await maker.document(298));
	await store.append([await maker.make({ payload: crypto.randomBytes(200_000) })]);
	await store.append([await maker.make({ payload: crypto.randomBytes(70_000) })]);
	return { url, stores, maker, store };
}

async function dumpOf(url: string): Promise<Uint8Array[]> {
	const pieces: Uint8Array[] = [];
	await dumpDatabase(url, async (piece) => void pieces.push(piece));
	return pieces;
}

async function* given(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
	yield* pieces;
}

describe("a dump of a server's database", () => {
	it("restores every table, and what is made afterwards takes nobody's place", async () => {
		const { url, stores, maker, store } = await filled();
		const other = await newDatabase();
		await restoreDatabase(other, given(await dumpOf(url)));
		const restored = await storesIn(other);
		const [there, here] = [restored.registry, stores.registry];
		expect(await there.owner()).toBe(await here.owner());
		expect(await there.invitations()).toEqual(await here.invitations());
		expect(await there.request("cd".repeat(32))).toEqual(await here.request("cd".repeat(32)));
		const again = await storeOf(restored, maker);
		expect(await again.position()).toEqual(await store.position());
		expect(await again.getEntries(await store.getAllHashes())).toEqual(
			await store.getEntries(await store.getAllHashes()),
		);
		const next = await entryMaker({ crypto });
		const fresh = await storeOf(restored, next);
		await fresh.append([await next.make()]);
		expect([(await fresh.position()).arrival, (await again.position()).arrival]).toEqual([1, 300]);
	});

	it("is one state, whatever is stored while it is written", async () => {
		const { url, maker, store } = await filled();
		const countRows = async (of: string) => Number((await connectTo(of)`SELECT count(*) FROM mindoodb_rows`)[0]?.count);
		const [position, rows] = [await store.position(), await countRows(url)];
		const pieces: Uint8Array[] = [];
		await dumpDatabase(url, async (piece) => {
			if (pieces.push(piece) === 1) await store.append([await maker.make({ payload: crypto.randomBytes(100_000) })]);
		});
		expect((await store.position()).arrival).toBe(301);
		const other = await newDatabase();
		await restoreDatabase(other, given(pieces));
		expect(await (await storeOf(await storesIn(other), maker)).position()).toEqual(position);
		expect(await countRows(other)).toBe(rows);
	});

	it("is refused when it is damaged, cut off, or none, and leaves nothing behind", async () => {
		const { url } = await filled();
		const pieces = await dumpOf(url);
		const whole = Buffer.concat(pieces);
		const flipped = Buffer.from(whole);
		flipped[whole.length >> 1] = (flipped[whole.length >> 1] as number) ^ 1;
		const lines = gunzipSync(whole).toString().split("\n");
		const other = await newDatabase();
		for (const bad of [
			flipped,
			whole.subarray(0, -100),
			Buffer.from("not gzip at all"),
			gzipSync(lines.slice(0, -2).join("\n")),
			gzipSync(`${lines.slice(0, -2).join("\n")}\n`),
			gzipSync([...lines.slice(0, 5), ...lines.slice(6)].join("\n")),
			gzipSync([...lines.slice(0, -1), lines[3], ""].join("\n")),
			gzipSync(lines.slice(1).join("\n")),
			gzipSync(['["mindoodb server dump",1,99]', ...lines.slice(1)].join("\n")),
			gzipSync([lines[0], '["pg_authid","a","b"]', ...lines.slice(1)].join("\n")),
		]) {
			await expect(restoreDatabase(other, given([bad]))).rejects.toMatchObject({
				code: expect.stringMatching(/^(format|unsupported)$/),
			});
		}
		const { registry } = await storesIn(other);
		expect([await registry.owner(), await registry.list()]).toEqual([undefined, []]);
		await restoreDatabase(other, given(pieces));
	});

	it("ends with what keeps its pieces from being taken", async () => {
		const { url } = await filled();
		const full = new Error("no room");
		await expect(dumpDatabase(url, () => Promise.reject(full))).rejects.toBe(full);
	});

	it("goes into no database that a server has used", async () => {
		const { url } = await filled();
		const pieces = await dumpOf(url);
		await expect(restoreDatabase(url, given(pieces))).rejects.toMatchObject({ code: "usage" });
	});
});
