/**
 * An unsigned entry counts because a signed successor on its author's chain vouches for it. Where one store alone erases that successor,
 * nobody else could be shown that the entry is genuine: so it is signed before, where its author is at hand.
 */
import { type Entry, linkOf } from "../entry/entry.js";
import { readAddress } from "./drafting.js";
import { type ReaderEnv, readRecords } from "./reading.js";
import { decodeRecord, encodeRecord } from "./record.js";
import { addressKey, recordKey } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { PurgeOptions } from "./store.js";

export interface SigningEnv {
	readonly reader: ReaderEnv;
	/** Writes one durable batch. */
	readonly write: (rows: readonly RowWrite[]) => Promise<void>;
}

/**
 * Must run in the serial section, before anything of the document is erased.
 * @param arrivals of entries that are about to be erased, all of one document.
 */
export async function signLeftUnsigned(
	env: SigningEnv,
	arrivals: readonly number[],
	sign: NonNullable<PurgeOptions["sign"]>,
): Promise<void> {
	const { table } = env.reader;
	const read = async (numbers: readonly number[], payload: boolean) => {
		const values = await table.getMany(numbers.map(recordKey));
		const rows = numbers.map((arrival, index) => ({ arrival, value: values[index] }));
		return (await readRecords(env.reader, rows, { payload })).arrivals;
	};
	const erased = (await read(arrivals, false)).map(({ entry }) => linkOf(entry));
	const named = [...new Set(erased.flatMap(({ previousByAuthor }) => previousByAuthor ?? []))];
	const addresses = await table.getMany(named.map(addressKey));
	const before = addresses.flatMap((value) => (value === undefined ? [] : [readAddress(value).arrival]));
	const own = new Set(erased.map(({ docId }) => docId));
	const placed = new Map<string, number>();
	const left: Entry[] = [];
	for (const { arrival, entry } of await read(before, true)) {
		if (entry.kind === "stub" || entry.signature !== undefined || own.has(entry.common.docId)) continue;
		placed.set(entry.hash, arrival);
		left.push(entry);
	}
	const rows: RowWrite[] = [];
	for (const entry of left.length === 0 ? [] : await sign(left)) {
		const key = recordKey(placed.get(entry.hash) as number);
		const record = decodeRecord((await table.get(key)) as Uint8Array);
		const context = record.kind === "entry" ? record.context : 0;
		rows.push({ type: "put", key, value: encodeRecord(entry, record.digest, context) });
	}
	if (rows.length > 0) await env.write(rows);
}
