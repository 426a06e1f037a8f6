import { countingLevel, faultyLevel } from "@mindoodb/testing";
import fc from "fast-check";
import { MemoryLevel } from "memory-level";
import { expect, test } from "vitest";
import { fromHex, toHex } from "../bytes/hex.js";
import { type Level, LevelTable } from "./level.js";
import { Packer } from "./packing.js";
import { recordKey } from "./row-keys.js";
import { flushEvery, Trie } from "./trie.js";
import { digitOf, makeKey } from "./trie-node.js";

const everything = { lower: { createdAt: 0, hashPrefix: new Uint8Array(0) } };

interface Item {
	readonly createdAt: number;
	readonly hash: string;
}

async function memoryLevel(): Promise<Level> {
	const encodings = { keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" } as const;
	const level = new MemoryLevel<Uint8Array, Uint8Array>(encodings);
	await level.open();
	return level;
}

/** Writes heads of records as a store would have. */
async function writeRecords(table: LevelTable, items: readonly Item[], first = 1): Promise<void> {
	const rows = items.map(({ createdAt, hash }, index) => {
		const value = new Packer().fixed(0, 1).raw(new Uint8Array(16)).hash(hash).fixed(createdAt, 6).finish();
		return { type: "put", key: recordKey(first + index), value } as const;
	});
	await table.write(rows, true);
}

function randomItems(count: number, seed: number, spread: number): Item[] {
	let state = seed;
	const random = () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state;
	};
	return Array.from({ length: count }, () => ({
		createdAt: 1_700_000_000_000 + (random() % spread),
		hash: Array.from({ length: 8 }, () => random().toString(16).padStart(8, "0")).join(""),
	}));
}

function sumOf(items: readonly Item[]): Uint8Array {
	let sum = 0n;
	for (const { hash } of items) sum += BigInt(`0x${toHex(fromHex(hash).reverse())}`);
	return Uint8Array.from({ length: 32 }, (_, i) => Number((sum >> BigInt(8 * i)) & 255n));
}

test("digits are the key's bits, six at a time", () => {
	const key = makeKey(0b111111_000001_100000_010101_000000_111111_000011_110000, new Uint8Array(32).fill(255));
	expect(Array.from({ length: 9 }, (_, depth) => digitOf(key, depth))).toEqual([63, 1, 32, 21, 0, 63, 3, 48, 63]);
	expect(digitOf(key, 50)).toBe(0b111100);
});

test("what was flushed, what waits and what a crash left are counted alike", async () => {
	const items = randomItems(3 * flushEvery, 1, 1 << 24);
	const table = new LevelTable(await memoryLevel());
	const trie = new Trie(table);
	trie.reset(0);
	for (const [index, { createdAt, hash }] of items.slice(0, flushEvery).entries()) trie.add(index + 1, createdAt, hash);
	await writeRecords(table, items);
	expect(trie.due).toBe(true);
	await trie.flush();
	expect(trie.due).toBe(false);
	for (const [index, { createdAt, hash }] of items.slice(flushEvery).entries()) {
		trie.add(flushEvery + index + 1, createdAt, hash);
	}
	const whole = { count: items.length, sum: sumOf(items) };
	expect(await trie.fingerprint(everything)).toEqual(whole);
	const crashed = new Trie(table);
	crashed.reset(items.length);
	expect(await crashed.fingerprint(everything)).toEqual(whole);
	await crashed.flush();
	const opened = new Trie(table);
	opened.reset(items.length);
	expect(await opened.fingerprint(everything)).toEqual(whole);
});

test("adversarial keys: all in one millisecond, all with one prefix", async () => {
	const hashes = Array.from({ length: 200 }, (_, i) => `${"ab".repeat(28)}${i.toString(16).padStart(8, "0")}`);
	const items = hashes.map((hash) => ({ createdAt: 5, hash }));
	const table = new LevelTable(await memoryLevel());
	const trie = new Trie(table);
	trie.reset(0);
	for (const [index, { createdAt, hash }] of items.entries()) trie.add(index + 1, createdAt, hash);
	await trie.flush();
	const lower = { createdAt: 5, hashPrefix: fromHex(hashes[77] as string) };
	expect(await trie.fingerprint({ lower })).toEqual({ count: 123, sum: sumOf(items.slice(77)) });
	const found: string[] = [];
	for await (const batch of trie.records({ lower })) found.push(...batch.map(({ hash }) => hash));
	expect(found).toEqual(hashes.slice(77));
});

