import { toHex } from "../../bytes/hex.js";
import { FormatError } from "../../errors.js";
import type { StorePosition } from "../../store/store.js";
import type { Page as WirePage } from "../wire/generated/sync_pb.js";
import { numberOf } from "../wire/terms.js";

interface Waiting {
	readonly after: number;
	readonly next: number;
	readonly page: WirePage;
}

/** Room for pages that wait, shared by the stores of a session. */
export interface WaitingRoom {
	bytes: number;
	readonly most: number;
}

/** Where the other side's store stands as far as it has said, and the pages that it gave without being asked. */
export class Announced {
	readonly #room: WaitingRoom;
	#pages: Waiting[] = [];
	#position: StorePosition | undefined;
	#highest = 0;

	constructor(room: WaitingRoom) {
		this.#room = room;
	}

	/** `undefined`: it has to be asked. */
	get position(): StorePosition | undefined {
		return this.#position;
	}

	/** The other side said where its store stands. @throws {FormatError} when that is before where it stood. */
	stands(position: StorePosition): void {
		if (position.arrival < this.#highest) {
			throw new FormatError("position: a store does not go back", { expected: this.#highest, found: position.arrival });
		}
		this.#highest = position.arrival;
		this.#position = position;
	}

	/** Where it stands is not known any more. */
	forgetPosition(): void {
		this.#position = undefined;
	}

	/** @throws {FormatError} when the page does not go forward. */
	add(after: number, page: WirePage): void {
		const next = numberOf(page.next);
		if (next <= after) throw new FormatError("announcement: expected news", { expected: after + 1, found: next });
		const position = { arrival: next, digest: toHex(page.digest) };
		const size = page.run.length;
		if (next > this.#highest) this.stands(position);
		const last = this.#pages.at(-1);
		const continues = last === undefined || last.next === after;
		// What is not kept, the receiver reads.
		if (!continues || this.#room.bytes + size > this.#room.most) return;
		this.#pages.push({ after, next, page });
		this.#room.bytes += size;
	}

	/** The page after an arrival; it and those before it are let go. */
	take(after: number, limit: number): WirePage | undefined {
		while ((this.#pages[0]?.after ?? after) < after) this.#drop();
		const [first] = this.#pages;
		if (first?.after !== after || first.next - after > limit) return undefined;
		this.#drop();
		return first.page;
	}

	get hasPages(): boolean {
		return this.#pages.length > 0;
	}

	/** Whether the page after an arrival waits here. */
	follows(after: number): boolean {
		return this.#pages[0]?.after === after;
	}

	#drop(): void {
		const page = this.#pages.shift();
		this.#room.bytes -= page?.page.run.length ?? 0;
	}
}
