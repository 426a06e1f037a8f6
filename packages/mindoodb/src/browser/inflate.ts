/**
 * Raw DEFLATE (RFC 1951), bounded and strict.
 *
 * `DecompressionStream` does not say where the data ended, and platforms differ in what they take behind it; replicas must not.
 * Accepted is exactly what zlib accepts: complete Huffman codes, but for a single code of one bit; at most 286 length and 30
 * distance codes; no distance beyond what was written.
 */
import { UsageError } from "@mindoodb/core";
import { type Huffman, makeHuffman, maxBits, quickBits } from "./huffman.js";

/** @returns `undefined` when the data is damaged, ends early, has trailing bytes, or unfolds to more than `limit` bytes. */
export function inflateBounded(data: Uint8Array, limit: number): Uint8Array | undefined {
	if (!Number.isSafeInteger(limit) || limit < 0) throw new UsageError("inflate: expected a size of 0 bytes or more");
	const state = new Inflation(data, limit);
	return state.run() ? state.output.slice(0, state.length) : undefined;
}

const lengthBase = [
	3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBase = [
	1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
	8193, 12289, 16385, 24577,
];
const distanceExtra = [
	0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** The order in which a block lists the lengths of its code-length codes (RFC 1951 §3.2.7). */
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const fixedLengths = Uint8Array.from({ length: 288 }, (_, symbol) =>
	symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);
const fixedLiterals = makeHuffman(fixedLengths) as Huffman;
const fixedDistances = makeHuffman(new Uint8Array(32).fill(5)) as Huffman;

class Inflation {
	output: Uint8Array;
	length = 0;
	readonly #data: Uint8Array;
	readonly #limit: number;
	#at = 0;
	#held = 0;
	#heldBits = 0;

	constructor(data: Uint8Array, limit: number) {
		this.#data = data;
		this.#limit = limit;
		this.output = new Uint8Array(Math.min(limit, Math.max(256, 4 * data.length)));
	}

	/** Whether the data is whole, and nothing stands behind it. */
	run(): boolean {
		for (let last = 0; last === 0; ) {
			last = this.#bits(1);
			const type = this.#bits(2);
			if (last < 0 || type < 0) return false;
			const good =
				type === 0
					? this.#stored()
					: type === 1
						? this.#compressed(fixedLiterals, fixedDistances)
						: type === 2 && this.#dynamic();
			if (!good) return false;
		}
		// Whole bytes that were read ahead were not part of the data.
		return this.#at - (this.#heldBits >> 3) === this.#data.length;
	}

	/** The next `count` (at most 16) bits, lowest first; -1 at the end of the data. */
	#bits(count: number): number {
		while (this.#heldBits < count) {
			if (this.#at === this.#data.length) return -1;
			this.#held |= (this.#data[this.#at++] as number) << this.#heldBits;
			this.#heldBits += 8;
		}
		const value = this.#held & ((1 << count) - 1);
		this.#held >>>= count;
		this.#heldBits -= count;
		return value;
	}

	/** The next symbol; -1 when the bits are no code, or end. */
	#symbol({ quick, counts, symbols }: Huffman): number {
		while (this.#heldBits < maxBits && this.#at < this.#data.length) {
			this.#held |= (this.#data[this.#at++] as number) << this.#heldBits;
			this.#heldBits += 8;
		}
		const entry = quick[this.#held & ((1 << quickBits) - 1)] as number;
		let length = entry & 15;
		let symbol = entry >> 4;
		if (length === 0) {
			let code = 0;
			let first = 0;
			let index = 0;
			for (length = 1; ; length++) {
				if (length > maxBits) return -1;
				code |= (this.#held >> (length - 1)) & 1;
				const count = counts[length] as number;
				if (code - count < first) break;
				index += count;
				first = (first + count) << 1;
				code <<= 1;
			}
			symbol = symbols[index + code - first] as number;
		}
		if (length > this.#heldBits) return -1;
		this.#held >>>= length;
		this.#heldBits -= length;
		return symbol;
	}

	#stored(): boolean {
		this.#held >>>= this.#heldBits & 7;
		this.#heldBits -= this.#heldBits & 7;
		const length = this.#bits(16);
		const complement = this.#bits(16);
		if (length < 0 || complement < 0 || (length ^ complement) !== 0xffff) return false;
		this.#at -= this.#heldBits >> 3;
		this.#held = 0;
		this.#heldBits = 0;
		if (this.#at + length > this.#data.length || !this.#room(length)) return false;
		this.output.set(this.#data.subarray(this.#at, this.#at + length), this.length);
		this.#at += length;
		this.length += length;
		return true;
	}

	#dynamic(): boolean {
		const literals = this.#bits(5) + 257;
		const distances = this.#bits(5) + 1;
		const codes = this.#bits(4) + 4;
		if (literals < 257 || literals > 286 || distances < 1 || distances > 30 || codes < 4) return false;
		const codeLengths = new Uint8Array(19);
		for (let i = 0; i < codes; i++) {
			const length = this.#bits(3);
			if (length < 0) return false;
			codeLengths[codeLengthOrder[i] as number] = length;
		}
		const code = makeHuffman(codeLengths);
		if (code === undefined) return false;
		const lengths = this.#codeLengths(code, literals + distances);
		if (lengths === undefined) return false;
		const literalCode = makeHuffman(lengths.subarray(0, literals));
		const distanceCode = makeHuffman(lengths.subarray(literals));
		if (literalCode === undefined || distanceCode === undefined) return false;
		return this.#compressed(literalCode, distanceCode);
	}

	#codeLengths(code: Huffman, count: number): Uint8Array | undefined {
		const lengths = new Uint8Array(count);
		for (let i = 0; i < count; ) {
			const symbol = this.#symbol(code);
			if (symbol < 0) return undefined;
			if (symbol < 16) {
				lengths[i++] = symbol;
				continue;
			}
			if (symbol === 16 && i === 0) return undefined;
			const repeated = symbol === 16 ? (lengths[i - 1] as number) : 0;
			const extra = this.#bits(symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
			if (extra < 0) return undefined;
			const end = i + extra + (symbol === 18 ? 11 : 3);
			if (end > count) return undefined;
			lengths.fill(repeated, i, end);
			i = end;
		}
		return lengths;
	}

	#compressed(literals: Huffman, distances: Huffman): boolean {
		for (;;) {
			const symbol = this.#symbol(literals);
			if (symbol < 0 || symbol > 285) return false;
			if (symbol === 256) return true;
			if (symbol < 256) {
				if (this.length === this.output.length && !this.#room(1)) return false;
				this.output[this.length++] = symbol;
				continue;
			}
			const extra = this.#bits(lengthExtra[symbol - 257] as number);
			const distanceSymbol = extra < 0 ? -1 : this.#symbol(distances);
			if (distanceSymbol < 0 || distanceSymbol > 29) return false;
			const distanceBits = this.#bits(distanceExtra[distanceSymbol] as number);
			if (distanceBits < 0) return false;
			const length = (lengthBase[symbol - 257] as number) + extra;
			const distance = (distanceBase[distanceSymbol] as number) + distanceBits;
			if (distance > this.length || !this.#room(length)) return false;
			const output = this.output;
			// Byte by byte: what is copied may begin in what is being written.
			for (let end = this.length + length; this.length < end; this.length++) {
				output[this.length] = output[this.length - distance] as number;
			}
		}
	}

	/** Whether `count` more bytes are within the limit; makes room for them. */
	#room(count: number): boolean {
		const needed = this.length + count;
		if (needed > this.#limit) return false;
		if (needed > this.output.length) {
			const larger = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.output.length)));
			larger.set(this.output.subarray(0, this.length));
			this.output = larger;
		}
		return true;
	}
}
