/**
 * Rows of a database in its store. Numbers are big-endian; hashes are cut to 16 bytes where they only lead to a document.
 *
 * | key                                 | value                                   | for                                   |
 * |-------------------------------------|-----------------------------------------|---------------------------------------|
 * | 01 ‖ document(4)                    | projection row, see projection-row.ts   | reads and lists                       |
 * | 02 ‖ document(4)                    | feed(6)                                 | documents whose projection is behind  |
 * | 03 ‖ feed(6)                        | document(4)                             | change feed                           |
 * | 04 ‖ document(4) ‖ arrival(6)       | verdict                                 | entries that are not accepted         |
 * | 05 ‖ missing hash(16) ‖ document(4) | empty                                   | opens what waits for an entry         |
 * | 06 ‖ key commitment(16) ‖ document(4) | empty                                 | opens what waits for a key            |
 * | 07, 08                              | see sync/levelling/peer-rows.ts         | levelling                             |
 * | 09 ‖ name                           | free                                    | single facts of the database          |
 * | 70 ‖ author's public key(32)         | hash(32)                                | where this replica's own chain of that author ends |
 * | 71                                  | see tenant/joining/awaited-directory.ts | in the directory: what a newcomer must have of it  |
 * | 30 ‖ document(4) ‖ chunk(32)        | see attachments/chunk-run.ts            | leads from an offset to a chunk       |
 * | 40 ‖ document(4) ‖ arrival(6)       | see snapshots/snapshot-rows.ts          | which snapshots count                 |
 * | 41 ‖ document(4) ‖ arrival(6)       | see snapshots/snapshot-rows.ts          | those before, for looking back        |
 * | 50 ‖ contentHash(32)               | bytes(4) ‖ turn of the last reading(6)  | bytes of chunks that are here, where they have a bound |
 * | 51                                  | empty                                   | present while the rows 50 are kept    |
 * | 52 ‖ docId                          | empty                                   | documents whose attachments are pinned |
 * | 53 ‖ hash(32)                       | see attachments/uncommitted.ts          | chunks whose change may not have followed |
 * | 90, 91                              | see sync/payloads/row-partials.ts       | payloads whose transfer was cut       |
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex } from "../bytes/hex.js";
import { asciiBytes } from "../bytes/text.js";
import { prefixRange } from "../store/row-keys.js";
import type { RowRange } from "../store/rows.js";

const empty = new Uint8Array(0);

export const rowKinds = {
	projection: 1,
	behind: 2,
	feed: 3,
	verdict: 4,
	missing: 5,
	locked: 6,
	fact: 9,
	ownChain: 0x70,
	awaited: 0x71,
	chunkRun: 0x30,
	snapshot: 0x40,
	earlierSnapshot: 0x41,
	heldContent: 0x50,
	heldListed: 0x51,
	pin: 0x52,
	uncommitted: 0x53,
} as const;
export type RowKind = (typeof rowKinds)[keyof typeof rowKinds];

export const noValue = empty;

export function projectionKey(document: number): Uint8Array {
	return numberKey(rowKinds.projection, document, 4);
}

export function behindKey(document: number): Uint8Array {
	return numberKey(rowKinds.behind, document, 4);
}

export function feedKey(feed: number): Uint8Array {
	return numberKey(rowKinds.feed, feed, 6);
}

export function verdictKey(document: number, arrival: number): Uint8Array {
	const key = new Uint8Array(11);
	key[0] = rowKinds.verdict;
	writeUint(key, writeUint(key, 1, document, 4), arrival, 6);
	return key;
}

export function missingKey(hash: string, document: number): Uint8Array {
	return hashKey(rowKinds.missing, hash, document);
}

export function lockedKey(keyCommitment: string, document: number): Uint8Array {
	return hashKey(rowKinds.locked, keyCommitment, document);
}

export function factKey(name: string): Uint8Array {
	return concatBytes(Uint8Array.of(rowKinds.fact), asciiBytes(name));
}

export function ownChainKey(publicKey: string): Uint8Array {
	return concatBytes(Uint8Array.of(rowKinds.ownChain), fromHex(publicKey, 32));
}

export function uint48(value: number): Uint8Array {
	const bytes = new Uint8Array(6);
	writeUint(bytes, 0, value, 6);
	return bytes;
}

export function uint32(value: number): Uint8Array {
	const bytes = new Uint8Array(4);
	writeUint(bytes, 0, value, 4);
	return bytes;
}

/** In the store that holds the chunks. @param last hash of the run's last chunk. */
export function chunkRunKey(document: number, last: string): Uint8Array {
	return concatBytes(numberKey(rowKinds.chunkRun, document, 4), fromHex(last, 32));
}

export function chunkRunRange(document: number): RowRange {
	return rowRange(rowKinds.chunkRun, uint32(document));
}

/** In the store that holds the chunks. */
export function heldContentKey(contentHash: string): Uint8Array {
	return concatBytes(Uint8Array.of(rowKinds.heldContent), fromHex(contentHash, 32));
}

/** The document number at the end of a key. */
export function documentOfKey(key: Uint8Array): number {
	return readUint(key, key.length - 4, 4);
}

/** The document number in a verdict key. */
export function documentOfVerdictKey(key: Uint8Array): number {
	return readUint(key, 1, 4);
}

/** The feed number of a feed key, or the arrival of a verdict key. */
export function lastUint48(key: Uint8Array): number {
	return readUint(key, key.length - 6, 6);
}

/** All rows of a kind, or those whose key continues with `prefix`. */
export function rowRange(kind: RowKind, prefix: Uint8Array = empty): RowRange {
	return prefixRange(concatBytes(Uint8Array.of(kind), prefix));
}

export function verdictRange(document: number): RowRange {
	return rowRange(rowKinds.verdict, uint32(document));
}

export function missingRange(hash: string): RowRange {
	return rowRange(rowKinds.missing, fromHex(hash, 32).subarray(0, 16));
}

export function lockedRange(keyCommitment: string): RowRange {
	return rowRange(rowKinds.locked, fromHex(keyCommitment, 32).subarray(0, 16));
}

function numberKey(kind: RowKind, value: number, width: number): Uint8Array {
	const key = new Uint8Array(1 + width);
	key[0] = kind;
	writeUint(key, 1, value, width);
	return key;
}

function hashKey(kind: RowKind, hash: string, document: number): Uint8Array {
	const key = new Uint8Array(21);
	key[0] = kind;
	key.set(fromHex(hash, 32).subarray(0, 16), 1);
	writeUint(key, 17, document, 4);
	return key;
}
