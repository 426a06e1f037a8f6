import type { StoredEntry } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";
import type { Arrival, ContentAddressedStore, PutReport, Refusal } from "../../store/store.js";
import { Carried, type CarriedLimits, type Left } from "./carried.js";
import { readNoted, readPage } from "./pages.js";
import type { Note, PeerMemory, Position } from "./peer-memory.js";
import type { NoteKind } from "./peer-rows.js";
import type { TransferOptions } from "./push.js";

/** What one pull takes from a store that may never come to an end. */
export interface PullLimits {
	/** Arrivals that are refused, or damaged there. @default 65,536 */
	readonly refused: number;
	/** Pages one after the other that hold nothing. @default 4,096 */
	readonly emptyPages: number;
	readonly carried: CarriedLimits;
}

const defaultLimits: PullLimits = { refused: 65_536, emptyPages: 4096, carried: {} };

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
	readonly options: TransferOptions;
	readonly limits?: Partial<PullLimits>;
}

/** One pull: what was noted before, then what is new at the other store. Nothing that it says is believed, but for what it has not. */
export class Pull {
	readonly #parts: PullParts;
	readonly #limits: PullLimits;
	readonly #carried: Carried;
	readonly #refused = new Map<string, Refusal>();
	readonly #damaged = new Set<number>();
	#stored = 0;
	#known = 0;

	constructor(parts: PullParts) {
		this.#parts = parts;
		this.#limits = { ...defaultLimits, ...parts.limits };
		this.#carried = new Carried(this.#limits.carried);
	}

	/** @param noted kinds of notes that are worth another try. */
	async run(noted: readonly NoteKind[]): Promise<PullResult> {
		const { remote, memory } = this.#parts;
		const total = (await remote.position()).arrival;
		const start = await memory.meet(remote);
		for (const kind of noted) await this.#askAgain(kind);
		const { complete, spilled } = await this.#readOn(start, total);
		// What follows them is stored by now, and vouches for them.
		if (spilled) await this.#askAgain("again");
		return { stored: this.#stored, refused: [...this.#refused.values()], damaged: [...this.#damaged], complete };
	}

	async #readOn(start: Position, total: number): Promise<{ readonly complete: boolean; readonly spilled: boolean }> {
		const { remote, memory, options } = this.#parts;
		let notes: Note[] = [];
		let remembering = true;
		let spilled = false;
		let refused = 0;
		let emptyPages = 0;
		let at = start.arrival;
		for (let ended = at >= total; !ended; ) {
			options.signal?.throwIfAborted();
			const page = await readPage(remote, at);
			const named = this.#carried.takeNamedBy(page.arrivals);
			const left = await this.#offer([...named, ...page.arrivals]);
			refused += left.length + page.damaged.length;
			emptyPages = page.arrivals.length + page.damaged.length === 0 ? emptyPages + 1 : 0;
			ended =
				page.next === at ||
				page.next >= total ||
				refused > this.#limits.refused ||
				emptyPages > this.#limits.emptyPages;
			const waits = ({ at: { arrival }, refusal }: Left) => arrival > at && refusal.reason === "unsigned";
			const spilt = this.#carried.keep(left.filter(waits));
			spilled ||= spilt.length > 0;
			const declined = [...left.filter((each) => !waits(each)), ...spilt, ...(ended ? this.#carried.takeAll() : [])];
			notes.push(...this.#report(declined, page.damaged));
			if (this.#carried.size === 0 && remembering) {
				const peer = { arrival: page.next, digest: page.digest };
				// Without room for the notes the position stays before what they were about, and the next call looks at it again.
				remembering = await memory.remember({ arrival: page.next, peer }, notes);
				notes = [];
			}
			if (!remembering) notes = [];
			at = page.next;
			options.onProgress?.({ done: at, total });
		}
		return { complete: at >= total, spilled };
	}

	async #askAgain(kind: NoteKind): Promise<void> {
		const { remote, memory, options } = this.#parts;
		for await (const page of readNoted(remote, await memory.noted(kind))) {
			options.signal?.throwIfAborted();
			const left = await this.#offer(page.arrivals);
			await memory.settle(kind, page.noted, this.#report(left, page.damaged));
		}
	}

	/** @returns what was not stored, and was not here before. */
	async #offer(arrivals: readonly Arrival[]): Promise<Left[]> {
		const { ownArrivals, take } = this.#parts;
		const report = await take(arrivals.map(({ entry }) => entry));
		this.#stored += report.stored.length;
		this.#known += report.known.length;
		// A store holds each entry once, so an honest one cannot name more entries that are here than there are.
		const own = await ownArrivals();
		if (this.#known > own) {
			throw new FormatError("page: expected each entry once", { expected: own, found: this.#known });
		}
		const settled = new Set([...report.stored.map(({ hash }) => hash), ...report.known]);
		for (const hash of settled) this.#refused.delete(hash);
		const refusals = new Map(report.refused.map((refusal) => [refusal.hash, refusal]));
		return arrivals.flatMap((at) => {
			const refusal = settled.has(at.entry.hash) ? undefined : refusals.get(at.entry.hash);
			return refusal === undefined ? [] : [{ at, refusal }];
		});
	}

	/** Puts down for the caller what was left. @returns what is to be noted of it. */
	#report(left: readonly Left[], damaged: readonly number[]): Note[] {
		for (const { refusal } of left) this.#refused.set(refusal.hash, refusal);
		for (const arrival of damaged) this.#damaged.add(arrival);
		return [
			...left.flatMap(({ at: { arrival }, refusal: { reason } }): Note[] =>
				// What was erased here does not come back.
				reason === "purged" ? [] : [{ arrival, kind: reason === "not-member" ? "directory" : "again" }],
			),
			...damaged.map((arrival): Note => ({ arrival, kind: "again" })),
		];
	}
}
