import type { StoredEntry } from "../../entry/entry.js";
import type { ContentAddressedStore, PutReport, Refusal, StorePosition } from "../../store/store.js";
import type { CarriedLimits } from "./carried.js";
import { isReconcilable } from "./found.js";
import { Intake } from "./intake.js";
import { takeLatestFirst, tellsRecent } from "./latest-first.js";
import { pageEntries, readNoted, readPage } from "./pages.js";
import { type Note, type PeerMemory, type Position, startPosition } from "./peer-memory.js";
import type { NoteKind } from "./peer-rows.js";
import type { PullOptions } from "./pull-options.js";
import { isWorthwhile, type OwnRecords, Reconciling, type ReconcilingLimits } from "./reconciling.js";

/** What one pull takes from a store that may never come to an end. */
export interface PullLimits {
	/** Arrivals that are refused, or damaged there. @default 65,536 */
	readonly refused: number;
	/** Pages one after the other that hold nothing. @default 4,096 */
	readonly emptyPages: number;
	/** Arrivals up to which a store is read in order, however little is here: documents by recency cost several times as much. @default 4,096 */
	readonly inOrder: number;
	readonly carried: CarriedLimits;
	readonly reconciling: Omit<ReconcilingLimits, "refused">;
}

const defaultLimits: PullLimits = {
	refused: 65_536,
	emptyPages: 4096,
	inOrder: 4096,
	carried: {},
	reconciling: { needed: 16_384, barrenRounds: 64, absent: 65_536 },
};

export interface PullResult {
	/** Entries that are new here. */
	readonly stored: number;
	/** Entries that this side did not store, and why. They are asked for again. */
	readonly refused: readonly Refusal[];
	/** Arrivals that the other store has and cannot read. They are asked for again. */
	readonly damaged: readonly number[];
	/** Whether everything that the other store announced was looked at; else another call goes on. */
	readonly complete: boolean;
}

export interface PullParts {
	/** How many entries are here. */
	readonly ownArrivals: () => Promise<number>;
	readonly remote: ContentAddressedStore;
	readonly memory: PeerMemory;
	/** Checks, stores and judges. */
	readonly take: (entries: readonly StoredEntry[]) => Promise<PutReport>;
	/** Without it a store of which nothing is remembered is read from its first page on. */
	readonly own?: OwnRecords;
	/** As `take`, for entries that may stand without their payloads: then a side that has next to nothing takes the newest documents first. */
	readonly takeLatest?: (entries: readonly StoredEntry[]) => Promise<PutReport>;
	readonly options: PullOptions;
	readonly limits?: Partial<PullLimits>;
}

/** One pull: what was noted before, then what is new at the other store. Nothing that it says is believed, but for what it has not. */
export class Pull {
	readonly #parts: PullParts;
	readonly #limits: PullLimits;
	readonly #intake: Intake;

	constructor(parts: PullParts) {
		const { ownArrivals, take } = parts;
		this.#parts = parts;
		this.#limits = { ...defaultLimits, ...parts.limits };
		this.#intake = new Intake({ ownArrivals, take, carried: this.#limits.carried });
	}

	/** @param noted kinds of notes that are worth another try. */
	async run(noted: readonly NoteKind[]): Promise<PullResult> {
		const { remote, memory } = this.#parts;
		const there = await remote.position();
		const met = await memory.meet(remote);
		// A store in which there is nothing yet was met, too.
		if (there.arrival === 0 && met === undefined) await memory.remember(startPosition, []);
		for (const kind of noted) await this.#askAgain(kind);
		const start = met ?? startPosition;
		const recent = start.arrival === 0 ? await this.#takeLatestFirst(there) : 0;
		// What came to a store since it was met empty is announced: a first page of it costs less than to compare.
		const compares = start.arrival === 0 && there.arrival > (met === undefined ? 0 : pageEntries);
		const reconciled = compares || recent > 0 ? await this.#reconcile(there, recent > 0) : undefined;
		const { complete } = reconciled ?? (await this.#readOn(start, there.arrival));
		// What follows them is stored by now, and vouches for them.
		if (this.#intake.spilled) await this.#askAgain("again");
		const { stored, refused, damaged } = this.#intake;
		return { stored: stored + recent, refused, damaged, complete };
	}

	/** Where next to nothing is here of what is there: documents by recency. @returns how many entries were stored. */
	async #takeLatestFirst(there: StorePosition): Promise<number> {
		const { remote, takeLatest, options, ownArrivals } = this.#parts;
		const { carried, inOrder } = this.#limits;
		if (takeLatest === undefined || there.arrival <= inOrder || !tellsRecent(remote)) return 0;
		if (isWorthwhile(await ownArrivals(), there)) return 0;
		const intake = new Intake({ ownArrivals, take: takeLatest, carried });
		await takeLatestFirst({ remote, intake, options, limits: this.#limits }, there);
		return intake.stored;
	}

	/** @param whole whether the documents are here, and chunks are missing at most. @returns `undefined` when pages have to be read. */
	async #reconcile(there: StorePosition, whole: boolean): Promise<{ readonly complete: boolean } | undefined> {
		const { remote, memory, own, options, ownArrivals } = this.#parts;
		if (own === undefined || !isReconcilable(remote)) return undefined;
		if (!whole && !isWorthwhile(await ownArrivals(), there)) return undefined;
		const limits = { ...this.#limits.reconciling, refused: this.#limits.refused };
		return new Reconciling({ remote, own, memory, intake: this.#intake, options, limits }).run(there);
	}

	async #readOn(start: Position, total: number): Promise<{ readonly complete: boolean }> {
		const { remote, memory, options } = this.#parts;
		const intake = this.#intake;
		let notes: Note[] = [];
		let remembering = true;
		let emptyPages = 0;
		let at = start.arrival;
		for (let ended = at >= total; !ended; ) {
			options.signal?.throwIfAborted();
			const page = await readPage(remote, at, remote.pageEntries);
			notes.push(...(await intake.take(page)));
			emptyPages = page.arrivals.length + page.damaged.length === 0 ? emptyPages + 1 : 0;
			ended =
				page.next === at ||
				page.next >= total ||
				intake.inVain > this.#limits.refused ||
				emptyPages > this.#limits.emptyPages;
			if (ended) notes.push(...intake.giveUp());
			if (!intake.waits && remembering) {
				const peer = { arrival: page.next, digest: page.digest };
				// Without room for the notes the position stays before what they were about, and the next call looks at it again.
				remembering = await memory.remember({ arrival: page.next, peer }, notes);
				if (remembering) options.onRemembered?.(peer, intake.takeDeclined());
				notes = [];
			}
			if (!remembering) notes = [];
			at = page.next;
			options.onProgress?.({ done: at, total });
		}
		return { complete: at >= total };
	}

	async #askAgain(kind: NoteKind): Promise<void> {
		const { remote, memory, options } = this.#parts;
		for await (const page of readNoted(remote, await memory.noted(kind))) {
			options.signal?.throwIfAborted();
			await memory.settle(kind, page.noted, await this.#intake.takeAgain(page));
		}
	}
}
