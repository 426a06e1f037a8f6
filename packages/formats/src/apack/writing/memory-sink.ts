import type { ApackSink } from "./sink.js";

/** Collects an archive in memory. */
export class MemorySink implements ApackSink {
	#bytes: Uint8Array = new Uint8Array(4096);
	#length = 0;

	async write(pieces: readonly Uint8Array[]): Promise<void> {
		for (const piece of pieces) {
			const end = this.#length + piece.length;
			if (end > this.#bytes.length) {
				const grown = new Uint8Array(Math.max(2 * this.#bytes.length, end));
				grown.set(this.#bytes.subarray(0, this.#length));
				this.#bytes = grown;
			}
			this.#bytes.set(piece, this.#length);
			this.#length = end;
		}
	}

	async patch(offset: number, bytes: Uint8Array): Promise<void> {
		this.#bytes.set(bytes, offset);
	}

	/** What was written so far; belongs to the caller. */
	toBytes(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}
}
