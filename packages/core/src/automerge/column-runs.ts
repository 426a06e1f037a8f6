/**
 * Run-length columns of an Automerge change, read without unfolding them: what is kept grows with the bytes, never with a count
 * that they announce.
 *
 * | encoding | form                                                                                              |
 * |----------|---------------------------------------------------------------------------------------------------|
 * | runs     | count n (LEB): n ≥ 2, one value n times; n < 0, −n single values; 0, then uLEB many nulls          |
 * | delta    | runs of signed differences; the first from 0; nulls do not move it                                |
 * | boolean  | uLEB counts, of false, true, false and so on; only the first may be 0                             |
 *
 * Only the canonical form is taken: single values never repeat their neighbour, and neighbouring runs differ.
 *
 * Source: automerge.org/automerge-binary-format-spec, "Column Encodings".
 */
import { FormatError } from "../errors.js";
import type { ByteReader } from "./leb128.js";

export interface Runs<T> {
	readonly counts: readonly number[];
	/** `null` where the rows of a run hold nothing. */
	readonly values: readonly (T | null)[];
	/** Rows of all runs. */
	readonly total: number;
}

/** Reads a column of runs to the end of `reader`. @param most rows that are allowed. @throws {FormatError} */
export function readRuns<T extends number | string>(reader: ByteReader, read: () => T, most: number): Runs<T> {
	const counts: number[] = [];
	const values: (T | null)[] = [];
	let total = 0;
	let before: T | null | undefined;
	let singlesBefore = false;
	const take = (count: number, value: T | null): void => {
		if (value === before) throw reader.error("expected runs that differ from their neighbours");
		before = value;
		counts.push(count);
		values.push(value);
		total += count;
		if (total > most) throw tooMany(most);
	};
	while (!reader.done) {
		const count = reader.signed();
		if (count > 1) take(count, read());
		else if (count === 1) throw reader.error("expected a run of at least 2");
		else if (count === 0) {
			const nulls = reader.unsigned();
			if (nulls === 0) throw reader.error("expected at least one null");
			take(nulls, null);
		} else {
			if (singlesBefore) throw reader.error("expected neighbouring single values in one run");
			for (let left = count; left < 0; left++) take(1, read());
		}
		singlesBefore = count < 0;
	}
	return { counts, values, total };
}

/** Reads a boolean column to the end of `reader`. @throws {FormatError} */
export function readBooleans(reader: ByteReader, most: number): Runs<number> {
	const counts: number[] = [];
	const values: number[] = [];
	let total = 0;
	for (let value = 0; !reader.done; value ^= 1) {
		const count = reader.unsigned();
		if (count === 0) {
			if (total === 0 && value === 0 && !reader.done) continue;
			throw reader.error("expected booleans without empty runs");
		}
		counts.push(count);
		values.push(value);
		total += count;
		if (total > most) throw tooMany(most);
	}
	return { counts, values, total };
}

/** Gives the rows of a column one after the other. */
export class RunCursor<T> {
	readonly #runs: Runs<T>;
	#run = -1;
	#left = 0;
	#value: T | null = null;

	constructor(runs: Runs<T>) {
		this.#runs = runs;
	}

	/** The next row; null behind the last one. */
	next(): T | null {
		if (this.#left === 0) {
			this.#run++;
			this.#left = this.#runs.counts[this.#run] ?? Number.POSITIVE_INFINITY;
			this.#value = this.#runs.values[this.#run] ?? null;
		}
		this.#left--;
		return this.#value;
	}
}

/** Gives the rows of a delta column as sums. */
export class DeltaCursor {
	readonly #differences: RunCursor<number>;
	#sum = 0;

	constructor(runs: Runs<number>) {
		this.#differences = new RunCursor(runs);
	}

	next(): number | null {
		const difference = this.#differences.next();
		if (difference === null) return null;
		this.#sum += difference;
		return this.#sum;
	}
}

function tooMany(most: number): FormatError {
	return new FormatError(`change: expected at most ${most} operations or predecessors`, {
		code: "limit",
		expected: most,
	});
}
