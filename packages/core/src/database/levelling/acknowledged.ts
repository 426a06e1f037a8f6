/**
 * How far another replica is known to hold what is here: so that a person can be told what would be lost with this device.
 *
 * | row                       | value      |
 * |---------------------------|------------|
 * | 09 ‖ "acknowledged"       | arrival(6) |
 */
import { readUint } from "../../bytes/big-endian.js";
import type { LocalStore } from "../../store/store.js";
import { factKey, uint48 } from "../document-rows.js";

const acknowledgedKey = factKey("acknowledged");

/** Notes that a peer holds everything up to an arrival, durably. What it says is believed: nothing is ever erased because of it. */
export async function noteAcknowledged(store: LocalStore, arrival: number): Promise<void> {
	const { arrival: newest } = await store.position();
	const known = await acknowledgedUpTo(store);
	if (arrival <= known) return;
	const value = uint48(Math.min(arrival, newest));
	await store.rows.write([{ type: "put", key: acknowledgedKey, value }], { durable: false });
}

/** Entries of an author that no other replica has acknowledged. O(these). */
export async function countUnacknowledged(store: LocalStore, publicKey: string): Promise<number> {
	let count = 0;
	const after = await acknowledgedUpTo(store);
	for await (const batch of store.entriesOfAuthor(publicKey, { after })) count += batch.length;
	return count;
}

async function acknowledgedUpTo(store: LocalStore): Promise<number> {
	const row = await store.rows.get(acknowledgedKey);
	return row === undefined ? 0 : readUint(row, 0, 6);
}
