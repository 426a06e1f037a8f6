/**
 * From records back to entries. Every address and every payload that is read is checked; what does not fit is reported as
 * damaged and hides nothing else.
 */
import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { hashEntry, hashHeader, type StoredEntry } from "../entry/entry.js";
import { type CommonFields, decodeHeader, encodeHeader, entryTypes, type HeaderFields } from "../entry/header.js";
import { MindooError } from "../errors.js";
import type { Context, Contexts } from "./contexts.js";
import type { Payloads } from "./payloads.js";
import { decodeRecord, decodeRecordHead, type RecordPayload, type StoreRecord } from "./record.js";
import { lackingKey } from "./row-keys.js";
import type { Arrival, DamagedRecord } from "./store.js";
import type { Table } from "./table.js";

export interface ReadRecords {
	readonly arrivals: readonly Arrival[];
	readonly damaged: readonly DamagedRecord[];
}

export interface ReadOptions {
	/** Whether payloads are wanted. @default true */
	readonly payload?: boolean;
	/** Whether payloads of chunks that lie in rows of their own are wanted too. @default true */
	readonly contents?: boolean;
	/** Whether the stubs of entries that were purged from this store alone are wanted. @default false */
	readonly purged?: boolean;
}

export interface RecordRow {
	readonly arrival: number;
	/** `undefined` when the row is missing. */
	readonly value: Uint8Array | undefined;
}

export interface ReaderEnv {
	readonly crypto: Crypto;
	readonly table: Table;
	readonly payloads: Payloads;
	readonly contexts: Contexts;
	readonly tenantRoot: string;
	readonly dbId: string;
}

interface Item {
	readonly arrival: number;
	readonly record: Exclude<StoreRecord, { kind: "tombstone" }>;
	readonly payload: Uint8Array | undefined;
}

