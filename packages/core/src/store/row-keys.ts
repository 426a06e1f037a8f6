/**
 * Rows of a store. The first byte of a key tells the kind; numbers are big-endian, so that rows lie in their order.
 *
 * | tag | rest of the key            | value                                   | rows                        |
 * |-----|----------------------------|-----------------------------------------|-----------------------------|
 * | 01  | name (1 byte)              | see `identity.ts`, `trie.ts`, `objects.ts` | a handful                   |
 * | 10  | arrival u48                | record, see `record.ts`                 | one an entry                |
 * | 11  | hash[0..24]                | arrival u48, then 01 when purged        | one an entry                |
 * | 12  | contentHash                | payload of more than 4 KiB, or its place, see `payloads.ts` | one for equal payloads |
 * | 13  | contentHash, arrival u48   | nothing                                 | one an entry with such a payload |
 * | 14  | docId                      | document u32                            | one a document              |
 * | 15  | document u32               | docId                                   | one a document              |
 * | 16  | document u32, arrival u48  | further arrivals, see `listing.ts`      | one a document and batch    |
 * | 17  | public key                 | author u32                              | one an author               |
 * | 18  | author u32, arrival u48    | further arrivals                        | one an author and batch     |
 * | 19  | author u32, hash           | nothing: newest entry of a chain        | one a chain                 |
 * | 1a  | author u32, hash           | nothing: named as predecessor, but missing | one a gap                |
 * | 1b  | context u32                | fields that entries share, see `contexts.ts` | few                    |
 * | 1c  | digits of 6 bits, a byte each | node, see `trie-node.ts`             | one for some 20 entries     |
 * | 1d  | docId                      | marks, see `purge.ts`                   | one a purge                 |
 * | 2e  | document u32, arrival u48  | further arrivals of chunks              | one a document and batch    |
 * | 2f  | contentHash, upload (8)    | time u48: bytes that wait for a chunk   | one a staged payload        |
 * | 31  | pack u48, offset u32       | contentHash of what lies there          | one a payload in a pack     |
 * | 32  | pack u48                   | nothing: given up, to be erased         | few, and not for long       |
 * | 50  | contentHash                | bytes u32, ffffffff when nothing needs it, then 01 of a document: a payload that is not here | one a lacking payload |
 * | 80  | free                       | free                                    | the layer above             |
 *
 * The address row holds 24 bytes of the hash, not 16 as first designed: two entries that share 16 bytes can be made in 2^64
 * steps, and replicas that met different ones of them first would never agree.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex } from "../bytes/hex.js";
import { encodeUtf8 } from "../bytes/text.js";

export const tags = {
	meta: 0x01,
	record: 0x10,
	address: 0x11,
	content: 0x12,
	reference: 0x13,
	documentNumber: 0x14,
	documentId: 0x15,
	documentListing: 0x16,
	author: 0x17,
	authorListing: 0x18,
	head: 0x19,
	gap: 0x1a,
	context: 0x1b,
	trie: 0x1c,
	purge: 0x1d,
	chunkListing: 0x2e,
	staged: 0x2f,
	packed: 0x31,
	sparePack: 0x32,
	lacking: 0x50,
	above: 0x80,
} as const;

export const metaKeys = {
	identity: Uint8Array.of(tags.meta, 0),
	trieCovers: Uint8Array.of(tags.meta, 1),
	/** Number of authors, u32. */
	authorCount: Uint8Array.of(tags.meta, 2),
	/** Number of the next pack, u48. */
	nextPack: Uint8Array.of(tags.meta, 3),
	/** Nothing: payloads lie in an object store. */
	objects: Uint8Array.of(tags.meta, 4),
	/** Flags: 1 payloads are not taken with their chunks, 2 they may be dropped to make room. */
	contentPolicy: Uint8Array.of(tags.meta, 0x50),
} as const;

/** Bits of the row of a purge. */
export const purgeMarks = { done: 1, forEverybody: 2 } as const;

const addressBytes = 24;

