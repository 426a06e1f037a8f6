import { type CountingLevel, countingLevel } from "@mindoodb/testing";
import { MemoryLevel } from "memory-level";
import { beforeEach, expect, it } from "vitest";
import { LevelTable } from "./level.js";
import { listArrivals, listingRow } from "./listing.js";
import { tags } from "./row-keys.js";

const batches = [[1, 2, 5], [9], [12, 13], [20], [21], [22], [30, 31]];

let table: LevelTable;
let disk: CountingLevel;

beforeEach(async () => {
	disk = countingLevel(
		new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" }),
	);
	await disk.level.open();
	table = new LevelTable(disk.level);
	const rows = batches.map((arrivals) => listingRow(tags.documentListing, 7, arrivals));
	const beside = [6, 8].map((owner) => listingRow(tags.documentListing, owner, [3, 40]));
	await table.write([...rows, ...beside], true);
});

async function behind(after: number, owner = 7): Promise<number[]> {
	const found: number[] = [];
	for await (const arrivals of listArrivals(table, tags.documentListing, owner, after)) found.push(...arrivals);
	return found;
}

it("gives the arrivals behind any other, in ascending order", async () => {
	for (let after = 0; after <= 32; after++) {
		expect(await behind(after)).toEqual(batches.flat().filter((arrival) => arrival > after));
	}
	expect(await behind(2, 6)).toEqual([3, 40]);
	expect(await behind(5, 9)).toEqual([]);
});

it("looks once for whoever stands near the end", async () => {
	disk.reset();
	await behind(22);
	expect(disk.counts.iterators).toBe(1);
});
