/** Documents of a store, the newest first: what a new device wants to see before the history is complete. */
import { type Entry, isChunk, linkOf, type StoredEntry } from "../../entry/entry.js";
import { chunkPayloadLength } from "../../entry/payload.js";
import type { RecentEntries, RecentOptions } from "../../store/recent-entries.js";
import type { Arrival, LocalStore } from "../../store/store.js";
import { coveredByNewestSnapshot } from "./snapshot-cover.js";

const defaultLimit = 256;
const defaultBytes = 8 * 1024 * 1024;
/** Arrivals that are looked at together, and for one answer: most of them may be of documents that were given before. */
const arrivalsAtOnce = 64;
const mostArrivals = 2048;
/** Entries of a document that are read together. */
const entriesAtOnce = 256;

const none: ReadonlySet<number> = new Set();

interface RecentDocument {
	readonly document: number;
	readonly newest: number;
}

/** Answers `recent` of the contract. Of what was asked before it remembers nothing that an answer depends on. */
export class RecentDocuments {
	readonly #store: LocalStore;
	/** What is covered of a document that no answer holds alone: the next one asks again. */
	#cover: { readonly document: number; readonly newest: number; readonly covered: ReadonlySet<number> } | undefined;

	constructor(store: LocalStore) {
		this.#store = store;
	}

	async entries(options: RecentOptions): Promise<RecentEntries> {
		const { limit = defaultLimit, maxBytes = defaultBytes, dense = false, ...place } = options;
		const gathered = new Gathered(this.#store, { limit, maxBytes });
		const { entries } = gathered;
		let { before } = place;
		const begun = place.within > 0 ? await documentAt(this.#store, before - 1) : undefined;
		if (begun !== undefined) {
			const covered = await this.#covered({ document: begun, newest: before - 1 }, dense);
			const cut = await gathered.add(begun, { after: place.within, covered });
			if (cut !== undefined) return { entries, next: { before, within: cut } };
			this.#cover = undefined;
			before--;
		}
		const last = Math.max(1, before - mostArrivals);
		for await (const recent of documentsBefore(this.#store, before, last)) {
			const next = recent.newest + 1;
			if (gathered.full) return { entries, next: { before: next, within: 0 } };
			const covered = await this.#covered(recent, dense);
			const cut = await gathered.add(recent.document, { after: 0, covered });
			if (cut !== undefined) return { entries, next: { before: next, within: cut } };
		}
		return { entries, next: last > 1 ? { before: last, within: 0 } : undefined };
	}

	async #covered({ document, newest }: RecentDocument, dense: boolean): Promise<ReadonlySet<number>> {
		if (!dense) return none;
		if (this.#cover?.document === document && this.#cover.newest === newest) return this.#cover.covered;
		const covered = await coveredByNewestSnapshot(this.#store, document);
		this.#cover = { document, newest, covered };
		return covered;
	}
}

/** Documents whose newest entries arrived from `last` on and before `before`, the newest first. */
async function* documentsBefore(store: LocalStore, before: number, last: number): AsyncGenerator<RecentDocument> {
	const seen = new Set<string>();
	for (let end = before; end > last; end -= arrivalsAtOnce) {
		const first = Math.max(last, end - arrivalsAtOnce);
		const arrivals = Array.from({ length: end - first }, (_, index) => end - 1 - index);
		for (const { arrival, entry } of await store.getArrivals(arrivals, { payload: false })) {
			const { docId } = linkOf(entry);
			if (entry.kind === "stub" || isChunk(entry) || seen.has(docId)) continue;
			seen.add(docId);
			const document = await store.documentNumber(docId);
			// One with a newer entry was given before, or changes now: then it comes with what is new.
			if (document === undefined || (await store.newestOfDocument(document)) !== arrival) continue;
			yield { document, newest: arrival };
		}
	}
}

async function documentAt(store: LocalStore, arrival: number): Promise<number | undefined> {
	const [found] = await store.getArrivals([arrival], { payload: false });
	return found && store.documentNumber(linkOf(found.entry).docId);
}

interface AnswerLimits {
	readonly limit: number;
	readonly maxBytes: number;
}

/** Entries of one answer. */
class Gathered {
	readonly #store: LocalStore;
	readonly #limits: AnswerLimits;
	readonly entries: StoredEntry[] = [];
	#bytes = 0;

	constructor(store: LocalStore, limits: AnswerLimits) {
		this.#store = store;
		this.#limits = limits;
	}

	get full(): boolean {
		return this.entries.length >= this.#limits.limit || this.#bytes >= this.#limits.maxBytes;
	}

	/**
	 * Adds what arrived of a document behind an arrival. @param span `covered`: what comes without payload.
	 * @returns where it was cut, `after` before the first; `undefined` for all of it.
	 */
	async add(
		document: number,
		{ after, covered }: { readonly after: number; readonly covered: ReadonlySet<number> },
	): Promise<number | undefined> {
		let last = after;
		for await (const arrivals of this.#store.entriesOfDocument(document, { after, payload: false })) {
			for (let from = 0; from < arrivals.length; from += entriesAtOnce) {
				const some = arrivals.slice(from, from + entriesAtOnce);
				const fitting = this.#fitting(some, covered);
				this.entries.push(...(await this.#withPayloads(fitting, covered)));
				last = fitting.at(-1)?.arrival ?? last;
				if (fitting.length < some.length) return last;
			}
		}
		return undefined;
	}

	/** As many as there is room for, by what their headers say; at least one where there is nothing yet. */
	#fitting(arrivals: readonly Arrival[], covered: ReadonlySet<number>): readonly Arrival[] {
		const { limit, maxBytes } = this.#limits;
		for (const [index, { arrival, entry }] of arrivals.entries()) {
			const count = this.entries.length + index;
			const bytes = covered.has(arrival) || entry.kind === "stub" ? 0 : payloadRoom(entry);
			if (count > 0 && (count >= limit || this.#bytes + bytes > maxBytes)) return arrivals.slice(0, index);
			this.#bytes += bytes;
		}
		return arrivals;
	}

	async #withPayloads(arrivals: readonly Arrival[], covered: ReadonlySet<number>): Promise<StoredEntry[]> {
		const wanted = arrivals.flatMap(({ arrival }) => (covered.has(arrival) ? [] : [arrival]));
		const whole = new Map((await this.#store.getArrivals(wanted)).map((each) => [each.arrival, each.entry]));
		return arrivals.flatMap(({ arrival, entry }) => (covered.has(arrival) ? [entry] : (whole.get(arrival) ?? [])));
	}
}

/** Bytes of a payload at most. */
function payloadRoom({ fields }: Entry): number {
	return chunkPayloadLength(fields?.originalSize ?? 0);
}
