/**
 * Nodes of the reconciliation index: a radix trie with fan-out 64 over the 304 bits of createdAt (48) ‖ hash (256), six at a time.
 *
 * | value          | meaning                                                                          |
 * |----------------|----------------------------------------------------------------------------------|
 * | 00, n × 38     | leaf: up to 32 keys in order                                                     |
 * | 01, n × (1, 6, 32) | inner node: digit, count, sum of the hashes as 32-byte little-endian integers mod 2^256 |
 */

import { readUint, writeUint } from "../bytes/big-endian.js";
import { compareBytes } from "../bytes/compare.js";
import { StoreError } from "../errors.js";

export const keyBytes = 38;
export const leafRecords = 32;
const slotBytes = 39;

export interface Sum {
	count: number;
	/** 32 bytes, little-endian. */
	readonly sum: Uint8Array;
}

export interface LeafNode {
	readonly kind: "leaf";
	/** Ascending, distinct, 38 bytes each. */
	keys: Uint8Array[];
}

export interface InnerNode {
	readonly kind: "inner";
	/** By digit, ascending. */
	readonly slots: (Sum | undefined)[];
}

export type TrieNode = LeafNode | InnerNode;

export function emptySum(): Sum {
	return { count: 0, sum: new Uint8Array(32) };
}

/** Adds `other` to `target`. */
export function addSum(target: Sum, other: Sum): void {
	target.count += other.count;
	addBytes(target.sum, other.sum, 0);
}

/** Adds one key to `target`. */
export function addKey(target: Sum, key: Uint8Array): void {
	target.count += 1;
	addBytes(target.sum, key, keyBytes - 32);
}

/** `a` less `b`. */
export function subtractSum(a: Sum, b: Sum): Sum {
	const sum = new Uint8Array(32);
	let borrow = 0;
	for (let i = 0; i < 32; i++) {
		const difference = (a.sum[i] as number) - (b.sum[i] as number) - borrow;
		sum[i] = difference & 255;
		borrow = difference < 0 ? 1 : 0;
	}
	return { count: a.count - b.count, sum };
}

function addBytes(target: Uint8Array, source: Uint8Array, offset: number): void {
	let carry = 0;
	for (let i = 0; i < 32; i++) {
		const total = (target[i] as number) + (source[offset + i] as number) + carry;
		target[i] = total & 255;
		carry = total >> 8;
	}
}

/** The six bits of a key at a depth; 51 depths. */
export function digitOf(key: Uint8Array, depth: number): number {
	const bit = depth * 6;
	const word = ((key[bit >> 3] as number) << 8) | (key[(bit >> 3) + 1] ?? 0);
	return (word >> (10 - (bit & 7))) & 63;
}

export function makeKey(createdAt: number, hash: Uint8Array): Uint8Array {
	const key = new Uint8Array(keyBytes);
	writeUint(key, 0, createdAt, 6);
	key.set(hash.subarray(0, 32), 6);
	return key;
}

export function createdAtOfKey(key: Uint8Array): number {
	return readUint(key, 0, 6);
}

/** Position of the first key that is not below `key`. */
export function lowerBound(keys: readonly Uint8Array[], key: Uint8Array): number {
	let low = 0;
	let high = keys.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (compareBytes(keys[middle] as Uint8Array, key) < 0) low = middle + 1;
		else high = middle;
	}
	return low;
}

export function encodeNode(node: TrieNode): Uint8Array {
	if (node.kind === "leaf") {
		const bytes = new Uint8Array(1 + node.keys.length * keyBytes);
		for (const [index, key] of node.keys.entries()) bytes.set(key, 1 + index * keyBytes);
		return bytes;
	}
	const used = node.slots.flatMap((slot, digit) => (slot === undefined ? [] : [{ digit, slot }]));
	const bytes = new Uint8Array(1 + used.length * slotBytes);
	bytes[0] = 1;
	for (const [index, { digit, slot }] of used.entries()) {
		const offset = 1 + index * slotBytes;
		bytes[offset] = digit;
		writeUint(bytes, offset + 1, slot.count, 6);
		bytes.set(slot.sum, offset + 7);
	}
	return bytes;
}

/** @throws {StoreError} `store-damaged` */
export function decodeNode(bytes: Uint8Array): TrieNode {
	const size = bytes[0] === 0 ? keyBytes : slotBytes;
	if (bytes.length < 1 || (bytes[0] as number) > 1 || (bytes.length - 1) % size !== 0) {
		throw new StoreError("store: a node of the reconciliation index cannot be read", { code: "store-damaged" });
	}
	if (bytes[0] === 0) {
		const keys: Uint8Array[] = [];
		for (let offset = 1; offset < bytes.length; offset += keyBytes) keys.push(bytes.slice(offset, offset + keyBytes));
		return { kind: "leaf", keys };
	}
	const slots: (Sum | undefined)[] = new Array(64).fill(undefined);
	for (let offset = 1; offset < bytes.length; offset += slotBytes) {
		slots[(bytes[offset] as number) & 63] = {
			count: readUint(bytes, offset + 1, 6),
			sum: bytes.slice(offset + 7, offset + slotBytes),
		};
	}
	return { kind: "inner", slots };
}
