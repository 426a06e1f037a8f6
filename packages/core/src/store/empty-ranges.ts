import { compareBytes } from "../bytes/compare.js";
import { toHex } from "../bytes/hex.js";
import { LruMap } from "./lru-map.js";
import type { RowRange, RowWrite } from "./rows.js";

/** Ranges that are remembered; each write looks at all of them. */
const mostRanges = 32;

/**
 * Ranges of rows in which nothing was found, until something is written there: notes about a peer and payloads that are lacking are looked
 * for at every meeting and every pull, and mostly there are none. Good for rows that one process writes alone.
 */
export class EmptyRanges {
	readonly #known = new LruMap<string, RowRange>(mostRanges);
	/** Writes that were begun, and those of them that are under way. */
	#begun = 0;
	#writing = 0;

	/** Whether nothing is in a range, as far as is known. */
	has(range: RowRange): boolean {
		if (this.#known.get(nameOf(range)) !== undefined) return true;
		for (const [, { gte, lt }] of this.#known) {
			if (compareBytes(gte, range.gte) <= 0 && compareBytes(range.lt, lt) <= 0) return true;
		}
		return false;
	}

	/** To be called before a look, which may miss what is written meanwhile. @returns what is to be called when it found nothing. */
	look(range: RowRange): () => void {
		const begun = this.#begun;
		const isStill = this.#writing === 0;
		return () => {
			if (isStill && begun === this.#begun) this.#known.set(nameOf(range), range);
		};
	}

	/** @param write puts the rows, or some of them where it fails. */
	async during<T>(rows: readonly RowWrite[], write: () => Promise<T>): Promise<T> {
		this.#begun++;
		this.#writing++;
		for (const [name, { gte, lt }] of [...this.#known]) {
			const isIn = ({ type, key }: RowWrite) =>
				type === "put" && compareBytes(key, gte) >= 0 && compareBytes(key, lt) < 0;
			if (rows.some(isIn)) this.#known.delete(name);
		}
		try {
			return await write();
		} finally {
			this.#writing--;
		}
	}
}

function nameOf({ gte, lt }: RowRange): string {
	return `${toHex(gte)}/${toHex(lt)}`;
}
