import { TransportError } from "../../errors.js";
import type { StoreLink } from "./store-link.js";

export interface PullingParts {
	/** Pulls at a time. */
	readonly most: number;
	/** Does something whose failure ends the session. */
	readonly work: (task: () => Promise<void>) => void;
	/** Told when a store was pulled from. */
	readonly onPulled: (link: StoreLink) => void;
}

/** Which store is pulled from next: the directory before all others, since it says whose entries count. */
export class Pulling {
	readonly #parts: PullingParts;
	readonly #wanted = new Set<StoreLink>();
	readonly #running = new Map<StoreLink, Promise<void>>();
	readonly #resting = new AbortController();
	#directory: StoreLink | undefined;
	#ended = false;

	constructor(parts: PullingParts) {
		this.#parts = parts;
	}

	/** Others wait until it has been pulled from once. */
	setDirectory(link: StoreLink): void {
		this.#directory = link;
	}

	/** Whether nothing waits and nothing is under way. */
	get isIdle(): boolean {
		return this.#wanted.size === 0 && this.#running.size === 0;
	}

	want(link: StoreLink): void {
		if (this.#ended) return;
		this.#wanted.add(link);
		this.#next();
	}

	/** A store is not opened after all. */
	drop(link: StoreLink): void {
		this.#wanted.delete(link);
		if (this.#directory === link) this.#directory = undefined;
		this.#next();
	}

	/** Begins nothing more, and resolves when what is under way was acknowledged: of each store the page that is being stored. */
	async rest(): Promise<void> {
		this.end(true);
		await Promise.all(this.#running.values());
	}

	/** The other side is gone. What it has given is taken over yet, unless this side has had enough. */
	end(givenUp: boolean): void {
		for (const link of this.#wanted) if (givenUp || !link.hasNews) this.#wanted.delete(link);
		this.#ended = true;
		if (givenUp) this.#resting.abort(new TransportError("the session takes nothing more", { retryable: true }));
	}

	#next(): void {
		for (const link of this.#wanted) {
			if (this.#running.size >= this.#parts.most) return;
			const mayRun = link === this.#directory || this.#directory === undefined || this.#directory.pulled;
			if (!mayRun || this.#running.has(link)) continue;
			this.#wanted.delete(link);
			let pulled = () => {};
			this.#running.set(
				link,
				new Promise((resolve) => {
					pulled = resolve;
				}),
			);
			this.#parts.work(async () => {
				try {
					await link.pull(this.#resting.signal);
				} finally {
					this.#running.delete(link);
					pulled();
				}
				this.#parts.onPulled(link);
				this.#next();
			});
		}
	}
}
