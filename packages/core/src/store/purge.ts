/**
 * Erasing a document from one store. A marker is written first and taken back last, so that a purge which was cut short goes on
 * when the store is opened again. Arrival numbers, running digests and addresses stay, as does the place in reconciliation.
 */
import { decodeUtf8 } from "../bytes/text.js";
import { FormatError } from "../errors.js";
import { writtenArrival } from "./drafting.js";
import type { LevelWrite, Table } from "./level.js";
import { listArrivals } from "./listing.js";
import { authorOfRecord } from "./reading.js";
import { decodeRecord, decodeRecordHead, encodeTombstone, headBytes } from "./record.js";
import {
	addressKey,
	contentKey,
	listingKey,
	prefixRange,
	purgeKey,
	recordKey,
	referenceKey,
	tags,
} from "./row-keys.js";
import type { StoreState } from "./state.js";

export interface PurgeEnv {
	readonly table: Table;
	readonly state: StoreState;
	/** Writes one durable batch. */
	readonly write: (rows: readonly LevelWrite[]) => Promise<void>;
}

/** @returns the addresses erased. Must run in the serial section. */
export async function purgeDocument(env: PurgeEnv, docId: string): Promise<string[]> {
	const document = (await env.state.documentNumbers([docId])).get(docId);
	await env.write([{ type: "put", key: purgeKey(docId), value: Uint8Array.of(0) }]);
	const erased: string[] = [];
	const contents = new Set<string>();
	let last = 0;
	let first = 0;
	if (document !== undefined) {
		for await (const arrivals of listArrivals(env.table, tags.documentListing, document, 0)) {
			for (const hash of await eraseArrivals(env, arrivals, contents)) erased.push(hash);
			first ||= arrivals[0] as number;
			last = arrivals[arrivals.length - 1] as number;
		}
		await eraseListing(env, document, last);
	}
	await env.write([{ type: "put", key: purgeKey(docId), value: Uint8Array.of(1) }]);
	await dropErased(env.table, first === 0 ? [] : [first, last], contents);
	return erased;
}

/** Documents whose purge was cut short. */
export async function unfinishedPurges(table: Table): Promise<string[]> {
	const docIds: string[] = [];
	for await (const rows of table.scan(prefixRange(Uint8Array.of(tags.purge)), 1000)) {
		for (const [key, value] of rows) if (value[0] === 0) docIds.push(decodeUtf8(key.subarray(1)));
	}
	return docIds;
}

async function eraseArrivals(env: PurgeEnv, arrivals: readonly number[], contents: Set<string>): Promise<string[]> {
	const { table, state } = env;
	const values = await table.getMany(arrivals.map(recordKey));
	const rows: LevelWrite[] = [];
	const erased: string[] = [];
	const released = new Map<string, number[]>();
	for (const [index, arrival] of arrivals.entries()) {
		const value = values[index];
		if (value === undefined || value.length < headBytes) continue;
		const head = decodeRecordHead(value);
		if (head.kind === "tombstone") continue;
		const author = await authorOfRecord(state.contexts, value);
		const number = typeof author === "string" ? (await state.authorStates([author])).get(author)?.number : author;
		rows.push({ type: "put", key: recordKey(arrival), value: encodeTombstone(head, number ?? 0) });
		rows.push({ type: "put", key: addressKey(head.hash), value: writtenArrival(arrival, true) });
		erased.push(head.hash);
		const contentHash = contentHashOf(value);
		if (contentHash === undefined) continue;
		rows.push({ type: "del", key: referenceKey(contentHash, arrival) });
		released.set(contentHash, [...(released.get(contentHash) ?? []), arrival]);
	}
	for (const [contentHash, references] of released) {
		if (await isReferenced(table, contentHash, new Set(references))) continue;
		rows.push({ type: "del", key: contentKey(contentHash) });
		contents.add(contentHash);
	}
	await env.write(rows);
	return erased;
}

/** Gives the erased bytes back to the disk. */
async function dropErased(table: Table, arrivals: readonly number[], contents: Iterable<string>): Promise<void> {
	const rows: LevelWrite[] = [];
	const values = await table.getMany(arrivals.map(recordKey));
	for (const [index, arrival] of arrivals.entries()) {
		const value = values[index];
		if (value !== undefined) rows.push({ type: "put", key: recordKey(arrival), value });
	}
	for (const contentHash of contents) rows.push({ type: "del", key: contentKey(contentHash) });
	await table.compact(rows);
}

async function isReferenced(table: Table, contentHash: string, except: ReadonlySet<number>): Promise<boolean> {
	const start = referenceKey(contentHash, 0);
	const range = { ...prefixRange(start.subarray(0, 33)), limit: except.size + 1 };
	for await (const rows of table.scan(range, except.size + 1)) return rows.length > except.size;
	return false;
}

/** Hash of a payload that lies in a row of its own; of a damaged record it cannot be told. */
function contentHashOf(value: Uint8Array): string | undefined {
	try {
		const record = decodeRecord(value);
		if (record.kind === "stub" || record.kind === "tombstone" || record.payload.inline !== undefined) return undefined;
		return record.payload.contentHash;
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

async function eraseListing(env: PurgeEnv, document: number, last: number): Promise<void> {
	const range = {
		gte: listingKey(tags.documentListing, document, 0),
		lt: listingKey(tags.documentListing, document, last + 1),
	};
	for await (const rows of env.table.scan(range, 1000)) {
		await env.write(rows.map(([key]) => ({ type: "del", key }) as const));
	}
}