test("a failed flush loses nothing", async () => {
	const fault = faultyLevel(await memoryLevel());
	const table = new LevelTable(fault.level);
	const items = randomItems(500, 7, 1000);
	await writeRecords(table, items);
	const trie = new Trie(table);
	trie.reset(100);
	for (const [index, { createdAt, hash }] of items.slice(100).entries()) trie.add(101 + index, createdAt, hash);
	fault.failWrites({ times: 1 });
	await expect(trie.flush()).rejects.toMatchObject({ code: "store-io" });
	expect(await trie.fingerprint(everything)).toEqual({ count: 500, sum: sumOf(items) });
	await table.reopen();
	await trie.flush();
	expect(await trie.fingerprint(everything)).toEqual({ count: 500, sum: sumOf(items) });
});

test("splitting a range anywhere keeps count and sum", async () => {
	const items = randomItems(2000, 3, 5000);
	const table = new LevelTable(await memoryLevel());
	const trie = new Trie(table);
	trie.reset(0);
	for (const [index, { createdAt, hash }] of items.entries()) trie.add(index + 1, createdAt, hash);
	await fc.assert(
		fc.asyncProperty(fc.nat(1999), fc.nat(32), async (index, length) => {
			const { createdAt, hash } = items[index] as Item;
			const bound = { createdAt, hashPrefix: fromHex(hash).slice(0, length) };
			const below = await trie.fingerprint({ ...everything, upper: bound });
			const above = await trie.fingerprint({ lower: bound });
			expect(below.count + above.count).toBe(2000);
			const numbers = [below, above].map(({ sum }) => BigInt(`0x${toHex(sum.slice().reverse())}`));
			const total = ((numbers[0] as bigint) + (numbers[1] as bigint)) % (1n << 256n);
			expect(total).toBe(BigInt(`0x${toHex(sumOf(items).reverse())}`));
		}),
		{ numRuns: 60 },
	);
});

test("lesson 33: many ranges are read a depth at a time, whatever their number", async () => {
	const counting = countingLevel(await memoryLevel());
	const table = new LevelTable(counting.level);
	const items = randomItems(4000, 5, 1 << 30).sort((a, b) => a.createdAt - b.createdAt);
	const filled = new Trie(table);
	filled.reset(0);
	for (const [index, { createdAt, hash }] of items.entries()) filled.add(index + 1, createdAt, hash);
	await filled.flush();
	const bounds = items
		.filter((_, index) => index % 40 === 0)
		.map(({ createdAt }) => ({ createdAt, hashPrefix: new Uint8Array(0) }));
	const ranges = bounds.slice(1).map((upper, index) => ({ lower: bounds[index] as typeof upper, upper }));
	const readsOf = async (ask: (trie: Trie) => Promise<unknown>) => {
		const trie = new Trie(table);
		trie.reset(items.length);
		counting.reset();
		await ask(trie);
		return counting.counts.reads;
	};
	// The createdAt of these lie eight digits deep, and what covers the index is read once.
	expect(await readsOf((trie) => trie.fingerprints(ranges))).toBeLessThanOrEqual(10);
	expect(await readsOf((trie) => trie.recordsWithin(ranges))).toBeLessThanOrEqual(10);
	expect(await readsOf((trie) => trie.recordsAt(everything, [5, 900, 2000, 3100, 3999]))).toBeLessThanOrEqual(11);
});

test("a failed read in the middle of an insertion loses nothing", async () => {
	const fault = faultyLevel(await memoryLevel());
	const table = new LevelTable(fault.level);
	const items = randomItems(400, 11, 1 << 30);
	await writeRecords(table, items);
	const first = new Trie(table);
	first.reset(300);
	await first.flush();
	const trie = new Trie(table);
	trie.reset(300);
	// Holds the root and no other node.
	expect((await trie.fingerprint(everything)).count).toBe(300);
	for (const [index, { createdAt, hash }] of items.slice(300).entries()) trie.add(301 + index, createdAt, hash);
	fault.failReads();
	await expect(trie.fingerprint(everything)).rejects.toMatchObject({ code: "store-io" });
	fault.repair();
	expect(await trie.fingerprint(everything)).toEqual({ count: 400, sum: sumOf(items) });
	let records = 0;
	for await (const batch of trie.records(everything)) records += batch.length;
	expect(records).toBe(400);
});
