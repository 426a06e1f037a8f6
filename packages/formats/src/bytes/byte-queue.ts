const noBytes = new Uint8Array(0);

/**
 * Bytes that come in pieces of any size and leave in frames. Holds at most about twice what was pushed and not yet taken, and nothing
 * when all was: there are thousands of them that wait.
 */
export class ByteQueue {
	#buffer = noBytes;
	#start = 0;
	#end = 0;

	/** Bytes that can be taken. */
	get length(): number {
		return this.#end - this.#start;
	}

	push(bytes: Uint8Array): void {
		if (bytes.length > this.#buffer.length - this.#end) this.#makeRoom(bytes.length);
		this.#buffer.set(bytes, this.#end);
		this.#end += bytes.length;
	}

	/** A view of the first bytes, valid until the next `push`. */
	peekView(length: number): Uint8Array {
		return this.#buffer.subarray(this.#start, this.#start + length);
	}

	/** Removes the first bytes; they belong to the caller. */
	take(length: number): Uint8Array {
		const taken = this.#buffer.slice(this.#start, this.#start + length);
		this.skip(length);
		return taken;
	}

	skip(length: number): void {
		this.#start += length;
		if (this.#start === this.#end) {
			this.#start = 0;
			this.#end = 0;
			this.#buffer = noBytes;
		}
	}

	#makeRoom(more: number): void {
		const needed = this.length + more;
		// Doubling keeps the copying linear, also when bytes come one by one. What comes first is mostly all.
		const size = this.length === 0 ? needed : Math.max(1024, 2 * needed);
		const target = needed <= this.#buffer.length / 2 ? this.#buffer : new Uint8Array(size);
		target.set(this.#buffer.subarray(this.#start, this.#end));
		this.#buffer = target;
		this.#end -= this.#start;
		this.#start = 0;
	}
}
