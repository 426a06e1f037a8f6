import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type Entry,
	type Level,
	type LocalStore,
	openLevelStore,
	type Packs,
	type StagedContent,
	toHex,
} from "@mindoodb/core";
import { type EntryMaker, entryMaker, type FaultyLevel, faultyLevel } from "@mindoodb/testing";
import { ClassicLevel } from "classic-level";
import { nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderPacks } from "./folder-packs.js";

const crypto = nodeCrypto();
const tenantRoot = "cd".repeat(32);
const chunkBytes = 100_000;
const upload = "11".repeat(8);
let dir = "";
let store: LocalStore;
let faulty: FaultyLevel;
let maker: EntryMaker;

beforeEach(async () => {
	dir = await mkdtemp(join(tmpdir(), "mindoodb-packs-"));
	maker = await entryMaker({ crypto, tenantRoot });
	await openStore();
});

afterEach(async () => {
	await store.close();
	await rm(dir, { recursive: true, force: true });
});

/** @param packs `undefined` for a platform that has no place for them. */
async function openStore(packs: Packs | undefined = folderPacks(join(dir, "packs"))): Promise<void> {
	const level: Level = new ClassicLevel<Uint8Array, Uint8Array>(join(dir, "rows"), {
		keyEncoding: "view",
		valueEncoding: "view",
		compression: false,
	});
	await level.open();
	faulty = faultyLevel(level);
	store = await openLevelStore(faulty.level, {
		crypto,
		random: crypto,
		tenantRoot,
		dbId: "notes",
		...(packs && { packs }),
	});
}

async function openAgain(packs?: Packs): Promise<void> {
	await store.close();
	await openStore(packs);
}

async function contentsOf(count: number) {
	const payloads = Array.from({ length: count }, () => crypto.randomBytes(chunkBytes));
	return Promise.all(payloads.map(async (payload) => ({ payload, contentHash: toHex(await crypto.sha256(payload)) })));
}

function chunk(docId: string, payload: Uint8Array): Promise<Entry> {
	return maker.make({ docId, entryType: "attachment_chunk", payload, originalSize: payload.length - 29 });
}

/** What an upload does before its change is written. */
async function stage(contents: readonly StagedContent[], name = upload): Promise<void> {
	await store.staging.put(name, contents, 1);
	await store.staging.settle(name, 1);
}

async function packFiles(): Promise<string[]> {
	const names = await readdir(join(dir, "packs")).catch(() => []);
	return names.filter((name) => name !== "incoming").sort();
}

/** Hash of a payload that is here; comparing the bytes one by one takes a second. */
async function stagedHash(contentHash: string): Promise<string | undefined> {
	const payload = await store.staging.get(contentHash);
	return payload && toHex(await crypto.sha256(payload));
}

/** Whether any file holds a piece of the bytes. */
async function isOnDisk(bytes: Uint8Array): Promise<boolean> {
	for (const each of await readdir(dir, { recursive: true, withFileTypes: true })) {
		if (!each.isFile()) continue;
		if ((await readFile(join(each.parentPath, each.name))).includes(Buffer.from(bytes.subarray(500, 600)))) return true;
	}
	return false;
}

describe("payloads that come many at once", () => {
	test("lie in a pack, one behind the other, and a few in rows", async () => {
		const many = await contentsOf(4);
		const [one] = await contentsOf(1);
		await stage(many);
		if (one !== undefined) await stage([one]);
		expect(await packFiles()).toEqual(["000000000001"]);
		const pack = await readFile(join(dir, "packs", "000000000001"));
		expect(pack.equals(Buffer.concat(many.map(({ payload }) => payload)))).toBe(true);
		await openAgain();
		for (const each of [...many, ...(one ? [one] : [])]) {
			expect(await stagedHash(each.contentHash)).toBe(each.contentHash);
		}
	});

	test("received ones and appended ones too", async () => {
		const contents = await contentsOf(8);
		const docId = (await maker.make()).common.docId;
		const entries = await Promise.all(contents.map(({ payload }) => chunk(docId, payload)));
		await store.append(entries.slice(0, 4));
		expect((await store.putEntries(entries.slice(4))).stored).toHaveLength(4);
		expect(await packFiles()).toHaveLength(2);
		expect(await store.getEntries(entries.map(({ hash }) => hash))).toHaveLength(8);
		for await (const damaged of store.verifyRecords()) expect(damaged).toBeUndefined();
	});

	test("two uploads that stage the same bytes at once store them once", async () => {
		const contents = await contentsOf(4);
		await Promise.all([stage(contents), stage(contents, "22".repeat(8))]);
		expect(await packFiles()).toHaveLength(1);
		expect(await readdir(join(dir, "packs", "incoming"))).toEqual([]);
		for (const { contentHash } of contents) expect(await stagedHash(contentHash)).toBe(contentHash);
	});

	test("what lies in rows of an older version, or of a platform without packs, is read and erased as before", async () => {
		await store.close();
		await rm(join(dir, "rows"), { recursive: true });
		const level: Level = new ClassicLevel<Uint8Array, Uint8Array>(join(dir, "rows"), {
			keyEncoding: "view",
			valueEncoding: "view",
		});
		await level.open();
		const old = await openLevelStore(level, { crypto, random: crypto, tenantRoot, dbId: "notes", version: 2 });
		const contents = await contentsOf(4);
		await old.staging.put(upload, contents, 1);
		await old.close();
		await openStore();
		expect(await packFiles()).toEqual([]);
		for (const { contentHash } of contents) expect(await stagedHash(contentHash)).toBe(contentHash);
		expect(await store.staging.collect(2)).toEqual({ contents: 4, bytes: 4 * chunkBytes });
	});
});

