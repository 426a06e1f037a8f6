/** Bytes that came in, and how far they were taken. */
export interface Input {
	readonly bytes: Uint8Array;
	offset: number;
}

const nothing = new Uint8Array(0);

/** Gives pieces of wanted lengths out of bytes that come in any pieces. Holds less than one piece. */
export class ByteGatherer {
	#held = nothing;
	#filled = 0;

	/**
	 * @param length of the piece; the same until it was given.
	 * @returns a view into the input where it holds the whole piece, else an array of its own; `undefined` when bytes are still missing.
	 */
	takeView(input: Input, length: number): Uint8Array | undefined {
		const there = input.bytes.length - input.offset;
		if (this.#filled === 0 && there >= length) {
			input.offset += length;
			return input.bytes.subarray(input.offset - length, input.offset);
		}
		if (there === 0) return undefined;
		if (this.#filled === 0) this.#held = new Uint8Array(length);
		const taken = Math.min(there, length - this.#filled);
		this.#held.set(input.bytes.subarray(input.offset, input.offset + taken), this.#filled);
		input.offset += taken;
		this.#filled += taken;
		if (this.#filled < length) return undefined;
		const piece = this.#held;
		this.#held = nothing;
		this.#filled = 0;
		return piece;
	}

	/** Bytes of a piece that is not whole yet. */
	get filled(): number {
		return this.#filled;
	}
}
