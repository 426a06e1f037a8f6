import type { Crypto } from "../../crypto/crypto.js";
import type { ContentAddressedStore, Page, StorePosition } from "../../store/store.js";
import type { MessageInit } from "../wire/messages.js";
import type { GivenEntries } from "./given-entries.js";
import type { GivenPayloads } from "./given-payloads.js";
import type { SessionLimits } from "./limits.js";
import type { Output } from "./output.js";
import { packPage } from "./wire-page.js";

/** Arrivals of one page, beside those that the other side gave itself. */
const pageArrivals = 256;
/** When more than that is new, the other side had better read it, page after page, without waiting to be told. */
const mostBehind = 2 * pageArrivals;
/** Arrivals that the other side takes at once. */
const mostArrivals = 4096;
/** Arrivals of which the other side is not told while it still gives them. After a cut it gets as many back. */
const mostPutOff = 2048;
/** Announced bytes that were not acknowledged. */
const mostUnacknowledged = 256 * 1024;
/** Pages that are counted each for itself until they are acknowledged. */
const mostOpen = 64;

export interface TellingParts {
	readonly number: number;
	readonly store: ContentAddressedStore;
	readonly crypto: Crypto;
	readonly output: Output;
	readonly given: GivenEntries;
	readonly payloads: GivenPayloads;
	readonly limits: SessionLimits;
	readonly send: (message: MessageInit) => void;
	/** Does something whose failure ends the session. */
	readonly work: (task: () => Promise<void>) => void;
	/** Told when everything that is here has been told. */
	readonly onLevel: () => void;
}

/**
 * How far the other side has been told what is in a store here. While it reads by itself nothing is announced; once it has read up to what
 * it knows of, what is new goes out at once, after what went before.
 */
export class Telling {
	readonly #parts: TellingParts;
	/** Up to there the other side was given everything; `undefined`: where it stands has to be seen. */
	#told: number | undefined;
	/** Up to there it knows that there is something. */
	#seen = Number.POSITIVE_INFINITY;
	/** Up to there it gave itself what it was not told of. */
	#given = 0;
	#pulling = false;
	#begun = false;
	#unacknowledged = 0;
	#stepping = false;
	#again = false;
	#ended = false;
	/** Whether all that is here has been told. */
	#level = false;
	/** Pages that were given and are not acknowledged yet. */
	readonly #open: { next: number; entries: number }[] = [];
	#acknowledgedEntries = 0;

