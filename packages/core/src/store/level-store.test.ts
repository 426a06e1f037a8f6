import { countingLevel, entryMaker, type FaultyLevel, faultyLevel } from "@mindoodb/testing";
import { MemoryLevel } from "memory-level";
import { nodeCrypto } from "mindoodb";
import { describe, expect, test } from "vitest";
import { encodeCbor } from "../bytes/cbor.js";
import { fromHex } from "../bytes/hex.js";
import type { Entry } from "../entry/entry.js";
import { storeFormatVersion } from "./identity.js";
import type { Level } from "./level.js";
import { openLevelStore } from "./level-store.js";
import { contentKey, metaKeys, recordKey, trieKey } from "./row-keys.js";

const crypto = nodeCrypto();
const everything = { lower: { createdAt: 0, hashPrefix: new Uint8Array(0) } };

function memoryLevel(): Level {
	return new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" });
}

async function stage(level: Level, tenantRoot?: string) {
	const maker = await entryMaker({ crypto, ...(tenantRoot !== undefined && { tenantRoot }) });
	const options = { crypto, random: crypto, tenantRoot: maker.tenantRoot, dbId: maker.dbId };
	return { maker, options, store: await openLevelStore(level, options) };
}

describe("a disk that is full", () => {
	async function faulty() {
		const inner = memoryLevel();
		const fault: FaultyLevel = faultyLevel(inner);
		return { fault, inner, ...(await stage(fault.level)) };
	}

	for (const written of [false, true]) {
		test(`a write that fails ${written ? "after it reached the disk" : "whole"} leaves the store as it is on disk`, async () => {
			const { fault, store, maker } = await faulty();
			const [a, b, c] = [await maker.make(), await maker.make(), await maker.make()];
			await store.append([a]);
			const position = await store.position();
			fault.failWrites({ written });
			await expect(store.append([b])).rejects.toMatchObject({ code: "store-io" });
			// What is there after all is seen at once.
			if (!written) expect(await store.position()).toEqual(position);
			expect(store.documentCount()).toBe(written ? 2 : 1);
			await expect(store.rows.write([{ type: "put", key: Uint8Array.of(1), value: a.header }])).rejects.toMatchObject({
				code: "store-io",
			});
			fault.repair();
			// What failed may be on disk all the same; then its place is kept.
			expect(await store.append([b])).toMatchObject([{ arrival: 2, document: 2, fork: false }]);
			expect(await store.append([c])).toMatchObject([{ arrival: 3, document: 3, fork: false }]);
			expect(fault.reopens).toBeGreaterThan(0);
			expect(await store.getAllHashes()).toEqual([a.hash, b.hash, c.hash]);
			expect(await store.chainHeads(maker.publicKey)).toEqual([c.hash]);
			expect((await store.fingerprint(everything)).count).toBe(3);
			for await (const damaged of store.verifyRecords()) expect(damaged).toBeUndefined();
		});
	}

	test("every call of a group that fails is told, and later ones are carried out", async () => {
		const { fault, store, maker } = await faulty();
		fault.failWrites({ times: 1 });
		const entries: Entry[] = [];
		for (let i = 0; i < 5; i++) entries.push(await maker.make());
		const results = await Promise.allSettled(entries.map((entry) => store.append([entry])));
		expect(results.map(({ status }) => status)).toEqual(new Array(5).fill("rejected"));
		expect(await store.append(entries)).toHaveLength(5);
		expect(await store.position()).toMatchObject({ arrival: 5 });
	});

	test("no entry is acknowledged that is not there when the store is opened again, wherever writing fails", async () => {
		for (let after = 0; after < 12; after++) {
			const { fault, inner, store, maker, options } = await faulty();
			const acknowledged: string[] = [];
			fault.failWrites({ after, times: 2 });
			for (let i = 0; i < 16; i++) {
				const entry = await maker.make();
				await store
					.append([entry], { rows: async () => [{ type: "put", key: Uint8Array.of(i), value: Uint8Array.of(1) }] })
					.then(
						() => acknowledged.push(entry.hash),
						() => maker.continueFrom(acknowledged[acknowledged.length - 1]),
					);
			}
			expect(acknowledged).toHaveLength(14);
			await store.close();
			await inner.open();
			const again = await openLevelStore(inner, options);
			expect(await again.getAllHashes()).toEqual(acknowledged);
			expect(await again.chainHeads(maker.publicKey)).toEqual([acknowledged[13]]);
			expect((await again.fingerprint(everything)).count).toBe(14);
		}
	});

	test("a purge that is cut short goes on when the store is opened again", async () => {
		for (let after = 1; after < 4; after++) {
			const { fault, inner, store, maker, options } = await faulty();
			const gone = await maker.document(3);
			const stays = await maker.make({ payload: crypto.randomBytes(5000) });
			await store.append([...gone, stays]);
			fault.failWrites({ after });
			await expect(store.purgeDocHistory(gone[0]?.common.docId as string)).rejects.toMatchObject({ code: "store-io" });
			fault.repair();
			await store.close();
			await inner.open();
			const again = await openLevelStore(inner, options);
			expect(await again.getAllHashes()).toEqual([stays.hash]);
			expect((await again.putEntries(gone)).refused).toHaveLength(3);
		}
	});

	test("reads that fail say so and can be tried again", async () => {
		const { fault, store, maker } = await faulty();
		const entry = await maker.make();
		await store.append([entry]);
		fault.failReads();
		await expect(store.getEntries([entry.hash])).rejects.toMatchObject({ code: "store-io" });
		await expect(store.fingerprint(everything)).rejects.toMatchObject({ code: "store-io" });
		await expect(store.append([await maker.make()])).rejects.toMatchObject({ code: "store-io" });
		fault.repair();
		expect(await store.getEntries([entry.hash])).toHaveLength(1);
		expect((await store.fingerprint(everything)).count).toBe(1);
		expect(await store.append([await maker.make()])).toMatchObject([{ arrival: 2 }]);
	});
});

