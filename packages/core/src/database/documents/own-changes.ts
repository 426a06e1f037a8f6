import type { CheckedChange } from "../../automerge/causal-index.js";
import type { LocalChange } from "../../automerge/crdt-document.js";

/** Changes of this replica's own to one document, on their way from the draft to the disk. */
export class OwnChanges {
	/** Drafted and not durable yet. */
	unwritten = 0;
	/** Entries that were sealed so far. */
	sealed = 0;
	#drafted: LocalChange[] = [];
	readonly #undurable = new Map<string, readonly LocalChange[]>();
	#waiting: (() => void)[] = [];

	/** Changes that have no entry yet. */
	get drafted(): readonly LocalChange[] {
		return this.#drafted;
	}

	/** Everything that the store does not have yet, each after what it builds on. */
	get undurable(): LocalChange[] {
		return [...[...this.#undurable.values()].flat(), ...this.#drafted];
	}

	draft(change: LocalChange): void {
		this.#drafted.push(change);
	}

	/** @param hash address of the entry. @param run its changes; none for a delete. */
	seal(hash: string, run: readonly LocalChange[]): void {
		const sealed = new Set(run);
		this.sealed++;
		this.#undurable.set(hash, run);
		this.#drafted = this.#drafted.filter((change) => !sealed.has(change));
	}

	/** @param hash address of an entry that the store has now. */
	settle(hash: string): void {
		this.#undurable.delete(hash);
	}

	/** Resolves when none is waiting to become durable. */
	async whenWritten(): Promise<void> {
		while (this.unwritten > 0) {
			await new Promise<void>((resolve) => {
				this.#waiting.push(resolve);
			});
		}
	}

	/** Called when some became durable or failed, before their writers hear of it. */
	announceWritten(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const resolve of waiting) resolve();
	}
}

/** An own change as those of others are that were checked. */
export function checked({ change, ...rest }: LocalChange): CheckedChange {
	return { ...rest, bytes: change };
}
