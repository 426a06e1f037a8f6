import type { Env } from "../../env.js";
import { MindooError, nameOfError, UsageError } from "../../errors.js";
import { BackOff, type BackOffOptions } from "./back-off.js";
import type { Link, LinkCounts, LinkEnd, OpenLink } from "./link.js";

export type SyncState =
	/** On the way to the other side, or proving who is who. */
	| "connecting"
	/** Connected; not all is here and there yet. */
	| "levelling"
	/** Connected, and both sides had everything when it was looked at last; what is new goes out at once. */
	| "live"
	/** Not connected; tries again. */
	| "waiting"
	/** At an end: closed, done, or failed for good. */
	| "ended";

export interface SyncStatus extends LinkCounts {
	readonly state: SyncState;
	/** Failures since the last connection. */
	readonly failures: number;
	/** While waiting: when the next try begins, milliseconds since 1970. */
	readonly retryAt: number | undefined;
	/** What went wrong last; a new connection clears it. */
	readonly error: MindooError | undefined;
}

/** What cannot be read offline yet. */
export interface LackingCounts {
	readonly payloads: number;
	readonly bytes: number;
	/** Payloads of what documents were before their newest snapshots, which are fetched behind everything else, or not at all. */
	readonly past: { readonly payloads: number; readonly bytes: number };
}

export interface SyncHandleParts {
	readonly env: Pick<Env, "clock" | "random" | "log">;
	readonly openLink: OpenLink;
	/** Whether it stays connected after both sides are level, and connects again. */
	readonly live: boolean;
	/** Whether it connects again when the connection is lost. @default true */
	readonly again?: boolean | undefined;
	readonly signal?: AbortSignal | undefined;
	readonly onProgress?: ((status: SyncStatus) => void) | undefined;
	readonly backOff?: BackOffOptions | undefined;
	/** Own entries that no other replica has acknowledged. */
	readonly countUnacknowledged: () => Promise<number>;
	/** Bytes of attachments that are to be here and are not. */
	readonly countLacking: () => Promise<LackingCounts>;
}

const noCounts: LinkCounts = { received: 0, sent: 0, declinedHere: 0, declinedThere: 0 };

/** A sync that was begun: tells how it stands, and ends it. */
export class SyncHandle {
	readonly #parts: SyncHandleParts;
	readonly #backOff: BackOff;
	readonly #listeners = new Set<(status: SyncStatus) => void>();
	readonly #ending = new AbortController();
	/** Counts of connections that have ended. */
	#before = noCounts;
	#link: Link | undefined;
	#state: SyncState = "connecting";
	#retryAt: number | undefined;
	#wasLevel = false;
	#error: MindooError | undefined;
	/** Resolves when both sides were level for the first time, or when it is over without that. */
	readonly #levelled: Promise<void>;
	/** Resolves when it is over: without `live` when both sides are level. Rejects with what cannot be helped by another try. */
	readonly done: Promise<void>;

	constructor(parts: SyncHandleParts) {
		this.#parts = parts;
		this.#backOff = new BackOff(parts.env.random, parts.backOff);
		const onAbort = () => this.#ending.abort(parts.signal?.reason);
		if (parts.signal?.aborted) onAbort();
		else parts.signal?.addEventListener("abort", onAbort, { once: true });
		let levelled = () => {};
		this.#levelled = new Promise((resolve) => {
			levelled = resolve;
		});
		this.done = this.#run(levelled).finally(() => {
			parts.signal?.removeEventListener("abort", onAbort);
			this.#tell("ended");
		});
		// Whoever does not ask is not to be ended by it; the status says it too.
		this.done.catch(() => undefined);
	}

	get status(): SyncStatus {
		return {
			...sum(this.#before, this.#link?.counts ?? noCounts),
			state: this.#state,
			failures: this.#backOff.failures,
			retryAt: this.#retryAt,
			error: this.#error,
		};
	}

	/** Told of every change of the status. @returns a function that ends it. */
	onStatus(listener: (status: SyncStatus) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Resolves when both sides have been level once. @throws what ended it before that; `closed` when it was closed. */
	async level(): Promise<void> {
		await Promise.race([this.#levelled, this.done]);
		if (!this.#wasLevel) throw new UsageError("the sync was closed before both sides were level", { code: "closed" });
	}

	/** How many entries of this replica's user no other replica has acknowledged: what would be lost with this device. */
	countUnacknowledged(): Promise<number> {
		return this.#parts.countUnacknowledged();
	}

	/** What of the attachments that this replica is to hold has not come yet, and cannot be read offline. */
	countLacking(): Promise<LackingCounts> {
		return this.#parts.countLacking();
	}

	/** Ends it. What is durable stays; what was under way is sent again another time. */
	async close(): Promise<void> {
		this.#ending.abort(new UsageError("the sync was closed", { code: "closed" }));
		await this.done.catch(() => undefined);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #run(levelled: () => void): Promise<void> {
		const { signal } = this.#ending;
		while (!signal.aborted) {
			this.#tell("connecting");
			const end = await this.#once(signal, levelled);
			if (end === undefined || signal.aborted) return;
			this.#error = end.error;
			if (!end.retry || this.#parts.again === false) {
				if (end.error === undefined) return;
				throw end.error;
			}
			await this.#wait(this.#backOff.next(end.after), signal);
		}
	}

	/** One connection. @returns why another one is needed; `undefined` when none is. */
	async #once(signal: AbortSignal, levelled: () => void): Promise<LinkEnd | undefined> {
		const { openLink, live, env } = this.#parts;
		let link: Link;
		try {
			link = await openLink(signal);
		} catch (error) {
			return endOf(error);
		}
		this.#link = link;
		const onAbort = () => void link.close();
		signal.addEventListener("abort", onAbort, { once: true });
		if (signal.aborted) onAbort();
		const endCounts = link.onCounts(() => this.#tell(this.#state));
		try {
			this.#error = undefined;
			this.#tell("levelling");
			await link.level();
			this.#backOff.reset();
			this.#wasLevel = true;
			levelled();
			if (!live) return undefined;
			this.#tell("live");
			return await link.ended;
		} catch (error) {
			env.log("info", "a sync was interrupted", { error: nameOfError(error) });
			await link.close();
			const end = await link.ended;
			return end.error === undefined ? endOf(error) : end;
		} finally {
			endCounts();
			signal.removeEventListener("abort", onAbort);
			await link.close();
			this.#before = sum(this.#before, link.counts);
			this.#link = undefined;
		}
	}

	async #wait(delay: number, signal: AbortSignal): Promise<void> {
		const { clock } = this.#parts.env;
		this.#retryAt = clock.now() + delay;
		this.#tell("waiting");
		await new Promise<void>((resolve) => {
			const go = () => {
				cancel();
				signal.removeEventListener("abort", go);
				resolve();
			};
			const cancel = clock.after(delay, go);
			signal.addEventListener("abort", go);
		});
		this.#retryAt = undefined;
	}

	#tell(state: SyncState): void {
		this.#state = state;
		const { status } = this;
		for (const listener of this.#listeners) listener(status);
		this.#parts.onProgress?.(status);
	}
}

function endOf(error: unknown): LinkEnd {
	if (!(error instanceof MindooError)) throw error;
	return { error, retry: "retryable" in error && error.retryable === true, after: 0 };
}

function sum(a: LinkCounts, b: LinkCounts): LinkCounts {
	return {
		received: a.received + b.received,
		sent: a.sent + b.sent,
		declinedHere: a.declinedHere + b.declinedHere,
		declinedThere: a.declinedThere + b.declinedThere,
	};
}
