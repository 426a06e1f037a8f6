import { type CountingLevel, countingLevel } from "@mindoodb/testing";
import * as fc from "fast-check";
import { MemoryLevel } from "memory-level";
import { beforeEach, expect, it } from "vitest";
import { EmptyRanges } from "./empty-ranges.js";
import { type Level, LevelTable } from "./level.js";
import { prefixRange } from "./row-keys.js";
import type { RowRange, RowWrite } from "./rows.js";

const put = (...key: number[]): RowWrite => ({ type: "put", key: Uint8Array.from(key), value: new Uint8Array(0) });
const under = (...prefix: number[]): RowRange => ({ ...prefixRange(Uint8Array.from(prefix)), mostlyEmpty: true });

let engine: MemoryLevel<Uint8Array, Uint8Array>;
let disk: CountingLevel;
let table: LevelTable;

beforeEach(async () => {
	engine = new MemoryLevel({ keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" });
	await engine.open();
	disk = countingLevel(engine);
	table = new LevelTable(disk.level);
});

async function rowsIn(range: RowRange, of = table): Promise<number> {
	let count = 0;
	for await (const rows of of.scan(range, 10)) count += rows.length;
	return count;
}

it("a range in which nothing was found is not looked at again, until something is written there", async () => {
	expect(await rowsIn(under(7))).toBe(0);
	disk.reset();
	await table.write([put(6, 255), put(8)], true);
	expect(await rowsIn(under(7))).toBe(0);
	expect(await table.first(under(7))).toBeUndefined();
	expect(disk.counts.iterators).toBe(0);
	expect(await rowsIn({ ...under(7), mostlyEmpty: false })).toBe(0);
	expect(disk.counts.iterators).toBe(1);

	await table.write([put(7, 1)], false);
	expect(await rowsIn(under(7))).toBe(1);
	await table.write([{ type: "del", key: Uint8Array.of(7, 1) }], false);
	expect(await rowsIn(under(7))).toBe(0);
});

it("a part of a range in which nothing was found is not looked at, and is not remembered itself", async () => {
	const part = (...prefix: number[]): RowRange => ({ ...under(...prefix), mostlyEmpty: "part" });
	expect(await rowsIn(part(7, 1))).toBe(0);
	disk.reset();
	expect([await rowsIn(part(7, 1)), disk.counts.iterators]).toEqual([0, 1]);
	expect([await rowsIn({ ...under(7), limit: 1 }), disk.counts.iterators]).toEqual([0, 2]);
	expect([await rowsIn(part(7, 1)), await rowsIn(part(7)), disk.counts.iterators]).toEqual([0, 0, 2]);
	expect([await rowsIn(part(6)), disk.counts.iterators]).toEqual([0, 3]);
	await table.write([put(7, 2)], false);
	expect([await rowsIn(part(7, 1)), await rowsIn(part(7, 2)), disk.counts.iterators]).toEqual([0, 1, 5]);
});

it("what is written during a look is found by the next one", async () => {
	let write = async () => {};
	const during: Level = new Proxy(engine, {
		get(target, name) {
			const value = Reflect.get(target, name) as unknown;
			if (name === "iterator") {
				return (range: RowRange) => {
					const iterator = target.iterator(range);
					// The iterator shows the rows of the moment at which it was made.
					return {
						nextv: async (size: number) => [await write(), await iterator.nextv(size)][1],
						close: () => iterator.close(),
					};
				};
			}
			return typeof value === "function" ? value.bind(target) : value;
		},
	}) as unknown as Level;
	const written = new LevelTable(during);
	write = () => written.write([put(7, 1)], true);
	expect(await rowsIn(under(7), written)).toBe(0);
	write = async () => {};
	expect(await rowsIn(under(7), written)).toBe(1);
});

it("a look while something is written proves nothing", async () => {
	const ranges = new EmptyRanges();
	let end = () => {};
	const writing = ranges.during([put(7, 1)], () => new Promise<void>((resolve) => (end = resolve)));
	ranges.look(under(7))();
	end();
	await writing;
	expect(ranges.has(under(7))).toBe(false);
	ranges.look(under(8))();
	expect(ranges.has(under(8))).toBe(true);
});

it("a range that a failed write may have reached is looked at again", async () => {
	expect(await rowsIn(under(7))).toBe(0);
	const batch = engine.batch.bind(engine);
	Object.assign(engine, {
		batch: () => {
			const chained = batch();
			const write = chained.write.bind(chained);
			return Object.assign(chained, {
				write: async () => {
					await write();
					throw new Error("no room on the disk");
				},
			});
		},
	});
	await expect(table.write([put(7, 1)], true)).rejects.toMatchObject({ code: "store-io" });
	expect(await rowsIn(under(7))).toBe(1);
});

it("any writes and looks find what an engine without memory finds", async () => {
	const byte = fc.integer({ min: 0, max: 3 });
	const step = fc.record({
		kind: fc.constantFrom("put", "del", "look"),
		key: fc.tuple(byte, byte),
		short: fc.boolean(),
	});
	await fc.assert(
		fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
			await engine.clear();
			const remembering = new LevelTable(engine);
			for (const { kind, key, short } of steps) {
				const at = Uint8Array.from(key);
				if (kind === "put") await remembering.write([put(...key)], false);
				else if (kind === "del") await remembering.write([{ type: "del", key: at }], false);
				else {
					const range = under(...(short ? key.slice(0, 1) : key));
					expect(await rowsIn(range, remembering)).toBe(await rowsIn(range, new LevelTable(engine)));
				}
			}
		}),
	);
});
