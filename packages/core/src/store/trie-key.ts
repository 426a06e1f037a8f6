/** Keys of the reconciliation index, and what they stand for. */
import { writeUint } from "../bytes/big-endian.js";
import { fromHex, toHex } from "../bytes/hex.js";
import type { ReconciliationBound, ReconciliationRange, ReconciliationRecord } from "./reconciliation.js";
import { decodeRecordHead } from "./record.js";
import { createdAtOfKey, keyBytes, makeKey } from "./trie-node.js";
import type { KeySpan } from "./trie-walks.js";

export function recordOf(key: Uint8Array): ReconciliationRecord {
	return { createdAt: createdAtOfKey(key), hash: toHex(key.subarray(6)) };
}

export function keyOfRecord(value: Uint8Array): Uint8Array {
	const { createdAt, hash } = decodeRecordHead(value);
	return makeKey(createdAt, fromHex(hash, 32));
}

export function keySpan({ lower, upper }: ReconciliationRange): KeySpan {
	return { from: boundKey(lower), upper: upper && boundKey(upper) };
}

function boundKey(bound: ReconciliationBound): Uint8Array {
	const key = new Uint8Array(keyBytes);
	if (bound.createdAt >= 2 ** 48) return key.fill(0xff);
	writeUint(key, 0, bound.createdAt, 6);
	key.set(bound.hashPrefix.subarray(0, 32), 6);
	return key;
}

/** The key behind a key; `undefined` behind the last one. */
export function keyBehind(key: Uint8Array): Uint8Array | undefined {
	const after = key.slice();
	for (let i = after.length - 1; i >= 0; i--) {
		if (after[i] !== 255) {
			after[i] = (after[i] as number) + 1;
			return after;
		}
		after[i] = 0;
	}
	return undefined;
}
