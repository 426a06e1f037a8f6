import type { Entry } from "@mindoodb/core";
import { entryMaker, startTestPostgres, type TestPostgres } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import postgres, { type Sql } from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { PostgresStores } from "./postgres-stores.js";
import { schemaVersion } from "./schema.js";

const crypto = nodeCrypto();
const everything = { lower: { createdAt: 0, hashPrefix: new Uint8Array(0) } };
let server: TestPostgres;
let admin: Sql;
let schemas = 0;
const open: PostgresStores[] = [];

beforeAll(async () => {
	server = await startTestPostgres({ fsync: true });
	admin = postgres(server.url, { max: 1, onnotice: () => undefined });
});

afterEach(async () => {
	for (const stores of open.splice(0)) await stores.close();
});

afterAll(async () => {
	await admin?.end();
	await server?.stop();
});

async function connect(schema = `faults_${schemas++}`): Promise<PostgresStores> {
	const stores = await PostgresStores.connect(server.url, crypto, { schema });
	open.push(stores);
	return stores;
}

async function stage() {
	const stores = await connect();
	const maker = await entryMaker({ crypto });
	const options = { tenantRoot: maker.tenantRoot, dbId: maker.dbId, purpose: "documents" } as const;
	return { stores, maker, options, store: await stores.open(options) };
}

test("a connection that is killed within a transaction leaves nothing of it, and the store goes on", async () => {
	const { store, maker } = await stage();
	const first = await maker.make();
	await store.append([first]);
	const before = await store.position();
	const lost = await maker.make();
	const killing = store.append([lost], {
		rows: async () => {
			await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'`;
			return [{ type: "put", key: Uint8Array.of(1), value: Uint8Array.of(1) }];
		},
	});
	await expect(killing).rejects.toMatchObject({ code: "store-io" });
	expect(await store.position()).toEqual(before);
	expect(await store.hasEntries([lost.hash])).toEqual([]);
	expect(await store.rows.get(Uint8Array.of(1))).toBeUndefined();
	expect(await store.append([lost])).toMatchObject([{ arrival: 2, document: 2, fork: false }]);
	expect(await store.chainHeads(maker.publicKey)).toEqual([lost.hash]);
	expect((await store.fingerprint(everything)).count).toBe(2);
});

test("a purge whose connection is killed has erased nothing", async () => {
	const { store, maker } = await stage();
	const entries = await maker.document(5);
	const docId = entries[0]?.common.docId as string;
	await store.append(entries);
	const sign = async (left: readonly Entry[]) => left;
	const rows = async () => {
		await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'`;
		return [];
	};
	await expect(store.purgeDocHistory(docId, { rows, sign })).rejects.toMatchObject({ code: "store-io" });
	expect(await store.getEntries(entries.map(({ hash }) => hash))).toHaveLength(5);
	expect(await store.purgeDocHistory(docId)).toHaveLength(5);
});

test("what was acknowledged is there after the server crashed", async () => {
	const { store, maker } = await stage();
	const acknowledged: string[] = [];
	const entries: Entry[] = [];
	for (let i = 0; i < 300; i++) entries.push(await maker.make({ chained: false }));
	const writing = Promise.allSettled(
		entries.map(async (entry, index) => {
			for (let turn = 0; turn < index; turn++) await undefined;
			await store.append([entry]);
			acknowledged.push(entry.hash);
		}),
	);
	while (acknowledged.length === 0) await new Promise((resolve) => setImmediate(resolve));
	await server.crash();
	await writing;
	expect(await store.hasEntries(acknowledged)).toHaveLength(acknowledged.length);
	await store.append(entries);
	expect(await store.position()).toMatchObject({ arrival: 300 });
	for await (const damaged of store.verifyRecords()) expect(damaged).toBeUndefined();
});

test("the state of a failed transaction is not taken for that of another one that did as much", async () => {
	const { stores, options, store, maker } = await stage();
	const other = await stores.open(options);
	const [lost, kept] = [await maker.make(), await (await maker.another()).make()];
	// A key that the index of the table refuses.
	const rows = async () => [{ type: "put", key: crypto.randomBytes(9000), value: Uint8Array.of(1) } as const];
	const failing = store.append([lost], { rows });
	await expect(failing).rejects.toMatchObject({ code: "store-io" });
	await other.append([kept]);
	const records = [];
	for await (const batch of store.records(everything)) records.push(...batch);
	expect(records.map(({ hash }) => hash)).toEqual([kept.hash]);
	expect(await store.append([lost])).toMatchObject([{ arrival: 2, document: 2 }]);
	await other.close();
});

test("processes that start at once do not fight over the tables", async () => {
	const schema = `faults_${schemas++}`;
	const started = await Promise.all(Array.from({ length: 8 }, () => connect(schema)));
	const { tenantRoot, dbId } = await entryMaker({ crypto });
	const identities = await Promise.all(
		started.map(async (stores) => (await stores.open({ tenantRoot, dbId, purpose: "documents" })).identity()),
	);
	expect(new Set(identities.map(({ storeId }) => storeId)).size).toBe(1);
});

test("tables of a newer program are left alone", async () => {
	const schema = `faults_${schemas++}`;
	await connect(schema);
	await admin`UPDATE ${admin(schema)}.mindoodb_schema SET version = version + 1`;
	await expect(connect(schema)).rejects.toMatchObject({
		code: "store-version",
		data: { expected: schemaVersion, found: schemaVersion + 1 },
	});
});

test("a store that was dropped in another process is closed for those that have it open", async () => {
	const { stores, options, store, maker } = await stage();
	await store.append([await maker.make()]);
	await stores.drop(options.tenantRoot, options.dbId);
	await expect(store.append([await maker.make()])).rejects.toMatchObject({ code: "closed" });
	expect(await stores.list(options.tenantRoot)).toEqual([]);
	expect(await store.getAllHashes()).toEqual([]);
});

test("no password stands in what is reported", async () => {
	const wrong = server.url.replace("postgres@127.0.0.1", "nobody:geheim@127.0.0.1");
	const error = await PostgresStores.connect(wrong, crypto).catch((reason: unknown) => reason);
	expect(error).toMatchObject({ code: "store-io" });
	expect(JSON.stringify([error, String(error), (error as Error).cause, String((error as Error).cause)])).not.toContain(
		"geheim",
	);
});