describe("until an upload settles", () => {
	const other = "22".repeat(8);

	test("its payloads are for it alone, cost the engine nothing, and a crash takes them", async () => {
		const contents = await contentsOf(4);
		const hashes = contents.map(({ contentHash }) => contentHash);
		const { writes } = faulty;
		await store.staging.put(upload, contents, 1);
		expect(faulty.writes).toBe(writes);
		expect(await packFiles()).toEqual([]);
		expect(await Promise.all(hashes.map(stagedHash))).toEqual(hashes);
		expect(await store.contents.has(hashes)).toEqual([false, false, false, false]);
		await openAgain();
		for (const { payload } of contents) expect(await isOnDisk(payload)).toBe(false);
		expect(await store.staging.get(hashes[0] as string)).toBeUndefined();
		expect(await store.staging.collect(2)).toEqual({ contents: 0, bytes: 0 });
	});

	test("letting go of its payloads erases them, pack by pack", async () => {
		const [first, second] = [await contentsOf(4), await contentsOf(4)];
		for (const each of [first, second]) await store.staging.put(upload, each, 1);
		await store.staging.release(
			upload,
			[...first, ...second.slice(1)].map(({ contentHash }) => contentHash),
		);
		expect(await isOnDisk((first[0] as StagedContent).payload)).toBe(false);
		await store.staging.settle(upload, 1);
		const there = await Promise.all(second.map(({ payload }) => isOnDisk(payload)));
		expect(there).toEqual([true, false, false, false]);
	});

	test("the same bytes in several of its batches are stored once", async () => {
		const contents = await contentsOf(4);
		await Promise.all([1, 2, 3].map(() => store.staging.put(upload, contents, 1)));
		await store.staging.settle(upload, 1);
		expect(await packFiles()).toEqual(["000000000001"]);
		await store.staging.release(
			upload,
			contents.map(({ contentHash }) => contentHash),
		);
		for (const { payload } of contents) expect(await isOnDisk(payload)).toBe(false);
	});

	test("what another one brought meanwhile has no second copy, and stays until both have let go", async () => {
		const contents = await contentsOf(9);
		const hashes = contents.map(({ contentHash }) => contentHash);
		await store.staging.put(upload, contents.slice(0, 6), 1);
		await store.staging.put(other, contents.slice(3), 1);
		await store.staging.settle(other, 1);
		await store.staging.settle(upload, 1);
		expect(await readdir(join(dir, "packs", "incoming"))).toEqual([]);
		await store.staging.release(other, hashes.slice(3));
		expect(await Promise.all(hashes.slice(0, 7).map(stagedHash))).toEqual([...hashes.slice(0, 6), undefined]);
		await store.staging.release(upload, hashes.slice(0, 6));
		for (const { payload } of contents) expect(await isOnDisk(payload)).toBe(false);
	});

	test("bytes that never came to the disk are told when it does, and nothing names them", async () => {
		const real = folderPacks(join(dir, "packs"));
		await openAgain({
			...real,
			prepare: async (parts) => {
				const lost = Promise.reject(new Error("the disk"));
				lost.catch(() => undefined);
				return { ...(await real.prepare(parts)), durable: () => lost };
			},
		});
		const contents = await contentsOf(4);
		await store.staging.put(upload, contents, 1);
		await expect(store.staging.settle(upload, 1)).rejects.toMatchObject({ code: "store-io" });
		expect(await packFiles()).toEqual([]);
		await store.staging.release(
			upload,
			contents.map(({ contentHash }) => contentHash),
		);
		for (const { payload } of contents) expect(await isOnDisk(payload)).toBe(false);
	});

	test("more packs than get their numbers together are settled, and a batch that fails names none of its own", async () => {
		const all = [];
		for (let pack = 0; pack < 17; pack++) all.push(await contentsOf(3));
		for (const each of all) await store.staging.put(upload, each, 1);
		faulty.failWrites({ after: 1, times: 1 });
		await expect(store.staging.settle(upload, 1)).rejects.toMatchObject({ code: "store-io" });
		faulty.repair();
		expect(await packFiles()).toHaveLength(17);
		await openAgain();
		expect(await packFiles()).toHaveLength(16);
		for (const [nth, contents] of all.entries()) {
			const { contentHash } = contents[0] as StagedContent;
			expect(await stagedHash(contentHash)).toBe(nth < 16 ? contentHash : undefined);
		}
		expect(await store.staging.collect(2)).toMatchObject({ contents: 48 });
		expect(await packFiles()).toEqual([]);
	});
});

