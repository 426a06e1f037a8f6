/**
 * Arrivals of a document or an author in ascending order, one row a batch: the first arrival stands in the key, the value holds
 * the distances to the following ones.
 */

import { Packer, Unpacker } from "./packing.js";
import { arrivalOfListingKey, listingKey } from "./row-keys.js";
import type { Row, RowRange, RowWrite } from "./rows.js";
import type { Table } from "./table.js";

/** Rows that are looked at from the end. */
const fewRows = 4;

/** @param arrivals ascending, at least one. */
export function listingRow(tag: number, owner: number, arrivals: readonly number[]): RowWrite {
	const [first = 0, ...rest] = arrivals;
	const packer = new Packer();
	let last = first;
	for (const arrival of rest) {
		packer.uint(arrival - last);
		last = arrival;
	}
	return { type: "put", key: listingKey(tag, owner, first), value: packer.finish() };
}

/** Arrivals behind `after`, in batches. */
export async function* listArrivals(
	table: Table,
	tag: number,
	owner: number,
	after: number,
): AsyncGenerator<readonly number[]> {
	const end = listingKey(tag, owner + 1, 0);
	const start = listingKey(tag, owner, 0);
	const newest = after === 0 ? undefined : await newestRows(table, { gte: start, lt: end }, after);
	if (newest !== undefined) {
		const arrivals = newest.flatMap(arrivalsOf).filter((arrival) => arrival > after);
		if (arrivals.length > 0) yield arrivals;
		return;
	}
	// The row that holds `after + 1` may begin before it.
	const begins = { gte: start, lt: listingKey(tag, owner, after + 1), reverse: true };
	const before = after === 0 ? undefined : await table.first(begins);
	for await (const rows of table.scan({ gte: before?.[0] ?? start, lt: end }, 256)) {
		const arrivals = rows.flatMap(arrivalsOf).filter((arrival) => arrival > after);
		if (arrivals.length > 0) yield arrivals;
	}
}

/** The last of the arrivals of a document or an author. */
export async function newestArrival(table: Table, tag: number, owner: number): Promise<number | undefined> {
	const range = { gte: listingKey(tag, owner, 0), lt: listingKey(tag, owner + 1, 0), reverse: true };
	const row = await table.first(range);
	return row && arrivalsOf(row).at(-1);
}

/** The rows that hold what comes behind `after`, where those are few: who follows a document is a row behind it. */
async function newestRows(table: Table, range: RowRange, after: number): Promise<Row[] | undefined> {
	const rows: Row[] = [];
	for await (const batch of table.scan({ ...range, reverse: true, limit: fewRows }, fewRows)) {
		rows.push(...batch);
		const last = rows.findIndex(([key]) => arrivalOfListingKey(key) <= after + 1);
		if (last >= 0) return rows.slice(0, last + 1).reverse();
		if (rows.length >= fewRows) return undefined;
	}
	return rows.reverse();
}

function arrivalsOf([key, value]: Row): number[] {
	const arrivals = [arrivalOfListingKey(key)];
	const unpacker = new Unpacker(value);
	while (unpacker.left > 0) arrivals.push((arrivals[arrivals.length - 1] as number) + unpacker.uint());
	return arrivals;
}
