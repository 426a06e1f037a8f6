/**
 * How a stream of TCP or TLS tells that it ended from that it was cut: it is a row of records.
 *
 * | offset | size | type | meaning |
 * |---|---|---|---|
 * | 0 | 4 | uint32, big-endian | length of what follows; 0 = the other side closed, nothing follows |
 * | 4 | length | bytes | the next bytes of the stream |
 *
 * An operating system ends the stream of a process that was killed as properly as one that was closed (docs/decisions/0059).
 */
export class Records {
	/** Bytes of the record that are still to come; `undefined` within a length. */
	#rest: number | undefined;
	#length = 0;
	#lengthBytes = 0;
	#ended = false;

	static start(length: number): Uint8Array {
		return Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length);
	}

	static end(): Uint8Array {
		return Records.start(0);
	}

	/** @param onBytes gets views of `bytes`. @returns whether the other side closed; what follows that is ignored. */
	take(bytes: Uint8Array, onBytes: (piece: Uint8Array) => void): "open" | "ended" {
		let at = 0;
		while (at < bytes.length && !this.#ended) {
			if (this.#rest === undefined) {
				this.#length = ((this.#length << 8) | (bytes[at] as number)) >>> 0;
				at += 1;
				this.#lengthBytes += 1;
				if (this.#lengthBytes < 4) continue;
				this.#ended = this.#length === 0;
				this.#rest = this.#length;
				this.#length = 0;
				this.#lengthBytes = 0;
				continue;
			}
			const size = Math.min(this.#rest, bytes.length - at);
			onBytes(bytes.subarray(at, at + size));
			at += size;
			this.#rest = this.#rest === size ? undefined : this.#rest - size;
		}
		return this.#ended ? "ended" : "open";
	}
}
