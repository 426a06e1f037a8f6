/**
 * The records of a backup: entries as they lie in a store. They are packed into segments, CBOR[record, …], each of which can be read and
 * checked by itself.
 *
 * | record                                               | what                                                               |
 * |------------------------------------------------------|--------------------------------------------------------------------|
 * | [0, header, signature or null, payload or null]      | an entry; without payload where its replica held the header alone  |
 * | [1, headerHash (32), link (CBOR), signature or null] | what is left of an entry whose document the tenant had erased      |
 *
 * Source: docs/decisions/0045-backup.md.
 */
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import type { Crypto } from "../crypto/crypto.js";
import { decodeLink, encodeLink, hashEntry, parseEntry, type StoredEntry } from "../entry/entry.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";

/** A segment ends with the record that brings it to this many bytes. */
export const segmentBytes = 256 * 1024;
/** Records of one segment at most: what a store writes in one batch. */
export const segmentRecords = 1024;
/** Bytes of the longest segment: one that is nearly full, and the longest record. */
export const longestSegment = segmentBytes + limits.payloadBytes + limits.headerBytes + 1024;

/** A record before its entry's address is known. */
export type BackupRecord = readonly CborValue[];

export function recordOf(entry: StoredEntry): BackupRecord {
	const signature = entry.signature ?? null;
	return entry.kind === "stub"
		? [1, entry.headerHash, encodeLink(entry.link), signature]
		: [0, entry.header, signature, entry.payload ?? null];
}

/** Bytes of the parts of a record that count. */
export function recordBytes(record: BackupRecord): number {
	return record.reduce((sum: number, part) => sum + (part instanceof Uint8Array ? part.length : 1), 0);
}

export function encodeSegment(records: readonly BackupRecord[]): Uint8Array {
	return encodeCbor(records);
}

/** @param count records that there must be. @throws {FormatError} */
export function decodeSegment(bytes: Uint8Array, count: number): BackupRecord[] {
	const items = decodeCbor(bytes);
	if (!Array.isArray(items) || items.length !== count || !items.every(Array.isArray)) {
		throw new FormatError(`backup: expected a segment of ${count} records`, { expected: count });
	}
	return items as BackupRecord[];
}

/** The entry of a record, with its address; neither signature nor payload is checked. @throws {FormatError} */
export async function entryOf(crypto: Crypto, record: BackupRecord): Promise<StoredEntry> {
	const [kind, first, second, third] = record;
	if (record.length !== 4 || !(first instanceof Uint8Array)) throw wrong("a record of 4 fields");
	if (kind === 0) {
		if (third !== null && !(third instanceof Uint8Array)) throw wrong("a payload");
		return parseEntry(crypto, { header: first, signature: signatureOf(second), payload: third ?? undefined });
	}
	if (kind !== 1) throw wrong("an entry or a stub");
	if (first.length !== 32 || !(second instanceof Uint8Array)) throw wrong("a hash and a link");
	const link = decodeLink(second);
	const hash = await hashEntry(crypto, first, link);
	return { kind: "stub", hash, headerHash: first, link, signature: signatureOf(third) };
}

function signatureOf(value: CborValue | undefined): Uint8Array | undefined {
	if (value === null) return undefined;
	if (value instanceof Uint8Array && value.length === limits.signatureBytes) return value;
	throw wrong("a signature");
}

function wrong(expected: string): FormatError {
	return new FormatError(`backup: expected ${expected}`);
}
