import type { Arrival, ContentAddressedStore, LocalStore, Page, Refusal } from "../../store/store.js";
import { pageEntries, readNoted } from "./pages.js";
import { type Note, type PeerMemory, startPosition } from "./peer-memory.js";
import { putWithBytes } from "./put-with-bytes.js";

/** Entries of a page that goes on until a signed one ends it. */
const mostSigned = 16_384;

export interface TransferOptions {
	readonly signal?: AbortSignal;
	readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

export interface PushResult {
	/** Entries that the other side did not have. */
	readonly sent: number;
	/** Entries that the other side did not store. They are offered again, but for those that were erased there. */
	readonly refused: readonly Refusal[];
}

export interface PushParts {
	readonly store: LocalStore;
	readonly remote: ContentAddressedStore;
	readonly memory: PeerMemory;
	readonly options: TransferOptions;
}

/** One push: what the other store left before, then what is new here. What it does not acknowledge is offered again. */
export class Push {
	readonly #parts: PushParts;
	readonly #refused = new Map<string, Refusal>();
	#sent = 0;

	constructor(parts: PushParts) {
		this.#parts = parts;
	}

	async run(): Promise<PushResult> {
		const { store, remote, memory, options } = this.#parts;
		const total = (await store.position()).arrival;
		const start = (await memory.meet(remote)) ?? startPosition;
		await this.#offerAgain();
		let remembered = start.arrival;
		let remembering = true;
		for (let at = start.arrival; ; ) {
			options.signal?.throwIfAborted();
			const page = await signedPage(store, at);
			if (page.next === at) break;
			const left = await this.#offer(page.arrivals);
			if (remembering) remembering = await this.#remember(page.next, left);
			if (remembering) remembered = page.next;
			at = page.next;
			options.onProgress?.({ done: at, total });
		}
		// A run that no page could hold was cut before its signed end, which is there now and vouches for it.
		if ([...this.#refused.values()].some(({ reason }) => reason === "unsigned")) await this.#offerAgain();
		if (this.#sent > 0) await this.#remember(remembered, []);
		return { sent: this.#sent, refused: [...this.#refused.values()] };
	}

	/** With the place where the other store stands now: a copy of it from before does not pass for one that has what was sent. */
	async #remember(arrival: number, notes: readonly Note[]): Promise<boolean> {
		const { remote, memory } = this.#parts;
		return memory.remember({ arrival, peer: await remote.position() }, notes);
	}

	async #offerAgain(): Promise<void> {
		const { store, memory, options } = this.#parts;
		for await (const page of readNoted(store, await memory.noted("again"))) {
			options.signal?.throwIfAborted();
			const damaged = page.damaged.map((arrival): Note => ({ arrival, kind: "again" }));
			await memory.settle("again", page.noted, [...(await this.#offer(page.arrivals)), ...damaged]);
		}
	}

	/** @returns what the other store did not acknowledge, and may yet take. */
	async #offer(arrivals: readonly Arrival[]): Promise<Note[]> {
		const { remote } = this.#parts;
		if (arrivals.length === 0) return [];
		const known = new Set(await remote.hasEntries(arrivals.map(({ entry }) => entry.hash)));
		const missing = arrivals.filter(({ entry }) => !known.has(entry.hash));
		for (const hash of known) this.#refused.delete(hash);
		const report = await putWithBytes(
			{ store: this.#parts.store, remote },
			arrivals.map(({ entry }) => entry),
			known,
		);
		const stored = new Set(report.stored.map(({ hash }) => hash));
		const acknowledged = new Set([...stored, ...report.known]);
		const refusals = new Map(report.refused.map((refusal) => [refusal.hash, refusal]));
		const left: Note[] = [];
		for (const { arrival, entry } of missing) {
			if (stored.has(entry.hash)) this.#sent++;
			if (acknowledged.has(entry.hash)) this.#refused.delete(entry.hash);
			else {
				const refusal = refusals.get(entry.hash) ?? unacknowledged(entry.hash);
				this.#refused.set(entry.hash, refusal);
				// What was erased there does not come back: noted, it would be sent whole at every meeting.
				if (refusal.reason !== "purged") left.push({ arrival, kind: "again" });
			}
		}
		return left;
	}
}

/** A page that does not end between an entry and the signed successor that vouches for it, as far as there is one. */
async function signedPage(store: LocalStore, after: number): Promise<Page> {
	for (let limit = pageEntries; ; limit *= 2) {
		const page = await store.entriesAfter(after, { limit, contents: false });
		if (page.arrivals.length < limit || limit >= mostSigned) return page;
		const open = page.arrivals.findLastIndex(({ entry }) => entry.signature !== undefined);
		if (open >= 0) {
			const cut = page.arrivals[open] as Arrival;
			return { ...page, arrivals: page.arrivals.slice(0, open + 1), next: cut.arrival };
		}
	}
}

function unacknowledged(hash: string): Refusal {
	return { hash, reason: "unacknowledged", message: "the other store did not say that it has the entry" };
}
