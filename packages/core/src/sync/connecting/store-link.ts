import { MindooError } from "../../errors.js";
import type { PullResult } from "../levelling/pull.js";
import type { PushResult } from "../levelling/push.js";
import type { Link, LinkCounts, LinkEnd } from "./link.js";

export interface StoreLinkParts {
	readonly pull: (options: { readonly signal: AbortSignal }) => Promise<PullResult>;
	readonly push: (options: { readonly signal: AbortSignal }) => Promise<PushResult>;
	/** Told of new entries on this side, and on the other where that can tell. @returns a function that ends it. */
	readonly onAppended: (listener: () => void) => () => void;
}

/** A store in reach as something to be connected with: levelled at once, and again whenever one side has news. */
export function openStoreLink(parts: StoreLinkParts): Link {
	return new StoreLink(parts);
}

class StoreLink implements Link {
	readonly #parts: StoreLinkParts;
	readonly #listeners = new Set<() => void>();
	readonly #stopping = new AbortController();
	readonly ended: Promise<LinkEnd>;
	#end: (end: LinkEnd) => void = () => {};
	#endNews: (() => void) | undefined;
	#running: Promise<void> = Promise.resolve();
	#again = false;
	counts: LinkCounts = { received: 0, sent: 0, declinedHere: 0, declinedThere: 0 };

	constructor(parts: StoreLinkParts) {
		this.#parts = parts;
		this.ended = new Promise((resolve) => {
			this.#end = resolve;
		});
	}

	async level(): Promise<void> {
		this.#endNews ??= this.#parts.onAppended(() => this.#news());
		this.#running = this.#once();
		await this.#running;
	}

	onCounts(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	async close(): Promise<void> {
		this.#endNews?.();
		this.#stopping.abort();
		await this.#running.catch(() => undefined);
		this.#end({ error: undefined, retry: false, after: 0 });
	}

	/** What comes while a pass is under way gets a pass of its own behind it, however much it is. */
	#news(): void {
		if (this.#again || this.#stopping.signal.aborted) return;
		this.#again = true;
		this.#running = this.#running
			.then(() => {
				this.#again = false;
				return this.#stopping.signal.aborted ? undefined : this.#once();
			})
			.catch((error) => {
				this.#end({ error: error instanceof MindooError ? error : undefined, retry: true, after: 0 });
			});
	}

	async #once(): Promise<void> {
		const { pull, push } = this.#parts;
		const { signal } = this.#stopping;
		const pulled = await pull({ signal });
		const pushed = await push({ signal });
		const before = this.counts;
		this.counts = {
			received: before.received + pulled.stored,
			sent: before.sent + pushed.sent,
			declinedHere: pulled.refused.length,
			declinedThere: pushed.refused.length,
		};
		for (const listener of this.#listeners) listener();
	}
}
