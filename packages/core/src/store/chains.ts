/**
 * Heads and gaps of author chains, in whatever order the entries arrive.
 *
 * A head is an entry that no other entry of its author here names as predecessor; a gap is an entry that is named and missing.
 * Only these two have rows, so an entry that was named leaves none: an entry that is here and is no head was named before.
 */
import { chainKey, tags } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { AuthorState } from "./state.js";

interface Mark {
	readonly tag: number;
	readonly author: AuthorState;
	readonly hash: string;
	readonly before: boolean;
	now: boolean;
}

/** What one batch changes in the chains. */
export class ChainChanges {
	readonly #marks = new Map<string, Mark>();

	/** States whether a head or gap row exists before the batch. Rows that were not stated do not exist. */
	state(tag: number, author: AuthorState, hash: string, exists: boolean): void {
		this.#marks.set(nameOf(tag, author, hash), { tag, author, hash, before: exists, now: exists });
	}

	has(tag: number, author: AuthorState, hash: string): boolean {
		return this.#marks.get(nameOf(tag, author, hash))?.now ?? (tag === tags.head && author.lastHead === hash);
	}

	set(tag: number, author: AuthorState, hash: string, now: boolean): void {
		const name = nameOf(tag, author, hash);
		const mark = this.#marks.get(name);
		if (mark === undefined) {
			const before = tag === tags.head && author.lastHead === hash;
			this.#marks.set(name, { tag, author, hash, before, now });
		} else mark.now = now;
	}

	rows(): RowWrite[] {
		const rows: RowWrite[] = [];
		for (const { tag, author, hash, before, now } of this.#marks.values()) {
			if (before === now) continue;
			const key = chainKey(tag, author.number, hash);
			rows.push(now ? { type: "put", key, value: new Uint8Array(0) } : { type: "del", key });
		}
		return rows;
	}

	/** Takes over into the authors' states what was written. */
	commit(): void {
		for (const { tag, author, hash, now } of this.#marks.values()) {
			if (tag === tags.gap && now) author.mayHaveGaps = true;
			if (tag !== tags.head) continue;
			if (now) author.lastHead = hash;
			else if (author.lastHead === hash) author.lastHead = undefined;
		}
	}
}

function nameOf(tag: number, author: AuthorState, hash: string): string {
	return `${tag} ${author.number} ${hash}`;
}
