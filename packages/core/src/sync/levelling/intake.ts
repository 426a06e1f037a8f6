import type { StoredEntry } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";
import type { Arrival, PutReport, Refusal } from "../../store/store.js";
import { Carried, type CarriedLimits, type Left } from "./carried.js";
import type { Note } from "./peer-memory.js";

/** What another store gave at once. */
export interface Batch {
	readonly arrivals: readonly Arrival[];
	readonly damaged: readonly number[];
}

export interface IntakeParts {
	/** How many entries are here. */
	readonly ownArrivals: () => Promise<number>;
	/** Checks, stores and judges. */
	readonly take: (entries: readonly StoredEntry[]) => Promise<PutReport>;
	readonly carried: CarriedLimits;
}

/** What one pull takes in, whichever way it finds it. Nothing that the other store says is believed. */
export class Intake {
	readonly #parts: IntakeParts;
	readonly #carried: Carried;
	readonly #refused = new Map<string, Refusal>();
	readonly #damaged = new Set<number>();
	/** Since they were taken last. */
	#declined: Refusal[] = [];
	#stored = 0;
	#known = 0;
	#inVain = 0;
	#spilled = false;

	constructor(parts: IntakeParts) {
		this.#parts = parts;
		this.#carried = new Carried(parts.carried);
	}

	/** Entries that are new here. */
	get stored(): number {
		return this.#stored;
	}

	get refused(): readonly Refusal[] {
		return [...this.#refused.values()];
	}

	get damaged(): readonly number[] {
		return [...this.#damaged];
	}

	/** Arrivals of `take` that were not stored when they came. */
	get inVain(): number {
		return this.#inVain;
	}

	/** Whether entries wait for their signed successor. */
	get waits(): boolean {
		return this.#carried.size > 0;
	}

	/** Whether some of those had no room; noted, they can be asked for again when what vouches for them has come. */
	get spilled(): boolean {
		return this.#spilled;
	}

	/** What was passed and declined since the last call. */
	takeDeclined(): readonly Refusal[] {
		const declined = this.#declined;
		this.#declined = [];
		return declined;
	}

	/** Takes a batch, with what its signed entries vouch for. @returns what is to be noted. */
	async take({ arrivals, damaged }: Batch): Promise<Note[]> {
		const named = this.#carried.takeNamedBy(arrivals);
		const before = new Set(named);
		const left = await this.#offer([...named, ...arrivals]);
		this.#inVain += left.length + damaged.length;
		const waits = ({ at, refusal }: Left) => !before.has(at) && refusal.reason === "unsigned";
		const spilt = this.#carried.keep(left.filter(waits));
		this.#spilled ||= spilt.length > 0;
		return this.#pass([...left.filter((each) => !waits(each)), ...spilt], damaged);
	}

	/** Takes what was noted before; nothing of it waits. @returns what is to be noted again. */
	async takeAgain({ arrivals, damaged }: Batch): Promise<Note[]> {
		return this.#report(await this.#offer(arrivals), damaged);
	}

	/** Gives up what still waits. @returns what is to be noted of it. */
	giveUp(): Note[] {
		return this.#pass(this.#carried.takeAll(), []);
	}

	/** Offers what still waits once more: where entries come in another order, what vouches for them may have come before. */
	async takeWaiting(): Promise<Note[]> {
		return this.#pass(await this.#offer(this.#carried.takeAll().map(({ at }) => at)), []);
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

	/** As `#report`, of what is passed for the first time. */
	#pass(left: readonly Left[], damaged: readonly number[]): Note[] {
		for (const { refusal } of left) this.#declined.push(refusal);
		return this.#report(left, damaged);
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
