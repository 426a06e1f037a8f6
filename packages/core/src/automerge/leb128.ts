/**
 * Variable-length integers, little-endian base 128, in their shortest form only.
 *
 * | form     | last group                                             | bound here        |
 * |----------|--------------------------------------------------------|-------------------|
 * | unsigned | not 00, unless it is the only one                      | 2^53 − 1, or 2^64 − 1 unread |
 * | signed   | bit 6 is the sign; not 00 or 7f where the group before says the same | ±(2^53 − 1), or 64 bits unread |
 *
 * Source: automerge.org/automerge-binary-format-spec, "uLEB" and "LEB".
 */
import { FormatError } from "../errors.js";

/** Reads a byte array from front to end; every method throws a `FormatError` where the bytes break the form. */
export class ByteReader {
	readonly bytes: Uint8Array;
	/** Exclusive. */
	readonly end: number;
	offset: number;

	constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
		this.bytes = bytes;
		this.offset = offset;
		this.end = end;
	}

	get done(): boolean {
		return this.offset >= this.end;
	}

	byte(): number {
		if (this.offset >= this.end) throw this.error("expected another byte, found the end");
		return this.bytes[this.offset++] as number;
	}

	/** The next `length` bytes, not copied. */
	view(length: number): Uint8Array {
		if (length > this.end - this.offset) throw this.error(`expected ${length} bytes, found ${this.end - this.offset}`);
		const start = this.offset;
		this.offset += length;
		return this.bytes.subarray(start, this.offset);
	}

	/** Unsigned, at most `most`. */
	unsigned(most: number = Number.MAX_SAFE_INTEGER): number {
		const start = this.offset;
		let value = 0;
		let scale = 1;
		for (;;) {
			const group = this.byte();
			if (this.offset - start > 8) throw this.error("expected a number below 2^53", start);
			value += (group & 127) * scale;
			if (group < 128) {
				if (group === 0 && this.offset - start > 1) throw this.error("expected the shortest form of a number", start);
				break;
			}
			scale *= 128;
		}
		if (value > most) throw this.error(`expected a number of at most ${most}`, start);
		return value;
	}

	/** Signed, between −(2^53 − 1) and 2^53 − 1. */
	signed(): number {
		const start = this.offset;
		let value = 0;
		let scale = 1;
		let before = 0;
		for (;;) {
			const group = this.byte();
			if (this.offset - start > 8) throw this.error("expected a number within 53 bits", start);
			if (group < 128) {
				if (this.offset - start > 1) this.checkLastGroup(group, before, start);
				// The sign before the sum, which would else pass 2^53 on the way and be rounded.
				value += (group & 64 ? group - 128 : group) * scale;
				break;
			}
			value += (group & 127) * scale;
			scale *= 128;
			before = group;
		}
		if (!Number.isSafeInteger(value)) throw this.error("expected a number within 53 bits", start);
		return value;
	}

	/** Passes over an unsigned number of up to 64 bits. */
	skipUnsigned64(): void {
		const start = this.offset;
		let group = this.byte();
		while (group >= 128 && this.offset - start < 10) group = this.byte();
		const length = this.offset - start;
		if (group >= 128 || (length === 10 && group > 1)) throw this.error("expected a number within 64 bits", start);
		if (group === 0 && length > 1) throw this.error("expected the shortest form of a number", start);
	}

	/** Passes over a signed number of up to 64 bits. */
	skipSigned64(): void {
		const start = this.offset;
		let before = 0;
		let group = this.byte();
		while (group >= 128 && this.offset - start < 10) {
			before = group;
			group = this.byte();
		}
		const length = this.offset - start;
		if (group >= 128 || (length === 10 && group !== 0 && group !== 127)) {
			throw this.error("expected a number within 64 bits", start);
		}
		if (length > 1) this.checkLastGroup(group, before, start);
	}

	error(message: string, offset: number = this.offset): FormatError {
		return new FormatError(`change: ${message}`, { offset });
	}

	private checkLastGroup(group: number, before: number, start: number): void {
		if ((group === 0 && !(before & 64)) || (group === 127 && before & 64)) {
			throw this.error("expected the shortest form of a number", start);
		}
	}
}

const noBytes = new Uint8Array(0);
const copiedByHand = 32;

/** Bytes that `unsigned` writes. */
export function unsignedSize(value: number): number {
	let size = 1;
	for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
	return size;
}

/** Collects bytes in one growing array, which is made when the first byte comes: most columns of most changes have none. */
export class ByteWriter {
	private bytes: Uint8Array = noBytes;
	private readonly capacity: number;
	length = 0;

	constructor(capacity = 64) {
		this.capacity = capacity;
	}

	byte(value: number): void {
		if (this.length === this.bytes.length) this.grow(1);
		this.bytes[this.length++] = value;
	}

	append(bytes: Uint8Array): void {
		if (this.length + bytes.length > this.bytes.length) this.grow(bytes.length);
		this.bytes.set(bytes, this.length);
		this.length += bytes.length;
	}

	/** Appends what another writer holds. Columns of a few bytes are the rule, for which a view costs more than the copy. */
	appendAll(other: ByteWriter): void {
		if (other.length > copiedByHand) this.append(other.view());
		else for (let i = 0; i < other.length; i++) this.byte(other.bytes[i] as number);
	}

	/** @param value an integer from 0 to 2^53 − 1. */
	unsigned(value: number): void {
		let rest = value;
		while (rest >= 128) {
			this.byte((rest % 128) | 128);
			rest = Math.floor(rest / 128);
		}
		this.byte(rest);
	}

	/** @param value an integer between −(2^53 − 1) and 2^53 − 1. */
	signed(value: number): void {
		let rest = value;
		while (rest < -64 || rest > 63) {
			const group = ((rest % 128) + 128) % 128;
			this.byte(group | 128);
			rest = (rest - group) / 128;
		}
		this.byte(rest & 127);
	}

	/** What was written so far; stays valid until the next write. */
	view(): Uint8Array {
		return this.bytes.subarray(0, this.length);
	}

	/** What was written, in an array that later writes do not touch. */
	take(): Uint8Array {
		return this.length === this.bytes.length ? this.bytes : this.bytes.slice(0, this.length);
	}

	private grow(more: number): void {
		const larger = new Uint8Array(Math.max(this.capacity, 2 * this.bytes.length, this.length + more));
		if (this.length > 0) larger.set(this.view());
		this.bytes = larger;
	}
}