describe("erasing", () => {
	test("takes a payload out of its pack and leaves what shares it", async () => {
		const contents = await contentsOf(6);
		const docIds = [(await maker.make()).common.docId, (await maker.make()).common.docId];
		const entries = await Promise.all(contents.map(({ payload }, nth) => chunk(docIds[nth % 2] as string, payload)));
		await store.append(entries);
		await store.purgeDocHistory(docIds[0] as string);
		const there = await Promise.all(contents.map(({ payload }) => isOnDisk(payload)));
		expect(there).toEqual([false, true, false, true, false, true]);
		expect(await packFiles()).toEqual(["000000000002"]);
		await openAgain();
		const left = entries.filter((_, nth) => nth % 2 === 1);
		expect(await store.getEntries(left.map(({ hash }) => hash))).toHaveLength(3);
		await store.purgeDocHistory(docIds[1] as string);
		expect(await packFiles()).toEqual([]);
		expect(await Promise.all(contents.map(({ payload }) => isOnDisk(payload)))).not.toContain(true);
	});

	test("of what nobody needs any more frees the disk; a dry run touches nothing", async () => {
		await stage(await contentsOf(4));
		const found = { contents: 4, bytes: 4 * chunkBytes };
		expect(await store.staging.collect(2, { dryRun: true })).toEqual(found);
		expect(await packFiles()).toHaveLength(1);
		expect(await store.staging.collect(2)).toEqual(found);
		expect(await packFiles()).toEqual([]);
	});

	test("that is cut short behind its batch is done when the store is opened", async () => {
		const real = folderPacks(join(dir, "packs"));
		let powerless = false;
		const remove = (pack: number) => (powerless ? Promise.reject(new Error("power failure")) : real.remove(pack));
		await openAgain({ ...real, remove });
		const contents = await contentsOf(4);
		await stage(contents);
		powerless = true;
		const hashes = contents.map(({ contentHash }) => contentHash);
		await expect(store.staging.release(upload, hashes.slice(0, 1))).rejects.toMatchObject({ code: "store-io" });
		expect(await packFiles()).toEqual(["000000000001", "000000000002"]);
		await openAgain();
		expect(await packFiles()).toEqual(["000000000002"]);
		expect(await store.staging.get(hashes[0] as string)).toBeUndefined();
		expect(await stagedHash(hashes[1] as string)).toBe(hashes[1]);
	});

	test("that fails behind its move leaves no second copy of what moved", async () => {
		const contents = await contentsOf(4);
		await stage(contents);
		const hashes = contents.map(({ contentHash }) => contentHash);
		faulty.failWrites({ after: 1, times: 1 });
		await expect(store.staging.release(upload, hashes.slice(0, 1))).rejects.toMatchObject({ code: "store-io" });
		faulty.repair();
		await openAgain();
		expect(await Promise.all(hashes.map(stagedHash))).toEqual(hashes);
		await store.staging.release(upload, hashes.slice(1, 3));
		const there = await Promise.all(contents.map(({ payload }) => isOnDisk(payload)));
		expect(there).toEqual([true, false, false, true]);
	});

	test("of bytes that are let go of to be fetched again leaves their entries, and they come back once", async () => {
		const contents = await contentsOf(4);
		const { docId } = (await maker.make()).common;
		const entries = await Promise.all(contents.map(({ payload }) => chunk(docId, payload)));
		await store.append(entries);
		const [first, ...others] = contents.map(({ contentHash }) => contentHash);
		if (first === undefined || contents[0] === undefined) throw new Error("expected contents");
		expect(await store.contents.drop([first, first])).toEqual([first]);
		expect(await isOnDisk(contents[0].payload)).toBe(false);
		const lacking = [];
		for await (const batch of store.contents.lacking()) lacking.push(...batch);
		expect(lacking).toEqual([{ contentHash: first, bytes: chunkBytes, ofDocument: false }]);
		expect(await store.hasContents?.([first, ...others])).toEqual(others);
		expect(await store.contents.put([contents[0], contents[0]])).toEqual([first]);
		expect(await store.contents.put(contents)).toHaveLength(4);
		await openAgain();
		expect(await store.getEntries(entries.map(({ hash }) => hash))).toHaveLength(4);
		await store.purgeDocHistory(docId);
		for (const { payload } of contents) expect(await isOnDisk(payload)).toBe(false);
		expect(await packFiles()).toEqual([]);
	});

	test("does not disturb who reads what moves to another pack meanwhile", async () => {
		const real = folderPacks(join(dir, "packs"));
		const contents = await contentsOf(4);
		const hashes = contents.map(({ contentHash }) => contentHash);
		let meanwhile: (() => Promise<void>) | undefined;
		await openAgain({
			...real,
			read: async (pack, ranges) => {
				const first = meanwhile;
				meanwhile = undefined;
				await first?.();
				return real.read(pack, ranges);
			},
		});
		await stage(contents);
		meanwhile = () => store.staging.release(upload, hashes.slice(0, 1));
		expect(await stagedHash(hashes[1] as string)).toBe(hashes[1]);
		expect(await packFiles()).toEqual(["000000000002"]);
	});
});

