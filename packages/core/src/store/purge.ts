/**
 * Erasing a document, from one store alone or for everybody. A marker is written first and settled last, so that a purge which was cut
 * short is done again when the store is opened. Arrival numbers, running digests, addresses and stubs stay, as does the place in
 * reconciliation.
 *
 * | marker | from one store alone: stubs are kept to it, the entries' return is refused | for everybody: stubs are passed on |
 * |--------|------|-----|
 * | under way | 0 | 2 |
 * | done      | 1 | 3 |
 */
import { decodeUtf8 } from "../bytes/text.js";
import { stubOf } from "../entry/entry.js";
import { FormatError } from "../errors.js";
import { writtenArrival } from "./drafting.js";
import { signLeftUnsigned } from "./left-unsigned.js";
import { listArrivals } from "./listing.js";
import { type ReaderEnv, type RecordRow, readRecords } from "./reading.js";
import { decodeRecord, decodeRecordHead, encodePurged, encodeRecord, encodeTombstone, headBytes } from "./record.js";
import {
	addressKey,
	contentKey,
	lackingKey,
	prefixRange,
	purgeKey,
	purgeMarks,
	recordKey,
	referenceKey,
	tags,
} from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { StoreState } from "./state.js";
import type { PurgeOptions } from "./store.js";
import type { Table } from "./table.js";

export interface PurgeEnv {
	readonly reader: ReaderEnv;
	readonly state: StoreState;
	/** Writes one durable batch. */
	readonly write: (rows: readonly RowWrite[]) => Promise<void>;
}

const { done, forEverybody } = purgeMarks;

/** What was erased. */
interface Erased {
	readonly hashes: string[];
	/** Writes of some records, the first and the last among them. */
	readonly records: RowWrite[];
	/** Deletions of payloads that nobody refers to any more. */
	readonly contents: RowWrite[];
}

/** A document to be erased. */
export interface Purge {
	readonly docId: string;
	/** Whether the tenant asked for it, and not this store alone. What was erased for everybody stays so. */
	readonly forEverybody: boolean;
	/** See `PurgeOptions`. */
	readonly sign?: PurgeOptions["sign"] | undefined;
}

/**
 * Must run in the serial section.
 * @param above rows of the layer above that go with the document: written first, and what they delete leaves the files too.
 * @returns the addresses erased.
 */
export async function purgeDocument(env: PurgeEnv, purge: Purge, above: readonly RowWrite[] = []): Promise<string[]> {
	const { table } = env.reader;
	const { docId } = purge;
	const before = (await table.get(purgeKey(docId)))?.[0];
	const cutShort = before !== undefined && (before & done) === 0;
	if (purge.sign !== undefined && !purge.forEverybody) await signAll(env, docId, purge.sign);
	const kind = purge.forEverybody || ((before ?? 0) & forEverybody) !== 0 ? forEverybody : 0;
	const marker = (state: number): RowWrite => ({
		type: "put",
		key: purgeKey(docId),
		value: Uint8Array.of(kind | state),
	});
	await env.write([marker(0), ...above]);
	// From here on what arrives is kept as its stub, also while the rest is being erased.
	if (kind === forEverybody) env.state.erase(docId);
	const { hashes, records, contents } = await eraseEntries(env, docId, kind === forEverybody);
	if (cutShort) await table.compactAll();
	else {
		await table.compact(records);
		await table.compact(contents);
		for (const row of above) if (row.type === "del") await table.compact([row]);
	}
	await env.write([marker(done)]);
	return hashes;
}

/** What the markers say: documents erased for everybody, and purges that were cut short. */
export async function readPurges(table: Table): Promise<{ readonly erased: string[]; readonly unfinished: Purge[] }> {
	const erased: string[] = [];
	const unfinished: Purge[] = [];
	for await (const rows of table.scan(prefixRange(Uint8Array.of(tags.purge)), 1000)) {
		for (const [key, value] of rows) {
			const docId = decodeUtf8(key.subarray(1));
			const marker = value[0] as number;
			if (marker & forEverybody) erased.push(docId);
			if (!(marker & done)) unfinished.push({ docId, forEverybody: (marker & forEverybody) !== 0 });
		}
	}
	return { erased, unfinished };
}

