/** Whole numbers up to 2^64 - 1 in base 128, the most significant group first; the high bit is set on all bytes but the last. */
import { FormatError } from "../../errors.js";

const most = (1n << 64n) - 1n;
const mostBytes = 10;

export function encodeVarint(value: bigint): Uint8Array {
	const groups = [Number(value & 127n)];
	for (let rest = value >> 7n; rest > 0n; rest >>= 7n) groups.unshift(Number(rest & 127n) | 128);
	return Uint8Array.from(groups);
}

/**
 * @returns the value and the offset behind it.
 * @throws {FormatError} when it ends too early, is not the shortest form, or is above 2^64 - 1.
 */
export function decodeVarint(bytes: Uint8Array, offset: number): { readonly value: bigint; readonly end: number } {
	if (bytes[offset] === 128) throw new FormatError("negentropy: a number is not in its shortest form", { offset });
	// Single numbers are by far the quickest, and nearly all fit: six groups have 42 bits.
	let low = 0;
	let value = 0n;
	for (let at = offset; at < offset + mostBytes; at++) {
		const byte = bytes[at];
		if (byte === undefined) throw new FormatError("negentropy: a number is cut short", { offset });
		if (at < offset + 6) low = low * 128 + (byte & 127);
		else value = ((at === offset + 6 ? BigInt(low) : value) << 7n) | BigInt(byte & 127);
		if (byte >= 128) continue;
		if (at < offset + 6) return { value: BigInt(low), end: at + 1 };
		if (value > most) break;
		return { value, end: at + 1 };
	}
	throw new FormatError("negentropy: a number is above 2^64 - 1", { code: "limit", offset });
}
