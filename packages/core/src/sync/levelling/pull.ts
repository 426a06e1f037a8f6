import type { StoredEntry } from "../../entry/entry.js";
import type { ContentAddressedStore, PutReport, Refusal, StorePosition } from "../../store/store.js";
import type { CarriedLimits } from "./carried.js";
import { isReconcilable } from "./found.js";
import { Intake } from "./intake.js";
import { readNoted, readPage } from "./pages.js";
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
	readonly carried: CarriedLimits;
	readonly reconciling: Omit<ReconcilingLimits, "refused">;
}

const defaultLimits: PullLimits = {
	refused: 65_536,
	emptyPages: 4096,
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
		const start = await memory.meet(remote);
		// A store in which there is nothing yet was met, too.
		if (there.arrival === 0 && start === startPosition) await memory.remember(start, []);
		for (const kind of noted) await this.#askAgain(kind);
		const reconciled = start.arrival === 0 ? await this.#reconcile(there) : undefined;
		const { complete } = reconciled ?? (await this.#readOn(start, there.arrival));
		// What follows them is stored by now, and vouches for them.
		if (this.#intake.spilled) await this.#askAgain("again");
		const { stored, refused, damaged } = this.#intake;
		return { stored, refused, damaged, complete };
	}

	/** @returns `undefined` when pages have to be read. */
	async #reconcile(there: StorePosition): Promise<{ readonly complete: boolean } | undefined> {
		const { remote, memory, own, options, ownArrivals } = this.#parts;
		if (own === undefined || !isReconcilable(remote) || !isWorthwhile(await ownArrivals(), there)) return undefined;
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