describe("format version", () => {
	test("an older store is upgraded in one batch, a newer one is refused untouched", async () => {
		const level = memoryLevel();
		const { store, options, maker } = await stage(level);
		await store.append([await maker.make()]);
		const identity = await store.identity();
		await store.close();

		const above = Uint8Array.of(0x80, 7);
		const first = storeFormatVersion;
		const upgrades = [
			{ from: first, rows: async () => [{ type: "put", key: above, value: Uint8Array.of(1) } as const] },
			{ from: first + 1, rows: async () => [{ type: "put", key: above, value: Uint8Array.of(2) } as const] },
		];
		const version = first + 2;
		await level.open();
		const fault = faultyLevel(level);
		fault.failWrites({ after: 1 });
		await expect(openLevelStore(fault.level, { ...options, upgrades, version })).rejects.toMatchObject({
			code: "store-io",
		});
		await level.open();
		expect(await level.get(above)).toEqual(Uint8Array.of(1));
		const upgraded = await openLevelStore(level, { ...options, upgrades, version });
		expect(await upgraded.identity()).toEqual(identity);
		expect(await upgraded.rows.get(Uint8Array.of(7))).toEqual(Uint8Array.of(2));
		expect(await upgraded.position()).toMatchObject({ arrival: 1 });
		await upgraded.close();

		await level.open();
		await expect(openLevelStore(level, options)).rejects.toMatchObject({
			code: "store-version",
			data: { expected: first, found: version },
		});
		await level.open();
		await expect(openLevelStore(level, { ...options, version: version + 1 })).rejects.toMatchObject({
			code: "store-version",
		});
	});

	test("a store of version 1 is opened, with what it purged", async () => {
		const level = memoryLevel();
		const { store, options, maker } = await stage(level);
		const [gone, stays] = [await maker.make(), await maker.make()];
		await store.append([gone, stays]);
		await store.purgeDocHistory(gone.common.docId);
		const { storeId } = await store.identity();
		await store.close();
		await level.open();
		const record = await level.get(recordKey(1));
		const batch = level.batch();
		batch.put(recordKey(1), Uint8Array.of(3, ...(record as Uint8Array).subarray(1, 55), 1));
		batch.put(metaKeys.identity, encodeCbor([1, fromHex(storeId, 16), fromHex(maker.tenantRoot, 32), maker.dbId]));
		await batch.write();
		const upgraded = await openLevelStore(level, options);
		expect(await upgraded.getAllHashes()).toEqual([stays.hash]);
		expect((await upgraded.putEntries([gone])).refused).toMatchObject([{ hash: gone.hash, reason: "purged" }]);
		for await (const damaged of upgraded.verifyRecords()) expect(damaged).toBeUndefined();
		await upgraded.close();
		await level.open();
		await expect(openLevelStore(level, { ...options, version: 1 })).rejects.toMatchObject({ code: "store-version" });
	});

	test("a later version may lay out its identity otherwise; damage is told apart", async () => {
		for (const [bytes, code] of [
			[encodeCbor([storeFormatVersion + 1, "other"]), "store-version"],
			[encodeCbor([storeFormatVersion, "other"]), "store-damaged"],
			[Uint8Array.of(0xff), "store-damaged"],
		] as const) {
			const level = memoryLevel();
			const { store, options } = await stage(level);
			await store.close();
			await level.open();
			const batch = level.batch();
			batch.put(metaKeys.identity, bytes);
			await batch.write();
			await expect(openLevelStore(level, options)).rejects.toMatchObject({ code });
		}
	});

	test("a store of another database is not opened", async () => {
		const level = memoryLevel();
		const { store, options } = await stage(level);
		await store.close();
		await level.open();
		await expect(openLevelStore(level, { ...options, dbId: "other" })).rejects.toMatchObject({ code: "store-io" });
	});
});

