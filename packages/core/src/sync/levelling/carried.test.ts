import { type EntryMaker, entryMaker } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { beforeEach, expect, it } from "vitest";
import type { Entry } from "../../entry/entry.js";
import { Carried, type Left } from "./carried.js";

let maker: EntryMaker;

beforeEach(async () => {
	maker = await entryMaker({ crypto: nodeCrypto() });
});

async function run(count: number): Promise<Left[]> {
	const run: Left[] = [];
	for (let i = 1; i <= count; i++) {
		const entry = await maker.make({ signed: false, payload: new Uint8Array(1000) });
		run.push({ at: { arrival: i, entry }, refusal: { hash: entry.hash, reason: "unsigned", message: "" } });
	}
	return run;
}

const arrivals = (left: readonly Left[]) => left.map(({ at }) => at.arrival);

it("keeps the newest that fit into the bytes, and gives back the rest", async () => {
	const entries = await run(10);
	const [, { at }] = entries as [Left, Left];
	const { header } = at.entry as Entry;
	const carried = new Carried({ bytes: 4 * (header.length + 1000) });
	expect(arrivals(carried.keep(entries.slice(0, 3)))).toEqual([]);
	expect(arrivals(carried.keep(entries.slice(3)))).toEqual([1, 2, 3, 4, 5, 6]);
	expect(arrivals(carried.takeAll())).toEqual([7, 8, 9, 10]);
	// What was taken out weighs no more.
	expect(arrivals(carried.keep(entries.slice(0, 4)))).toEqual([]);
});

it("keeps no more entries than it may, and none twice", async () => {
	const entries = await run(5);
	const carried = new Carried({ entries: 3 });
	expect(arrivals(carried.keep([...entries.slice(0, 3), ...entries.slice(0, 3)]))).toEqual([]);
	expect(arrivals(carried.keep(entries.slice(3)))).toEqual([1, 2]);
});

it("gives out what a signed entry follows, through unsigned ones of its page, and nothing else", async () => {
	const entries = await run(4);
	const between = await maker.make({ signed: false });
	const last = await maker.make();
	const carried = new Carried();
	carried.keep(entries);
	const page = [between, last].map((entry, i) => ({ arrival: 5 + i, entry }));
	expect(carried.takeNamedBy(page.slice(0, 1))).toEqual([]);
	expect(carried.takeNamedBy(page.slice(1))).toEqual([]);
	expect(carried.takeNamedBy(page).map(({ arrival }) => arrival)).toEqual([1, 2, 3, 4]);
	expect(carried.size).toBe(0);
});

it("comes to an end with entries that claim to follow each other in a circle", async () => {
	const [a, b] = (await run(2)).map(({ at }) => at.entry) as [Entry, Entry];
	const circle = { ...a, common: { ...a.common, previousByAuthor: b.hash }, signature: new Uint8Array(64) };
	expect(new Carried().takeNamedBy([{ arrival: 1, entry: circle }])).toEqual([]);
	const carried = new Carried();
	carried.keep([{ at: { arrival: 1, entry: b }, refusal: { hash: b.hash, reason: "unsigned", message: "" } }]);
	expect(carried.takeNamedBy([{ arrival: 2, entry: circle }])).toMatchObject([{ arrival: 1 }]);
});
