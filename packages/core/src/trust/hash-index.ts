/**
 * A map from entry hashes to numbers in 20 bytes an entry (a `Map` of strings needs over 100): the chain of one author may have
 * a million links. Only the first 16 bytes of a hash are kept, as in the rows of a store; nobody can make two entries that
 * share them.
 */
export class HashIndex {
	#words = new Uint32Array(4 * 64);
	/** 0 = free, else the value + 1. */
	#values = new Uint32Array(64);
	#size = 0;

	get size(): number {
		return this.#size;
	}

	/** @param hash 64 lower-case hex digits. */
	get(hash: string): number | undefined {
		const value = this.#values[this.#slot(word(hash, 0), word(hash, 8), word(hash, 16), word(hash, 24))] as number;
		return value === 0 ? undefined : value - 1;
	}

	/** @param value 0 to 2^32 - 2. */
	set(hash: string, value: number): void {
		if (4 * this.#size >= 3 * this.#values.length) this.#grow();
		this.#put(word(hash, 0), word(hash, 8), word(hash, 16), word(hash, 24), value + 1);
	}

	#put(a: number, b: number, c: number, d: number, stored: number): void {
		const slot = this.#slot(a, b, c, d);
		if (this.#values[slot] === 0) this.#size++;
		this.#values[slot] = stored;
		this.#words.set([a, b, c, d], 4 * slot);
	}

	#slot(a: number, b: number, c: number, d: number): number {
		const mask = this.#values.length - 1;
		for (let slot = a & mask; ; slot = (slot + 1) & mask) {
			if (this.#values[slot] === 0) return slot;
			const at = 4 * slot;
			const words = this.#words;
			if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return slot;
		}
	}

	#grow(): void {
		const words = this.#words;
		const values = this.#values;
		this.#words = new Uint32Array(2 * words.length);
		this.#values = new Uint32Array(2 * values.length);
		this.#size = 0;
		for (let slot = 0; slot < values.length; slot++) {
			const stored = values[slot] as number;
			if (stored === 0) continue;
			const at = 4 * slot;
			this.#put(words[at] as number, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number, stored);
		}
	}
}

/** 8 hex digits as an unsigned number. */
function word(hash: string, offset: number): number {
	let value = 0;
	for (let i = offset; i < offset + 8; i++) {
		const code = hash.charCodeAt(i);
		value = (value << 4) | (code < 58 ? code - 48 : code - 87);
	}
	return value >>> 0;
}
