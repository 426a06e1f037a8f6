import { concatBytes } from "../bytes/concat.js";
import type { Crypto } from "./crypto.js";

/** HKDF-Extract with SHA-256 (RFC 5869 §2.2): the pseudorandom key, 32 bytes. */
export function hkdfExtract(crypto: Crypto, salt: Uint8Array, inputKey: Uint8Array): Promise<Uint8Array> {
	return crypto.hmac(salt.length === 0 ? new Uint8Array(32) : salt, inputKey);
}

/** HKDF-Expand with SHA-256 (RFC 5869 §2.3). @param length bytes, 1 to 8,160. */
export async function hkdfExpand(
	crypto: Crypto,
	pseudorandomKey: Uint8Array,
	info: Uint8Array,
	length = 32,
): Promise<Uint8Array> {
	if (length < 1 || length > 255 * 32) throw new RangeError(`HKDF length: expected 1 to 8160, found ${length}`);
	if (length === 32) return crypto.hmac(pseudorandomKey, concatBytes(info, Uint8Array.of(1)));
	const blocks: Uint8Array[] = [];
	let block: Uint8Array = new Uint8Array(0);
	for (let counter = 1; blocks.length * 32 < length; counter++) {
		block = await crypto.hmac(pseudorandomKey, concatBytes(block, info, Uint8Array.of(counter)));
		blocks.push(block);
	}
	return concatBytes(...blocks).slice(0, length);
}
