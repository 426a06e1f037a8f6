/** Canonical Huffman codes of DEFLATE (RFC 1951 §3.2.2). */

/** Codes up to this length are looked up at once; longer ones are rare and walked. */
export const quickBits = 9;
/** Longest code that DEFLATE allows. */
export const maxBits = 15;

/** A code, made from the lengths of its symbols alone. */
export interface Huffman {
	/** By the next `quickBits` bits: symbol << 4 | length, 0 where the code is longer or missing. */
	readonly quick: Uint16Array;
	/** How many codes have each length. */
	readonly counts: Uint16Array;
	/** Symbols in order of their codes. */
	readonly symbols: Uint16Array;
}

/** @returns `undefined` for more codes than there is room for, or fewer, but for a single code of one bit or none at all. */
export function makeHuffman(lengths: Uint8Array): Huffman | undefined {
	const counts = new Uint16Array(maxBits + 1);
	for (const length of lengths) counts[length] = (counts[length] as number) + 1;
	counts[0] = 0;
	const offsets = new Uint16Array(maxBits + 2);
	const next = new Uint16Array(maxBits + 2);
	let left = 1;
	let code = 0;
	let longest = 0;
	for (let length = 1; length <= maxBits; length++) {
		const count = counts[length] as number;
		if (count > 0) longest = length;
		left = 2 * left - count;
		if (left < 0) return undefined;
		next[length] = code;
		code = (code + count) << 1;
		offsets[length + 1] = (offsets[length] as number) + count;
	}
	if (left > 0 && longest > 1) return undefined;
	const symbols = new Uint16Array(lengths.length);
	const quick = new Uint16Array(1 << quickBits);
	for (let symbol = 0; symbol < lengths.length; symbol++) {
		const length = lengths[symbol] as number;
		if (length === 0) continue;
		const place = offsets[length] as number;
		symbols[place] = symbol;
		offsets[length] = place + 1;
		const own = next[length] as number;
		next[length] = own + 1;
		if (length > quickBits) continue;
		for (let bits = reversed(own, length); bits < quick.length; bits += 1 << length)
			quick[bits] = (symbol << 4) | length;
	}
	return { quick, counts, symbols };
}

/** Codes are sent highest bit first, all else lowest first. */
function reversed(code: number, length: number): number {
	let result = 0;
	for (let i = 0; i < length; i++) result |= ((code >> i) & 1) << (length - 1 - i);
	return result;
}
