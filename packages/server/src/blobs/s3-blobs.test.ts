import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry, LocalStore, OpenStoreOptions } from "@mindoodb/core";
import { entryMaker, type FaultyLevel, faultyLevel, startTestObjects, type TestObjects } from "@mindoodb/testing";
import { folderStores, nodeCrypto } from "mindoodb";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { S3Blobs } from "./s3-blobs.js";

const crypto = nodeCrypto();
const size = 70_000;
let objects: TestObjects;
let places = 0;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
	objects = await startTestObjects();
});

afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

afterAll(() => objects?.stop());

/** Stores in a folder whose large payloads lie in the object store. */
async function stage() {
	const dir = await mkdtemp(join(tmpdir(), "mindoodb-blobs-"));
	ends.push(() => rm(dir, { recursive: true, force: true }));
	let answering = true;
	const place = objects.place(`stage-${places++}`);
	const send: typeof fetch = async (input, init) => {
		if (!answering) throw new TypeError("unreachable");
		return fetch(input, init);
	};
	const s3 = new S3Blobs(place, { random: crypto, fetch: send });
	let faulty: FaultyLevel | undefined;
	const stores = folderStores(dir, crypto, {
		blobs: (options) => s3.of(options),
		wrapLevel(level) {
			faulty = faultyLevel(level);
			return faulty.level;
		},
	});
	const maker = await entryMaker({ crypto });
	const options: OpenStoreOptions = { tenantRoot: maker.tenantRoot, dbId: maker.dbId, purpose: "attachments" };
	const open = async () => {
		const store = await stores.open(options);
		ends.push(() => store.close());
		return store;
	};
	return {
		...{ dir, maker, options, s3, open },
		store: await open(),
		fault: () => faulty as FaultyLevel,
		reach: (now: boolean) => {
			answering = now;
		},
		chunk: (payload = crypto.randomBytes(size)) =>
			maker.make({ entryType: "attachment_chunk", payload, originalSize: payload.length - 29 }),
	};
}

async function namesIn(s3: S3Blobs, options: OpenStoreOptions): Promise<string[]> {
	const names: string[] = [];
	for await (const listed of s3.of(options).list()) names.push(...listed.map(({ contentHash }) => contentHash));
	return names;
}

const payloadOf = async (store: LocalStore, entry: Entry) =>
	(await store.getEntries([entry.hash])).map((each) => each.kind === "entry" && each.payload)[0];

test("large payloads lie in objects, small ones in the store; both are found after opening again", async () => {
	const { store, s3, options, chunk, open } = await stage();
	const [large, small] = [await chunk(), await chunk(crypto.randomBytes(size / 2))];
	await store.putEntries([large, small]);
	expect(await namesIn(s3, options)).toEqual([large.common.contentHash]);
	await store.close();
	const again = await open();
	expect(await payloadOf(again, large)).toEqual(large.payload);
	expect(await payloadOf(again, small)).toEqual(small.payload);
	for await (const damaged of again.verifyRecords()) expect(damaged).toBeUndefined();
});

test("the same bytes of two tenants are two objects, and one goes without the other", async () => {
	const [one, two] = [await stage(), await stage()];
	const payload = crypto.randomBytes(size);
	const [first, second] = [await one.chunk(payload), await two.chunk(payload)];
	await one.store.putEntries([first]);
	const elsewhere = one.s3.of({ ...one.options, tenantRoot: two.options.tenantRoot });
	await elsewhere.put(first.common.contentHash, payload);
	await two.store.putEntries([second]);
	await one.store.purgeDocHistory(first.common.docId);
	expect(await namesIn(one.s3, one.options)).toEqual([]);
	expect(await namesIn(one.s3, { ...one.options, tenantRoot: two.options.tenantRoot })).toHaveLength(1);
	expect(await payloadOf(two.store, second)).toEqual(payload);
});

test("nothing is stored whose bytes the object store did not take", async () => {
	const { store, reach, chunk, maker } = await stage();
	const entry = await chunk();
	reach(false);
	await expect(store.putEntries([entry])).rejects.toMatchObject({ code: "store-io" });
	expect(await store.hasEntries([entry.hash])).toEqual([]);
	expect((await store.putEntries([await maker.make()])).stored).toHaveLength(1);
	reach(true);
	expect((await store.putEntries([entry])).stored).toHaveLength(1);
});

test("a write that fails leaves objects that a sweep finds, and the sweep takes nothing that is named", async () => {
	const { store, s3, options, chunk, fault } = await stage();
	const kept = await chunk();
	await store.putEntries([kept]);
	fault().failWrites({ times: 1 });
	const lost = await chunk();
	await expect(store.putEntries([lost])).rejects.toMatchObject({ code: "store-io" });
	const payload = crypto.randomBytes(size);
	await s3.of(options).put(kept.common.contentHash, payload);
	expect(await namesIn(s3, options)).toHaveLength(3);
	expect(await store.contents.collect(0)).toBe(0);
	expect(await store.contents.collect(Number.MAX_SAFE_INTEGER)).toBe(2);
	expect(await payloadOf(store, kept)).toEqual(kept.payload);
	expect((await store.putEntries([lost])).stored).toHaveLength(1);
	expect(await payloadOf(store, lost)).toEqual(lost.payload);
});

test("an object is erased after its row: a purge that fails keeps it, one whose object store is out of reach leaves an orphan", async () => {
	const { store, s3, options, chunk, fault, reach } = await stage();
	const entry = await chunk();
	await store.putEntries([entry]);
	fault().failWrites({ after: 1, times: 1 });
	await expect(store.purgeDocHistory(entry.common.docId)).rejects.toMatchObject({ code: "store-io" });
	expect(await namesIn(s3, options)).toHaveLength(1);
	reach(false);
	await store.purgeDocHistory(entry.common.docId);
	reach(true);
	expect(await namesIn(s3, options)).toHaveLength(1);
	expect(await store.contents.collect(Number.MAX_SAFE_INTEGER)).toBe(1);
});

test("calls that bring the same bytes at once keep one object", async () => {
	const { store, s3, options, chunk } = await stage();
	const payload = crypto.randomBytes(size);
	const chunks = [await chunk(payload), await chunk(payload), await chunk(payload)];
	await Promise.all(chunks.map((each) => store.putEntries([each])));
	expect(await namesIn(s3, options)).toHaveLength(1);
	for (const each of chunks) expect(await payloadOf(store, each)).toEqual(payload);
});

test("a store that has objects is not opened without them", async () => {
	const { store, dir, options, chunk } = await stage();
	await store.putEntries([await chunk()]);
	await store.close();
	await expect(folderStores(dir, crypto).open(options)).rejects.toMatchObject({ code: "store-io" });
});
