/**
 * Arrivals of a document or an author in ascending order, one row a batch: the first arrival stands in the key, the value holds
 * the distances to the following ones.
 */

import { Packer, Unpacker } from "./packing.js";
import { arrivalOfListingKey, listingKey } from "./row-keys.js";
import type { Row, RowWrite } from "./rows.js";
import type { Table } from "./table.js";

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
	// The row that holds `after + 1` may begin before it.
	const before = await table.first({ gte: start, lt: listingKey(tag, owner, after + 1), reverse: true });
	for await (const rows of table.scan({ gte: before?.[0] ?? start, lt: end }, 256)) {
		const arrivals = rows.flatMap(arrivalsOf).filter((arrival) => arrival > after);
		if (arrivals.length > 0) yield arrivals;
	}
}

function arrivalsOf([key, value]: Row): number[] {
	const arrivals = [arrivalOfListingKey(key)];
	const unpacker = new Unpacker(value);
	while (unpacker.left > 0) arrivals.push((arrivals[arrivals.length - 1] as number) + unpacker.uint());
	return arrivals;
}