export function recordKey(arrival: number): Uint8Array {
	return numberKey(tags.record, arrival, 6);
}

export function arrivalOfRecordKey(key: Uint8Array): number {
	return readUint(key, 1, 6);
}

/** @param hash 64 hex digits. */
export function addressKey(hash: string): Uint8Array {
	return tagged(tags.address, fromHex(hash, 32).subarray(0, addressBytes));
}

export function contentKey(contentHash: string): Uint8Array {
	return tagged(tags.content, fromHex(contentHash, 32));
}

export function lackingKey(contentHash: string): Uint8Array {
	return tagged(tags.lacking, fromHex(contentHash, 32));
}

export function referenceKey(contentHash: string, arrival: number): Uint8Array {
	const key = new Uint8Array(39);
	key[0] = tags.reference;
	key.set(fromHex(contentHash, 32), 1);
	writeUint(key, 33, arrival, 6);
	return key;
}

/** @param upload 16 hex digits. */
export function stagedKey(contentHash: string, upload: string): Uint8Array {
	return concatBytes(Uint8Array.of(tags.staged), fromHex(contentHash, 32), fromHex(upload, 8));
}

export function packedKey(pack: number, offset: number): Uint8Array {
	const key = new Uint8Array(11);
	key[0] = tags.packed;
	writeUint(key, 1, pack, 6);
	writeUint(key, 7, offset, 4);
	return key;
}

export function sparePackKey(pack: number): Uint8Array {
	return numberKey(tags.sparePack, pack, 6);
}

export function documentNumberKey(docId: string): Uint8Array {
	return tagged(tags.documentNumber, encodeUtf8(docId));
}

export function documentIdKey(document: number): Uint8Array {
	return numberKey(tags.documentId, document, 4);
}

/** @param tag `documentListing`, `chunkListing` or `authorListing`. */
export function listingKey(tag: number, owner: number, arrival: number): Uint8Array {
	const key = new Uint8Array(11);
	key[0] = tag;
	writeUint(key, 1, owner, 4);
	writeUint(key, 5, arrival, 6);
	return key;
}

export function arrivalOfListingKey(key: Uint8Array): number {
	return readUint(key, 5, 6);
}

export function authorKey(publicKey: string): Uint8Array {
	return tagged(tags.author, fromHex(publicKey, 32));
}

/** @param tag `head` or `gap`. */
export function chainKey(tag: number, author: number, hash: string): Uint8Array {
	const key = new Uint8Array(37);
	key[0] = tag;
	writeUint(key, 1, author, 4);
	key.set(fromHex(hash, 32), 5);
	return key;
}

export function contextKey(context: number): Uint8Array {
	return numberKey(tags.context, context, 4);
}

export function trieKey(digits: readonly number[]): Uint8Array {
	return tagged(tags.trie, Uint8Array.from(digits));
}

export function purgeKey(docId: string): Uint8Array {
	return tagged(tags.purge, encodeUtf8(docId));
}

/** Any tag followed by bytes. */
export function tagged(tag: number, rest: Uint8Array): Uint8Array {
	return concatBytes(Uint8Array.of(tag), rest);
}

export function numberKey(tag: number, value: number, width: number): Uint8Array {
	const key = new Uint8Array(1 + width);
	key[0] = tag;
	writeUint(key, 1, value, width);
	return key;
}

/** All keys that begin with `prefix`, whose last byte is not ff. */
export function prefixRange(prefix: Uint8Array): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
	return { gte: prefix, lt: successor(prefix) };
}

/** The first key behind all that begin with `prefix`. */
export function successor(prefix: Uint8Array): Uint8Array {
	let end = prefix.length;
	while (end > 0 && prefix[end - 1] === 0xff) end--;
	const next = prefix.slice(0, end);
	next[end - 1] = (next[end - 1] as number) + 1;
	return next;
}

/** Keys of the records of all arrivals. */
export const recordKeys = prefixRange(Uint8Array.of(tags.record));

/** Keys of the payloads that have rows of their own. */
export const contentKeys = prefixRange(Uint8Array.of(tags.content));