async function signAll(env: PurgeEnv, docId: string, sign: NonNullable<PurgeOptions["sign"]>): Promise<void> {
	const document = (await env.state.documentNumbers([docId])).get(docId);
	if (document === undefined) return;
	for await (const arrivals of listArrivals(env.reader.table, tags.documentListing, document, 0)) {
		await signLeftUnsigned(env, arrivals, sign);
	}
}

async function eraseEntries(env: PurgeEnv, docId: string, shared: boolean): Promise<Erased> {
	const erased: Erased = { hashes: [], records: [], contents: [] };
	const document = (await env.state.documentNumbers([docId])).get(docId);
	if (document === undefined) return erased;
	const { table } = env.reader;
	for (const tag of [tags.documentListing, tags.chunkListing]) {
		for await (const arrivals of listArrivals(table, tag, document, 0)) {
			await eraseArrivals(env, arrivals, { erased, shared });
		}
	}
	return erased;
}

async function eraseArrivals(
	env: PurgeEnv,
	arrivals: readonly number[],
	{ erased, shared }: { readonly erased: Erased; readonly shared: boolean },
): Promise<void> {
	const { table, crypto, payloads } = env.reader;
	const values = await table.getMany(arrivals.map(recordKey));
	const found = arrivals.map((arrival, index): RecordRow => ({ arrival, value: values[index] }));
	const { arrivals: read } = await readRecords(env.reader, found, { payload: false, purged: true });
	const entries = new Map(read.map(({ arrival, entry }) => [arrival, entry]));
	const records: RowWrite[] = [];
	const others: RowWrite[] = [];
	const released = new Map<string, number[]>();
	for (const { arrival, value } of found) {
		if (value === undefined || value.length < headBytes) continue;
		const head = decodeRecordHead(value);
		const isStub = head.kind === "stub" || head.kind === "tombstone";
		if (isStub && (head.purged ? !shared || head.kind === "tombstone" : shared)) continue;
		const entry = entries.get(arrival);
		const stub = entry?.kind === "entry" ? await stubOf(crypto, entry) : entry;
		const left =
			stub === undefined
				? encodeTombstone(head)
				: shared
					? encodeRecord(stub, head.digest, 0)
					: encodePurged(stub, head.digest);
		records.push({ type: "put", key: recordKey(arrival), value: left });
		const hidden = stub === undefined || !shared;
		others.push({ type: "put", key: addressKey(head.hash), value: writtenArrival(arrival, hidden) });
		if (!head.purged) erased.hashes.push(head.hash);
		const contentHash = contentHashOf(value);
		if (contentHash === undefined) continue;
		others.push({ type: "del", key: referenceKey(contentHash, arrival) });
		released.set(contentHash, [...(released.get(contentHash) ?? []), arrival]);
	}
	const unneeded: string[] = [];
	for (const [contentHash, references] of released) {
		if (!(await isReferenced(table, contentHash, new Set(references)))) unneeded.push(contentHash);
	}
	for (const contentHash of unneeded) {
		others.push({ type: "del", key: lackingKey(contentHash) });
		erased.contents.push({ type: "del", key: contentKey(contentHash) });
	}
	await env.write([...records, ...others, ...(await payloads.drop(unneeded, env.write))]);
	if (unneeded.length > 0) await payloads.eraseSpare(env.write);
	erased.records.push(...records.slice(0, 1), ...records.slice(-1));
}

/** Whether an entry holds the payload, other than those of the arrivals. */
export async function isReferenced(table: Table, contentHash: string, except: ReadonlySet<number>): Promise<boolean> {
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
