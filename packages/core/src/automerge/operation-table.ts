import type { OperationRun } from "./operation-runs.js";

/** Numbers of a row: first counter, count, action and type, object, place. */
const width = 5;

/** Where the operations of one change stand. */
export interface TableRange {
	readonly start: number;
	readonly end: number;
}

/**
 * What may be named of all changes of a document, at 40 bytes for a run of operations. A member can make every operation a run of
 * its own, of which an object each would take thousands of times the bytes that were sent.
 */
export class OperationTable {
	#rows = new Float64Array(0);
	#length = 0;
	/** Keys of maps; stored as −1 − index. */
	readonly #keys: string[] = [];
	readonly #numbers = new Map<string, number>();

	/** @param runs ascending. */
	add(runs: readonly OperationRun[]): TableRange {
		const start = this.#length;
		this.#grow(start + runs.length);
		for (const { first, count, action, type, object, place } of runs) {
			const at = this.#length++ * width;
			this.#rows[at] = first;
			this.#rows[at + 1] = count;
			this.#rows[at + 2] = action * 16 + type;
			this.#rows[at + 3] = object;
			this.#rows[at + 4] = typeof place === "string" ? this.#numberOf(place) : (place ?? 0);
		}
		return { start, end: this.#length };
	}

	/** The run of a change that holds a counter. */
	find({ start, end }: TableRange, counter: number): OperationRun | undefined {
		let low = start;
		let high = end - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if ((this.#rows[middle * width] as number) <= counter) low = middle;
			else high = middle - 1;
		}
		if (low >= end) return undefined;
		const [first, count, kind, object, place] = this.#rows.subarray(low * width, (low + 1) * width) as unknown as [
			number,
			number,
			number,
			number,
			number,
		];
		if (counter < first || counter >= first + count) return undefined;
		return {
			first,
			count,
			action: Math.floor(kind / 16),
			type: kind % 16,
			object,
			place: place === 0 ? undefined : place < 0 ? (this.#keys[-1 - place] as string) : place,
		};
	}

	#numberOf(key: string): number {
		let number = this.#numbers.get(key);
		if (number === undefined) {
			number = -this.#keys.push(key);
			this.#numbers.set(key, number);
		}
		return number;
	}

	#grow(length: number): void {
		if (length * width <= this.#rows.length) return;
		const rows = new Float64Array(Math.max(2 * this.#rows.length, length * width));
		rows.set(this.#rows);
		this.#rows = rows;
	}
}
