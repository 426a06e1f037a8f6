/**
 * What the rows of a run name instead of saying it again. A value is written out where it first occurs; later a number tells how far
 * back it stands.
 *
 * | what           | on the wire                                                                                    |
 * |----------------|------------------------------------------------------------------------------------------------|
 * | a table's value | 0 and the value, or from 1: the newest of the table, the one before it, ...                    |
 * | a hash         | 0 and 32 bytes; odd 2d - 1: the entry d rows before this one; even 2k: the k-th newest of those written out |
 */

import { FormatError } from "../../errors.js";
import type { Packer, Unpacker } from "../../store/packing.js";

/** Values that were written out, by a name that says all of them. */
export class PackingTable<T> {
	readonly #nameOf: (value: T) => string;
	readonly #write: (packer: Packer, value: T) => void;
	readonly #places = new Map<string, number>();

	constructor(nameOf: (value: T) => string, write: (packer: Packer, value: T) => void) {
		this.#nameOf = nameOf;
		this.#write = write;
	}

	pack(packer: Packer, value: T): void {
		const name = this.#nameOf(value);
		const place = this.#places.get(name);
		if (place !== undefined) {
			packer.uint(this.#places.size - place);
			return;
		}
		packer.uint(0);
		this.#write(packer, value);
		this.#places.set(name, this.#places.size);
	}
}

/** Inverse of `PackingTable`. */
export class UnpackingTable<T> {
	readonly #read: (unpacker: Unpacker) => T;
	readonly #values: T[] = [];

	constructor(read: (unpacker: Unpacker) => T) {
		this.#read = read;
	}

	unpack(unpacker: Unpacker): T {
		const back = unpacker.uint();
		if (back === 0) {
			const value = this.#read(unpacker);
			this.#values.push(value);
			return value;
		}
		return valueBack(this.#values, back);
	}
}

/** Hashes of entries as rows name them. */
export class PackingHashes {
	readonly #entries = new Map<string, number>();
	readonly #written = new Map<string, number>();
	#rows = 0;

	pack(packer: Packer, hash: string): void {
		const row = this.#entries.get(hash);
		const place = this.#written.get(hash);
		if (row !== undefined) packer.uint(2 * (this.#rows - row) - 1);
		else if (place !== undefined) packer.uint(2 * (this.#written.size - place));
		else {
			packer.uint(0).hash(hash);
			this.#written.set(hash, this.#written.size);
		}
	}

	/** The row of an entry has ended. */
	addEntry(hash: string): void {
		this.#entries.set(hash, this.#rows++);
	}
}

/** Inverse of `PackingHashes`. */
export class UnpackingHashes {
	readonly #entries: string[] = [];
	readonly #written: string[] = [];

	unpack(unpacker: Unpacker): string {
		const reference = unpacker.uint();
		if (reference === 0) {
			const hash = unpacker.hash();
			this.#written.push(hash);
			return hash;
		}
		return reference % 2 === 1
			? valueBack(this.#entries, (reference + 1) / 2)
			: valueBack(this.#written, reference / 2);
	}

	/** @param most how many may follow. */
	unpackList(unpacker: Unpacker, most: number): string[] {
		const count = unpacker.uint();
		if (count > most)
			throw new FormatError("run: names too many hashes", { code: "limit", expected: most, found: count });
		return Array.from({ length: count }, () => this.unpack(unpacker));
	}

	addEntry(hash: string): void {
		this.#entries.push(hash);
	}
}

function valueBack<T>(values: readonly T[], back: number): T {
	const value = values[values.length - back];
	if (value === undefined)
		throw new FormatError("run: names what did not come before", { expected: values.length, found: back });
	return value;
}