test("a store whose payloads lie in packs is not opened without them", async () => {
	await stage(await contentsOf(4));
	await store.close();
	const level: Level = new ClassicLevel<Uint8Array, Uint8Array>(join(dir, "rows"), {
		keyEncoding: "view",
		valueEncoding: "view",
	});
	await level.open();
	const opening = openLevelStore(level, { crypto, random: crypto, tenantRoot, dbId: "notes" });
	await expect(opening).rejects.toMatchObject({ code: "store-io" });
	await openStore();
});

describe("a crash", () => {
	test("before the batch leaves packs that the next opening erases", async () => {
		const contents = await contentsOf(4);
		await stage(contents);
		await store.close();
		await writeFile(join(dir, "packs", "000000000003"), "numbered, and named by no row");
		// Names before and between that were given together with these, and that the crash took.
		await writeFile(join(dir, "packs", "000000000019"), "of the same batch");
		await writeFile(join(dir, "packs", "incoming", "7"), "without a number");
		await openStore();
		expect(await packFiles()).toEqual(["000000000001"]);
		expect(await readdir(join(dir, "packs", "incoming"))).toEqual([]);
		const more = await contentsOf(4);
		await stage(more);
		for (const each of [...contents, ...more]) {
			expect(await stagedHash(each.contentHash)).toBe(each.contentHash);
		}
	});

	test.each([false, true])(
		"a batch that fails loses no pack that a row names (written all the same: %s)",
		async (written) => {
			const [before, failed, after] = [await contentsOf(4), await contentsOf(4), await contentsOf(4)];
			await stage(before);
			faulty.failWrites({ times: 1, written });
			await expect(stage(failed, "33".repeat(8))).rejects.toMatchObject({ code: "store-io" });
			faulty.repair();
			await stage(after);
			await openAgain();
			for (const each of [...before, ...after]) expect(await stagedHash(each.contentHash)).toBe(each.contentHash);
			for (const each of failed) {
				expect(await stagedHash(each.contentHash)).toBe(written ? each.contentHash : undefined);
			}
			expect(await packFiles()).toHaveLength(written ? 3 : 2);
		},
	);
});

test("a pack that is cut off or spoilt is reported, and hides nothing else", async () => {
	const contents = await contentsOf(4);
	const docId = (await maker.make()).common.docId;
	const entries = await Promise.all(contents.map(({ payload }) => chunk(docId, payload)));
	await store.append(entries);
	const path = join(dir, "packs", "000000000001");
	const bytes = await readFile(path);
	bytes[10] = (bytes[10] as number) ^ 1;
	await writeFile(path, bytes);
	await truncate(path, 3 * chunkBytes + 7);
	expect(await store.entriesAfter(0)).toMatchObject({ arrivals: [{ arrival: 2 }, { arrival: 3 }], damaged: [1, 4] });
	const damaged: (string | undefined)[] = [];
	for await (const each of store.verifyRecords()) damaged.push(each.hash);
	expect(damaged).toEqual([entries[0]?.hash, entries[3]?.hash]);
});
