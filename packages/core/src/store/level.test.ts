import { MemoryLevel } from "memory-level";
import { beforeEach, describe, expect, it } from "vitest";
import { fewRows, type Level, LevelTable } from "./level.js";

const keys = Array.from({ length: fewRows + 1 }, (_, i) => Uint8Array.of(i));
const few = keys.slice(0, fewRows);

let engine: MemoryLevel<Uint8Array, Uint8Array>;
let level: Level;
let table: LevelTable;
/** Calls that read, in order. */
let calls: string[];

beforeEach(async () => {
	calls = [];
	engine = new MemoryLevel({
		keyEncoding: "view",
		valueEncoding: "view",
		storeEncoding: "view",
	});
	level = engine;
	await level.open();
	for (const name of ["get", "getSync", "getMany", "hasMany"] as const) {
		const call = (level[name] as (asked: unknown) => unknown).bind(level);
		Object.assign(level, {
			[name](asked: unknown) {
				calls.push(name);
				return call(asked);
			},
		});
	}
	table = new LevelTable(level);
	await table.write([{ type: "put", key: Uint8Array.of(1), value: Uint8Array.of(7) }], true);
});

const found = (asked: readonly Uint8Array[]) => asked.map(([key]) => (key === 1 ? Uint8Array.of(7) : undefined));

describe("rows by their keys", () => {
	it("are read at once when they are few", async () => {
		expect(await table.get(Uint8Array.of(1))).toEqual(Uint8Array.of(7));
		expect(await table.getMany(few)).toEqual(found(few));
		expect(await table.hasMany(few)).toEqual(found(few).map((value) => value !== undefined));
		expect(new Set(calls)).toEqual(new Set(["getSync"]));
	});

	it("are left to the engine's threads when they are many, and where it knows nothing else", async () => {
		expect(await table.getMany(keys)).toEqual(found(keys));
		expect(await table.hasMany(keys)).toEqual(found(keys).map((value) => value !== undefined));
		Object.assign(level, { getSync: undefined });
		expect(await table.get(Uint8Array.of(1))).toEqual(Uint8Array.of(7));
		expect(await table.getMany(few)).toEqual(found(few));
		expect(calls).toEqual(["getMany", "hasMany", "get", "getMany"]);
	});

	it("wait for an engine that is being opened again", async () => {
		const reopening = table.reopen();
		while (engine.status !== "opening") await Promise.resolve();
		const reading = table.getMany(few);
		await reopening;
		await reading;
		expect(calls).not.toContain("getSync");
	});
});
