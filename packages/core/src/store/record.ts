/**
 * The record of one arrival.
 *
 * | offset | size | meaning                                                                             |
 * |--------|------|-------------------------------------------------------------------------------------|
 * | 0      | 1    | kind (bits 0, 1), signature (2), inline payload (3), contentTag (4), predecessor (5), purged (6) |
 * | 1      | 16   | running digest up to this arrival                                                   |
 * | 17     | 32   | hash                                                                                |
 * | 49     | 6    | createdAt                                                                           |
 * | 55     |      | the rest by kind                                                                    |
 *
 * The rest of an entry: context, type, docId, dependencies, originalSize, extensions, contentTag, predecessor, signature, then
 * the payload, or its contentHash and length where it lies in a row of its own. The contentHash of an inline payload is computed
 * again on reading. Headers that this version does not know are kept as they are. tenantRoot and dbId are the store's.
 *
 * The rest of a stub: headerHash, author, docId, predecessor, signature. A purge of this store alone keeps the stub too, marked as
 * purged, because verdicts in other documents walk over its link; taking the mark away makes it one that may be passed on. A
 * tombstone has no rest.
 */
import { fromBase64Url, toBase64Url } from "../bytes/base64.js";
import { readUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import { decodeUtf8 } from "../bytes/text.js";
import { type Entry, isChunk, type StoredEntry, type Stub } from "../entry/entry.js";
import { type EntryType, entryTypes } from "../entry/header.js";
import { limits } from "../entry/limits.js";
import { chunkPayloadLength } from "../entry/payload.js";
import { FormatError, UsageError } from "../errors.js";
import { Packer, Unpacker } from "./packing.js";

/** Payloads up to this many bytes lie in the record. */
export const inlineBytes = 4096;

const kinds = ["entry", "verbatim", "stub", "tombstone"] as const;
export const headBytes = 55;
const purgedFlag = 64;
/** Bytes of an id of 32 base64url characters. */
const compactIdBytes = 24;

/** What every record begins with: `headBytes` bytes. */
export interface RecordHead {
	readonly kind: (typeof kinds)[number];
	/** 16 bytes. */
	readonly digest: Uint8Array;
	readonly hash: string;
	readonly createdAt: number;
	/** Whether a purge of this store alone erased the entry: it is offered to nobody, and its return is refused. */
	readonly purged: boolean;
}

/** Where the payload of a record is: inside, or in the row of its contentHash. */
export type RecordPayload =
	| { readonly inline: Uint8Array }
	| { readonly inline?: undefined; readonly contentHash: string; readonly length: number };

export interface EntryRecord extends RecordHead {
	readonly kind: "entry";
	readonly context: number;
	readonly entryType: EntryType;
	readonly docId: string;
	readonly dependencyHashes: readonly string[];
	readonly originalSize: number;
	readonly extensions: ReadonlyMap<number, Uint8Array>;
	readonly contentTag: string | undefined;
	readonly previousByAuthor: string | undefined;
	readonly signature: Uint8Array | undefined;
	readonly payload: RecordPayload;
}

export interface VerbatimRecord extends RecordHead {
	readonly kind: "verbatim";
	readonly header: Uint8Array;
	readonly signature: Uint8Array | undefined;
	readonly payload: RecordPayload;
}

export interface StubRecord extends RecordHead {
	readonly kind: "stub";
	readonly headerHash: Uint8Array;
	readonly docId: string;
	readonly createdByPublicKey: string;
	readonly previousByAuthor: string | undefined;
	readonly signature: Uint8Array | undefined;
}

/** What a purge leaves of a record that was damaged: its place, since nothing else that it says can be believed. */
export interface TombstoneRecord extends RecordHead {
	readonly kind: "tombstone";
}

export type StoreRecord = EntryRecord | VerbatimRecord | StubRecord | TombstoneRecord;

/** @param context number of the fields that entries share; unused by stubs and unknown versions. */
export function encodeRecord(entry: StoredEntry, digest: Uint8Array, context: number): Uint8Array {
	if (entry.kind === "stub") return encodeStub(entry, digest, 0);
	const { fields, signature, common } = entry;
	const inline = isInline(entry) ? 8 : 0;
	if (fields === undefined) {
		const packer = head("verbatim", flagsOf(signature) | inline, digest, entry.hash, common.createdAt);
		packer.uint(entry.header.length).raw(entry.header);
		if (signature !== undefined) packer.raw(signature);
		return packPayload(packer, entry);
	}
	const flags = flagsOf(signature, fields.contentTag, fields.previousByAuthor) | inline;
	const packer = head("entry", flags, digest, entry.hash, common.createdAt);
	packer.uint(context).uint(common.entryTypeCode);
	packDocId(packer, fields.docId);
	packer.uint(fields.dependencyHashes.length);
	for (const each of fields.dependencyHashes) packer.hash(each);
	packer.uint(fields.originalSize).uint(fields.extensions.size);
	for (const [key, bytes] of fields.extensions) packer.uint(key).uint(bytes.length).raw(bytes);
	if (fields.contentTag !== undefined) packer.hash(fields.contentTag);
	if (fields.previousByAuthor !== undefined) packer.hash(fields.previousByAuthor);
	if (signature !== undefined) packer.raw(signature);
	return packPayload(packer, entry);
}

/** The record of an entry that a purge of this store alone erased. */
export function encodePurged(stub: Stub, digest: Uint8Array): Uint8Array {
	return encodeStub(stub, digest, purgedFlag);
}

/** The same for a record that is damaged. */
export function encodeTombstone({ digest, hash, createdAt }: RecordHead): Uint8Array {
	return head("tombstone", purgedFlag, digest, hash, createdAt).finish();
}

/** Whether the payload lies in the record. One of a document that is not here will lie in a row of its own. */
export function isInline(entry: Entry): boolean {
	return (entry.payload !== undefined || isChunk(entry)) && payloadLength(entry) <= inlineBytes;
}

/** Whether the payload of a chunk lies where its header alone lets it be looked for: in the record, or in a row of its own. */
export function liesAsHeaderSays(entry: Entry): boolean {
	if (entry.payload === undefined || !isChunk(entry)) return true;
	return isInline(entry) === isInline({ ...entry, payload: undefined });
}

/** Whether an entry may come without its payload, because that lies in a row of its own already. */
export function mayBeStaged(entry: Entry): boolean {
	return isChunk(entry) && !isInline(entry);
}

/** Whether it is a chunk whose payload lies in a row of its own. */
export function isLargeChunk(entry: StoredEntry): entry is Entry {
	return entry.kind === "entry" && mayBeStaged(entry);
}

/** Without the payload what follows from the size of what is encrypted: exact for a chunk, at most for others, which may be deflated. */
export function payloadLength({ payload, common, fields }: Entry): number {
	if (payload !== undefined) return payload.length;
	if (fields !== undefined) return Math.min(chunkPayloadLength(fields.originalSize), limits.payloadBytes);
	throw new UsageError("store: expected an entry with its payload, found none", { hash: common.contentHash });
}

/** Whether the payload lies in a record, told without reading the rest. */
export function isInlineRecord(value: Uint8Array): boolean {
	return ((value[0] ?? 0) & 8) !== 0;
}

/** @throws {FormatError} when the value is too short. */
export function decodeRecordHead(value: Uint8Array): RecordHead {
	if (value.length < headBytes)
		throw new FormatError("record: ends early", { expected: headBytes, found: value.length });
	const flags = value[0] as number;
	const kind = kinds[flags & 3] as RecordHead["kind"];
	return {
		kind,
		digest: value.slice(1, 17),
		hash: toHex(value.subarray(17, 49)),
		createdAt: readUint(value, 49, 6),
		// Version 1 of the store's format knew tombstones alone, and no mark.
		purged: kind === "tombstone" || (flags & purgedFlag) !== 0,
	};
}

/** @throws {FormatError} when the value is damaged so that it cannot be read. */
export function decodeRecord(value: Uint8Array): StoreRecord {
	// Named one by one: a spread costs several times more than everything else here.
	const { kind, digest, hash, createdAt, purged } = decodeRecordHead(value);
	const flags = value[0] as number;
	const unpacker = new Unpacker(value, headBytes);
	const signed = (flags & 4) !== 0;
	if (kind === "tombstone") return { kind, digest, hash, createdAt, purged };
	if (kind === "stub") {
		return {
			kind,
			digest,
			hash,
			createdAt,
			purged,
			headerHash: unpacker.raw(32),
			createdByPublicKey: unpacker.hash(),
			docId: unpackDocId(unpacker),
			previousByAuthor: flags & 32 ? unpacker.hash() : undefined,
			signature: signed ? unpacker.raw(limits.signatureBytes) : undefined,
		};
	}
	if (kind === "verbatim") {
		return {
			kind,
			digest,
			hash,
			createdAt,
			purged,
			header: unpacker.raw(unpacker.uint()),
			signature: signed ? unpacker.raw(limits.signatureBytes) : undefined,
			payload: unpackPayload(unpacker, flags),
		};
	}
	const context = unpacker.uint();
	const entryType = entryTypes[unpacker.uint()];
	if (entryType === undefined) throw new FormatError("record: unknown entry type");
	return {
		kind,
		digest,
		hash,
		createdAt,
		purged,
		context,
		entryType,
		docId: unpackDocId(unpacker),
		dependencyHashes: unpackHashes(unpacker),
		originalSize: unpacker.uint(),
		extensions: unpackExtensions(unpacker),
		contentTag: flags & 16 ? unpacker.hash() : undefined,
		previousByAuthor: flags & 32 ? unpacker.hash() : undefined,
		signature: signed ? unpacker.raw(limits.signatureBytes) : undefined,
		payload: unpackPayload(unpacker, flags),
	};
}

function encodeStub({ hash, headerHash, link, signature }: Stub, digest: Uint8Array, flags: number): Uint8Array {
	const packer = head(
		"stub",
		flagsOf(signature, undefined, link.previousByAuthor) | flags,
		digest,
		hash,
		link.createdAt,
	);
	packer.raw(headerHash).hash(link.createdByPublicKey);
	packDocId(packer, link.docId);
	if (link.previousByAuthor !== undefined) packer.hash(link.previousByAuthor);
	if (signature !== undefined) packer.raw(signature);
	return packer.finish();
}

function head(kind: RecordHead["kind"], flags: number, digest: Uint8Array, hash: string, createdAt: number): Packer {
	return new Packer()
		.fixed(kinds.indexOf(kind) | flags, 1)
		.raw(digest)
		.hash(hash)
		.fixed(createdAt, 6);
}

function flagsOf(signature?: Uint8Array, contentTag?: string, previousByAuthor?: string): number {
	return (signature ? 4 : 0) | (contentTag === undefined ? 0 : 16) | (previousByAuthor === undefined ? 0 : 32);
}

function packPayload(packer: Packer, entry: Entry): Uint8Array {
	if (isInline(entry)) packer.raw(entry.payload as Uint8Array);
	else packer.hash(entry.common.contentHash).uint(payloadLength(entry));
	return packer.finish();
}

function unpackPayload(unpacker: Unpacker, flags: number): RecordPayload {
	if (flags & 8) return { inline: unpacker.raw(unpacker.left) };
	return { contentHash: unpacker.hash(), length: unpacker.uint() };
}

/** Ids of 32 base64url characters, which all honest ones are, take 25 bytes. */
export function packDocId(packer: Packer, docId: string): void {
	const bytes = compactId(docId);
	if (bytes === undefined) packer.text(docId);
	else packer.uint(0).raw(bytes);
}

export function unpackDocId(unpacker: Unpacker): string {
	const length = unpacker.uint();
	return length === 0 ? toBase64Url(unpacker.raw(compactIdBytes)) : decodeUtf8(unpacker.raw(length));
}

/** Passes over a document's id. */
export function skipDocId(unpacker: Unpacker): void {
	unpacker.skip(unpacker.uint() || compactIdBytes);
}

function compactId(docId: string): Uint8Array | undefined {
	if (!/^[A-Za-z0-9_-]{32}$/.test(docId)) return undefined;
	return fromBase64Url(docId);
}

export function unpackHashes(unpacker: Unpacker): string[] {
	const count = unpacker.uint();
	if (count > limits.dependencies) throw new FormatError("record: too many dependencies", { found: count });
	return Array.from({ length: count }, () => unpacker.hash());
}

function unpackExtensions(unpacker: Unpacker): Map<number, Uint8Array> {
	const extensions = new Map<number, Uint8Array>();
	const count = unpacker.uint();
	for (let i = 0; i < count; i++) extensions.set(unpacker.uint(), unpacker.raw(unpacker.uint()));
	return extensions;
}