	constructor(parts: TellingParts) {
		this.#parts = parts;
		parts.given.share(() => this.#level);
		parts.output.onRoom(this.step);
	}

	/** @param at where the other side is told that this store stands. */
	expect(at: StorePosition): void {
		this.#seen = at.arrival;
	}

	/** @param known where the other side stands, on this store's history; what follows there is given unasked. */
	async begin(known: StorePosition | undefined): Promise<void> {
		this.#begun = true;
		// It may have read meanwhile.
		if (known !== undefined) this.#told = Math.max(this.#told ?? 0, known.arrival);
		if (known !== undefined && this.#told === known.arrival && known.arrival < this.#seen) {
			await this.#announce(known.arrival);
		}
		this.step();
	}

	/** Whether all that is here has been told, as far as it was looked at. */
	get isLevel(): boolean {
		return this.#level;
	}

	/** Entries that were given, and that the other side said to have. */
	get acknowledgedEntries(): number {
		return this.#acknowledgedEntries;
	}

	/** Whether a page after this arrival continues what the other side was given. */
	goesOn(after: number): boolean {
		return this.#told === undefined || after === this.#told;
	}

	/** Entries that the other side gave itself. */
	readonly skip = (hash: string): boolean => this.#parts.given.has(hash);

	/** The other side gives what it has: of that alone it is told when it has given all, not page after page. */
	pullBegins(): void {
		this.#pulling = true;
	}

	pullEnds(): void {
		this.#pulling = false;
	}

	/** The other side was given a page that goes on. */
	wasRead(page: Page): void {
		this.#gave(page);
		this.step();
	}

	/** The other side was given entries by their hashes: it says that it has them when it stands where it saw this store stand. */
	wasGiven(entries: number): void {
		this.#count(Number.isFinite(this.#seen) ? this.#seen : (this.#told ?? 0), entries);
	}

	/** The other side was told where the store stands. */
	wasAsked(arrival: number): void {
		this.#seen = arrival;
		this.step();
	}

	/** The other side has stored everything up to there. @param done whether it does not look further by itself. */
	acknowledged(known: number | undefined, done: boolean): void {
		this.#unacknowledged = 0;
		while (known !== undefined && (this.#open[0]?.next ?? known + 1) <= known) {
			this.#acknowledgedEntries += this.#open.shift()?.entries ?? 0;
		}
		if (known !== undefined && known > (this.#told ?? -1)) this.#told = known;
		// What it could not remember it will read again by itself.
		if (done && Number.isFinite(this.#seen)) this.#told = Math.max(this.#told ?? 0, this.#seen);
		this.step();
	}

	/** Tells what is new, if anything is. */
	readonly step = (): void => {
		this.#again = true;
		if (!this.#stepping && this.#begun && !this.#ended) this.#parts.work(() => this.#stepOn());
	};

	/** Tells what is new now, before the session ends. */
	async finish(): Promise<void> {
		if (this.#begun) await this.#stepOnce();
	}

	end(): void {
		this.#ended = true;
		this.#parts.output.offRoom(this.step);
	}

	async #stepOn(): Promise<void> {
		this.#stepping = true;
		try {
			while (this.#again && !this.#ended) {
				this.#again = false;
				await this.#stepOnce();
			}
		} finally {
			this.#stepping = false;
		}
	}

	async #stepOnce(): Promise<void> {
		const { store, output, number, send, given } = this.#parts;
		const { arrival } = await store.position();
		const told = this.#told;
		this.#level = told !== undefined && told >= arrival;
		if (this.#level) {
			given.forgetTold();
			this.#parts.onLevel();
		}
		if (this.#ended || told === undefined || told < this.#seen || this.#level) return;
		if (output.full || this.#unacknowledged >= mostUnacknowledged) return;
		const from = Math.max(told, this.#given);
		if (this.#pulling && from === arrival) return;
		if (arrival - from - given.size > mostBehind) {
			this.#seen = Number.POSITIVE_INFINITY;
			send({ case: "announce", value: { store: number, after: BigInt(told) } });
			return;
		}
		await this.#announce(told, from);
		this.#seen = Math.max(this.#seen, this.#told ?? 0);
		this.#again = true;
	}

	/** @param from what lies before it, and behind `after`, the other side gave itself. */
	async #announce(after: number, from = after): Promise<void> {
		const { store, crypto, number, limits, send, payloads, given } = this.#parts;
		const { page, packed, size } = await packPage(store, crypto, from, {
			told: after,
			limit: Math.min(pageArrivals + given.size, mostArrivals - (from - after)),
			maxBytes: limits.announcedBytes,
			payload: true,
			contents: false,
			payloads,
			skip: this.skip,
		});
		// While it was read here, the other side may have read it by itself.
		if (this.#ended || this.#told !== after || page.next === after) return;
		const isGiven = page.arrivals.length + page.damaged.length === 0;
		if (isGiven) this.#given = page.next;
		if (isGiven && this.#pulling && page.next - after < mostPutOff) return;
		this.#gave(page);
		this.#unacknowledged += size;
		send({ case: "announce", value: { store: number, after: BigInt(after), page: packed } });
	}

	#gave({ next, arrivals }: Page): void {
		this.#told = Math.max(this.#told ?? 0, next);
		this.#count(next, arrivals.length);
	}

	#count(next: number, entries: number): void {
		const last = this.#open.at(-1);
		if (last === undefined || (next > last.next && this.#open.length < mostOpen)) this.#open.push({ next, entries });
		else {
			last.next = Math.max(last.next, next);
			last.entries += entries;
		}
	}
}