describe("work is counted", () => {
	test("lesson 30: one batch and one flush to disk for all calls that wait, few rows for each entry", async () => {
		const { level, counts, reset } = countingLevel(memoryLevel());
		const { store, maker } = await stage(level);
		await store.append([await maker.make()]);
		const docId = (await maker.make()).common.docId;
		const entries: Entry[] = [];
		for (let i = 0; i < 64; i++) entries.push(await maker.make({ entryType: "doc_change", docId }));
		await store.append(entries.slice(0, 1));
		reset();
		await Promise.all(entries.slice(1).map((entry) => store.append([entry])));
		expect(counts).toMatchObject({ batches: 1, syncs: 1, iterators: 0 });
		// Record and address for each; listings of document and author, old and new head for the batch.
		expect(counts.puts + counts.deletes).toBeLessThanOrEqual(2 * 63 + 4);
		expect(counts.bytesWritten / 63).toBeLessThan(450);
		expect(counts.reads).toBeLessThanOrEqual(4);
		reset();
		await store.rows.write([{ type: "put", key: Uint8Array.of(1), value: Uint8Array.of(1) }], { durable: false });
		expect(counts).toMatchObject({ batches: 1, syncs: 0 });
	});

	test("a page reads the records that it gives, and some that follow, whatever might have come", async () => {
		const { level, counts, reset } = countingLevel(memoryLevel());
		const { store, maker } = await stage(level);
		for (let done = 0; done < 2000; done += 500) await store.append(await maker.document(500, { signed: false }));
		reset();
		const { arrivals } = await store.entriesAfter(0, { limit: 2000, maxBytes: 1000 });
		expect(arrivals.length).toBeLessThan(100);
		expect(counts.rows).toBeLessThanOrEqual(256);
	});

	test("lesson 30, 32, 33: opening, appending, paging and comparing cost the same whatever the store holds", async () => {
		for (const size of [100, 6000]) {
			const inner = memoryLevel();
			const { level, counts, reset } = countingLevel(inner);
			const { store, maker, options } = await stage(level);
			for (let done = 0; done < size; done += 100) await store.append(await maker.document(100, { signed: false }));
			await store.close();
			await inner.open();
			reset();
			const again = await openLevelStore(level, options);
			const cost = (name: string, most: number) => {
				expect(counts.gets + counts.rows, `${name} at ${size}`).toBeLessThanOrEqual(most);
				expect(counts.bytesRead, `${name} at ${size}`).toBeLessThan(8192);
				reset();
			};
			cost("open", 8);
			await again.append([await maker.make()]);
			cost("append", 12);
			await again.entriesAfter(size);
			cost("page", 4);
			await again.fingerprint(everything);
			cost("fingerprint", 20);
			await again.recordsAt(everything, [size >> 1]);
			cost("record at", 20);
			await again.entriesByHash(["ab".repeat(32)]);
			cost("by hash", 1);
			await again.hasEntries(["ab".repeat(32)]);
			cost("has", 1);
		}
	});
});

