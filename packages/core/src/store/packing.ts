/** Compact values of rows: bytes one behind the other, lengths and small numbers as unsigned LEB128. */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { decodeUtf8, encodeUtf8 } from "../bytes/text.js";
import { FormatError } from "../errors.js";

export class Packer {
	#bytes: Uint8Array = new Uint8Array(512);
	#length = 0;

	uint(value: number): this {
		let rest = value;
		this.#reserve(8);
		while (rest > 127) {
			this.#bytes[this.#length++] = (rest % 128) | 128;
			rest = Math.floor(rest / 128);
		}
		this.#bytes[this.#length++] = rest;
		return this;
	}

	/** @param width bytes, most significant first. */
	fixed(value: number, width: number): this {
		this.#reserve(width);
		this.#length = writeUint(this.#bytes, this.#length, value, width);
		return this;
	}

	raw(bytes: Uint8Array): this {
		this.#reserve(bytes.length);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
		return this;
	}

	/** 32 bytes given as hex. */
	hash(hex: string): this {
		return this.raw(fromHex(hex, 32));
	}

	text(text: string): this {
		const bytes = encodeUtf8(text);
		return this.uint(bytes.length).raw(bytes);
	}

	/** A copy of what was packed. */
	finish(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}

	#reserve(more: number): void {
		if (this.#length + more <= this.#bytes.length) return;
		this.#bytes = concatBytes(this.#bytes, new Uint8Array(this.#bytes.length + more));
	}
}

/** Reads what `Packer` wrote. @throws {FormatError} when the bytes end early or a number is too large. */
export class Unpacker {
	readonly #bytes: Uint8Array;
	#offset: number;

	constructor(bytes: Uint8Array, offset = 0) {
		this.#bytes = bytes;
		this.#offset = offset;
	}

	get left(): number {
		return this.#bytes.length - this.#offset;
	}

	uint(): number {
		let value = 0;
		for (let scale = 1; scale <= 2 ** 42; scale *= 128) {
			const byte = this.fixed(1);
			value += (byte & 127) * scale;
			if (byte < 128) return value;
		}
		throw new FormatError("row: found a number of more than 49 bits", { offset: this.#offset });
	}

	fixed(width: number): number {
		this.#need(width);
		this.#offset += width;
		return readUint(this.#bytes, this.#offset - width, width);
	}

	/** A copy of the next `length` bytes. */
	raw(length: number): Uint8Array {
		this.#need(length);
		this.#offset += length;
		return this.#bytes.slice(this.#offset - length, this.#offset);
	}

	skip(length: number): void {
		this.#need(length);
		this.#offset += length;
	}

	hash(): string {
		this.#need(32);
		this.#offset += 32;
		return toHex(this.#bytes.subarray(this.#offset - 32, this.#offset));
	}

	text(): string {
		return decodeUtf8(this.raw(this.uint()));
	}

	#need(length: number): void {
		if (length > this.left) {
			throw new FormatError("row: ends early", { offset: this.#offset, expected: length, found: this.left });
		}
	}
}
