import { linkOf, type StoredEntry } from "../../entry/entry.js";
import type { Arrival, Refusal } from "../../store/store.js";

/** An entry that was offered and not stored. */
export interface Left {
	readonly at: Arrival;
	readonly refusal: Refusal;
}

export interface CarriedLimits {
	/** @default 16,384 */
	readonly entries?: number;
	/** Headers, payloads and signatures. @default 64 MiB */
	readonly bytes?: number;
}

/** Entries without a signature that wait, in memory, for the page with the signed successor that vouches for them. */
export class Carried {
	readonly #entries: number;
	readonly #bytes: number;
	readonly #waiting = new Map<string, Left>();
	#held = 0;

	constructor({ entries = 16_384, bytes = 64 * 1024 * 1024 }: CarriedLimits = {}) {
		this.#entries = entries;
		this.#bytes = bytes;
	}

	get size(): number {
		return this.#waiting.size;
	}

	/** @returns what there is no room for: the oldest, which stand farthest from their signed successor. */
	keep(left: readonly Left[]): Left[] {
		for (const each of left) {
			const { entry } = each.at;
			if (this.#waiting.has(entry.hash)) continue;
			this.#waiting.set(entry.hash, each);
			this.#held += bytesOf(entry);
		}
		const out: Left[] = [];
		for (const each of this.#waiting.values()) {
			if (this.#waiting.size <= this.#entries && this.#held <= this.#bytes) break;
			this.#remove(each);
			out.push(each);
		}
		return out;
	}

	/** Takes out what signed entries of a page claim to follow, so that each entry is offered once more and not with every page. */
	takeNamedBy(page: readonly Arrival[]): Arrival[] {
		if (this.#waiting.size === 0) return [];
		const entries = new Map(page.map(({ entry }) => [entry.hash, entry]));
		const named = new Set<string>();
		for (const { entry } of page) {
			if (entry.signature === undefined) continue;
			for (let current: StoredEntry | undefined = entry; current !== undefined; ) {
				const previous: string | undefined = linkOf(current).previousByAuthor;
				if (previous === undefined || named.has(previous)) break;
				named.add(previous);
				current = entries.get(previous) ?? this.#waiting.get(previous)?.at.entry;
			}
		}
		const taken = [...this.#waiting.values()].filter(({ at }) => named.has(at.entry.hash));
		for (const each of taken) this.#remove(each);
		return taken.map(({ at }) => at);
	}

	takeAll(): Left[] {
		const all = [...this.#waiting.values()];
		for (const each of all) this.#remove(each);
		return all;
	}

	#remove({ at: { entry } }: Left): void {
		if (this.#waiting.delete(entry.hash)) this.#held -= bytesOf(entry);
	}
}

function bytesOf(entry: StoredEntry): number {
	const body = entry.kind === "stub" ? entry.headerHash.length : entry.header.length + (entry.payload?.length ?? 0);
	return body + (entry.signature?.length ?? 0);
}