/** What is read of payloads. */
interface Wanted {
	readonly payload: boolean;
	readonly contents: boolean;
	/** Hashes of payloads that are known not to be here. */
	readonly lacking: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

/** Turns rows into entries, in the order given. */
export async function readRecords(
	env: ReaderEnv,
	rows: readonly RecordRow[],
	{ payload = true, contents = true, purged = false }: ReadOptions = {},
): Promise<ReadRecords> {
	const damaged: DamagedRecord[] = [];
	const decoded: { readonly arrival: number; readonly record: Item["record"] }[] = [];
	for (const { arrival, value } of rows) {
		const record = value === undefined ? "the record is missing" : tryDecode(value);
		if (typeof record === "string") damaged.push({ arrival, hash: value && hashOf(value), message: record });
		else if (record.kind !== "tombstone" && (purged || !record.purged)) decoded.push({ arrival, record });
	}
	const external = await readContents(env, decoded, (record) => payload && (contents || !isChunk(record)));
	const items: Item[] = decoded.map(({ arrival, record }) => ({
		arrival,
		record,
		payload: record.kind === "stub" ? undefined : bytesOf(record.payload, external),
	}));
	const contexts = await env.contexts.getMany(
		items.flatMap(({ record }) => (record.kind === "entry" ? [record.context] : [])),
	);
	const hashes = await hashPayloads(env.crypto, items);
	const wanted = { payload, contents, lacking: payload ? await lackingOf(env, items, contents) : none };
	const read = await Promise.all(items.map((item) => rebuild(env, item, contexts, hashes, wanted)));
	const arrivals: Arrival[] = [];
	for (const [index, entry] of read.entries()) {
		const { arrival, record } = items[index] as Item;
		if (typeof entry === "string") damaged.push({ arrival, hash: record.hash, message: entry });
		else arrivals.push({ arrival, entry });
	}
	damaged.sort((a, b) => a.arrival - b.arrival);
	return { arrivals, damaged };
}

/** @returns the entry, or what is wrong with it. */
async function rebuild(
	env: ReaderEnv,
	{ record, payload }: Item,
	contexts: ReadonlyMap<number, Context>,
	contentHashes: ReadonlyMap<Uint8Array, string>,
	wanted: Wanted,
): Promise<StoredEntry | string> {
	const { crypto, tenantRoot, dbId } = env;
	try {
		if (record.kind === "stub") {
			const { docId, createdAt, createdByPublicKey, previousByAuthor, headerHash, hash, signature } = record;
			const link = { tenantRoot, dbId, docId, createdAt, createdByPublicKey, previousByAuthor };
			if ((await hashEntry(crypto, headerHash, link)) !== hash) return "the stub does not fit its address";
			return { kind: "stub", hash, headerHash, link, signature };
		}
		const contentHash = payload ? contentHashes.get(payload) : undefined;
		const external = record.payload.inline === undefined ? record.payload.contentHash : undefined;
		if (wanted.payload && external !== undefined && !mayLack(record, wanted)) {
			if (payload === undefined) return "the payload is missing";
			if (contentHash !== external) return "the payload does not fit its hash";
		}
		const built =
			record.kind === "verbatim" ? verbatim(record.header) : header(env, record, contexts, external ?? contentHash);
		if (typeof built === "string") return built;
		const { header: bytes, common, fields } = built;
		const hash = await hashEntry(crypto, await hashHeader(crypto, bytes), common);
		if (hash !== record.hash) return "the header does not fit its address";
		if (common.contentHash !== (external ?? contentHash)) return "the payload does not fit its hash";
		const { signature } = record;
		return {
			kind: "entry",
			hash,
			header: bytes,
			common,
			fields,
			signature,
			payload: wanted.payload ? payload : undefined,
		};
	} catch (error) {
		if (error instanceof MindooError) return `the record cannot be read: ${error.message}`;
		throw error;
	}
}

/** Public key of whoever wrote a record; `undefined` where that cannot be read. */
export async function authorOfRecord(contexts: Contexts, value: Uint8Array): Promise<string | undefined> {
	const record = tryDecode(value);
	if (typeof record === "string" || record.kind === "tombstone") return undefined;
	if (record.kind === "stub") return record.createdByPublicKey;
	if (record.kind === "verbatim") return decodeHeader(record.header).common.createdByPublicKey;
	return (await contexts.getMany([record.context])).get(record.context)?.createdByPublicKey;
}

interface BuiltHeader {
	readonly header: Uint8Array;
	readonly common: CommonFields;
	readonly fields: HeaderFields | undefined;
}

function verbatim(header: Uint8Array): BuiltHeader {
	const { common, fields } = decodeHeader(header);
	return { header, common, fields };
}

function header(
	env: ReaderEnv,
	record: Extract<StoreRecord, { kind: "entry" }>,
	contexts: ReadonlyMap<number, Context>,
	contentHash: string | undefined,
): BuiltHeader | string {
	const context = contexts.get(record.context);
	if (context === undefined) return "the fields that it shares with others are missing";
	if (contentHash === undefined) return "the payload is missing";
	const fields: HeaderFields = {
		version: 1,
		entryTypeCode: entryTypes.indexOf(record.entryType),
		tenantRoot: env.tenantRoot,
		dbId: env.dbId,
		docId: record.docId,
		createdAt: record.createdAt,
		createdByPublicKey: context.createdByPublicKey,
		contentHash,
		previousByAuthor: record.previousByAuthor,
		entryType: record.entryType,
		dependencyHashes: record.dependencyHashes,
		decryptionKeyId: context.decryptionKeyId,
		keyCommitment: context.keyCommitment,
		originalSize: record.originalSize,
		directoryHeads: context.directoryHeads,
		contentTag: record.contentTag,
		extensions: record.extensions,
	};
	return { header: encodeHeader(fields), common: fields, fields };
}

function tryDecode(value: Uint8Array): StoreRecord | string {
	try {
		return decodeRecord(value);
	} catch (error) {
		if (error instanceof MindooError) return `the record cannot be read: ${error.message}`;
		throw error;
	}
}

function hashOf(value: Uint8Array): string | undefined {
	try {
		return decodeRecordHead(value).hash;
	} catch {
		return undefined;
	}
}

function bytesOf(payload: RecordPayload, external: ReadonlyMap<string, Uint8Array>): Uint8Array | undefined {
	return payload.inline ?? external.get(payload.contentHash);
}

/** Whether the payload of a record is not asked for, or known not to be here. */
function mayLack(record: Exclude<Item["record"], { kind: "stub" }>, { contents, lacking }: Wanted): boolean {
	const { payload } = record;
	return (isChunk(record) && !contents) || (payload.inline === undefined && lacking.has(payload.contentHash));
}

function isChunk(record: Item["record"]): boolean {
	return record.kind === "entry" && record.entryType === "attachment_chunk";
}

/** Payloads that a store without all bytes of attachments, or of the past, does not have. */
async function lackingOf(env: ReaderEnv, items: readonly Item[], contents: boolean): Promise<ReadonlySet<string>> {
	const absent = items.flatMap(({ record, payload }) => {
		if (payload !== undefined || record.kind !== "entry" || record.payload.inline !== undefined) return [];
		return contents || !isChunk(record) ? [record.payload.contentHash] : [];
	});
	if (absent.length === 0) return none;
	const found = await env.table.hasMany(absent.map(lackingKey));
	return new Set(absent.filter((_, index) => found[index]));
}

async function readContents(
	env: ReaderEnv,
	decoded: readonly { readonly record: Item["record"] }[],
	isWanted: (record: Item["record"]) => boolean,
): Promise<Map<string, Uint8Array>> {
	const wanted = new Set<string>();
	for (const { record } of decoded) {
		if (!isWanted(record)) continue;
		if (record.kind !== "stub" && record.payload.inline === undefined) wanted.add(record.payload.contentHash);
	}
	return env.payloads.read([...wanted]);
}

async function hashPayloads(crypto: Crypto, items: readonly Item[]): Promise<Map<Uint8Array, string>> {
	const payloads = [...new Set(items.flatMap(({ payload }) => (payload === undefined ? [] : [payload])))];
	const hashes = await crypto.sha256Many(payloads);
	return new Map(payloads.map((payload, index) => [payload, toHex(hashes[index] as Uint8Array)]));
}
