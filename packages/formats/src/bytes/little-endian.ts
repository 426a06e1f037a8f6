/** Reads fields one after another, little-endian. The caller has checked that the bytes are there. */
export class FieldReader {
	readonly #bytes: Uint8Array;
	readonly #data: DataView;
	position: number;

	constructor(bytes: Uint8Array, position = 0) {
		this.#bytes = bytes;
		this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.position = position;
	}

	u8(): number {
		return this.#data.getUint8(this.#step(1));
	}

	u16(): number {
		return this.#data.getUint16(this.#step(2), true);
	}

	u32(): number {
		return this.#data.getUint32(this.#step(4), true);
	}

	i64(): bigint {
		return this.#data.getBigInt64(this.#step(8), true);
	}

	/** @returns a view into the input. */
	view(length: number): Uint8Array {
		const start = this.#step(length);
		return this.#bytes.subarray(start, start + length);
	}

	#step(length: number): number {
		const start = this.position;
		this.position += length;
		return start;
	}
}

/** Writes fields one after another, little-endian, into bytes of a known length. */
export class FieldWriter {
	readonly bytes: Uint8Array;
	readonly #data: DataView;
	position = 0;

	constructor(length: number) {
		this.bytes = new Uint8Array(length);
		this.#data = new DataView(this.bytes.buffer);
	}

	u8(value: number): this {
		this.#data.setUint8(this.#step(1), value);
		return this;
	}

	u16(value: number): this {
		this.#data.setUint16(this.#step(2), value, true);
		return this;
	}

	u32(value: number): this {
		this.#data.setUint32(this.#step(4), value, true);
		return this;
	}

	i64(value: bigint | number): this {
		this.#data.setBigInt64(this.#step(8), BigInt(value), true);
		return this;
	}

	put(bytes: Uint8Array): this {
		this.bytes.set(bytes, this.#step(bytes.length));
		return this;
	}

	#step(length: number): number {
		const start = this.position;
		this.position += length;
		return start;
	}
}