describe("damage", () => {
	test("a damaged record is purged too: its place stays, and its return is refused", async () => {
		const fault = faultyLevel(memoryLevel());
		const { store, maker } = await stage(fault.level);
		const entries = await maker.document(3);
		await store.append(entries);
		await fault.damage(recordKey(2), (value) => value.with(-1, (value.at(-1) as number) ^ 1));
		const position = await store.position();
		expect(await store.purgeDocHistory(entries[0]?.common.docId as string)).toEqual(entries.map(({ hash }) => hash));
		expect(await store.position()).toEqual(position);
		expect((await store.getArrivals([1, 2, 3], { purged: true })).map(({ arrival }) => arrival)).toEqual([1, 3]);
		expect((await store.putEntries(entries)).refused.map(({ reason }) => reason)).toEqual(new Array(3).fill("purged"));
		for await (const damaged of store.verifyRecords()) expect(damaged).toBeUndefined();
	});

	test("the last record may be damaged: the store opens and goes on", async () => {
		const level = memoryLevel();
		const fault = faultyLevel(level);
		const { store, maker, options } = await stage(fault.level);
		const entries = await maker.document(3);
		await store.append(entries);
		await fault.damage(recordKey(3), () => Uint8Array.of(1, 2, 3));
		await store.close();
		await level.open();
		const again = await openLevelStore(level, options);
		expect(await again.position()).toMatchObject({ arrival: 3 });
		expect((await again.entriesAfter(0)).damaged).toEqual([3]);
		expect(await again.append([await maker.make()])).toMatchObject([{ arrival: 4 }]);
		expect((await again.entriesAfter(0)).arrivals.map(({ arrival }) => arrival)).toEqual([1, 2, 4]);
	});

	test("a payload in a row of its own that is damaged or missing", async () => {
		const level = memoryLevel();
		const fault = faultyLevel(level);
		const { store, maker } = await stage(fault.level);
		const entries: Entry[] = [];
		for (let i = 0; i < 3; i++) entries.push(await maker.make({ payload: crypto.randomBytes(5000) }));
		await store.append(entries);
		const keyOf = (entry: Entry | undefined) => contentKey(entry?.common.contentHash as string);
		await fault.damage(keyOf(entries[0]), (value) => value.with(77, (value[77] as number) ^ 1));
		await fault.damage(keyOf(entries[2]), () => undefined);
		expect(await store.entriesAfter(0)).toMatchObject({ arrivals: [{ arrival: 2 }], damaged: [1, 3], next: 3 });
		const damaged: (string | undefined)[] = [];
		for await (const each of store.verifyRecords()) damaged.push(each.hash);
		expect(damaged).toEqual([entries[0]?.hash, entries[2]?.hash]);
	});

	test("a reconciliation index that is damaged is built anew", async () => {
		const level = memoryLevel();
		const fault = faultyLevel(level);
		const { store, maker, options } = await stage(fault.level);
		await store.append(await maker.document(100, { signed: false }));
		const whole = await store.fingerprint(everything);
		await store.close();
		for (const [spoil, found] of [
			[(value: Uint8Array) => value.slice(0, 20), 0],
			[(value: Uint8Array) => value.with(20, (value[20] as number) ^ 1), 1],
		] as const) {
			await level.open();
			await fault.damage(trieKey([]), spoil);
			const again = await openLevelStore(level, options);
			const damaged: string[] = [];
			for await (const each of again.verifyRecords()) damaged.push(each.message);
			expect(damaged).toHaveLength(found);
			expect(await again.fingerprint(everything)).toEqual(whole);
			await again.close();
		}
	});
});
