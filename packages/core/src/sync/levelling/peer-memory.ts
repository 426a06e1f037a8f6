/**
 * What this replica remembers of another store: in each direction how far they are level, and which arrivals up to there still have
 * to be transferred. All of it is bounded, whatever the other store says.
 */
import { decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import type { Clock } from "../../env.js";
import { FormatError } from "../../errors.js";
import type { RowWrite } from "../../store/rows.js";
import type { ContentAddressedStore, LocalStore, StorePosition } from "../../store/store.js";
import {
	arrivalOfNoteKey,
	type Direction,
	type NoteKind,
	noteKey,
	noteRange,
	noValue,
	positionKey,
	positionRange,
	storeIdOfPositionKey,
} from "./peer-rows.js";

/** Notes about one store in one direction. */
export const mostNotes = 4096;
/** Stores that are remembered; beyond that, those met longest ago are forgotten and levelled with from the start. */
export const mostPeers = 256;

export interface Position {
	/** Arrival up to which everything was transferred or noted: the other store's in a pull, this one's in a push. */
	readonly arrival: number;
	/** Where the other store stood. When it is not found there again, it was restored or made anew. */
	readonly peer: StorePosition;
}

/** An arrival that was passed and has to be transferred yet. */
export interface Note {
	readonly arrival: number;
	readonly kind: NoteKind;
}

export const startPosition: Position = { arrival: 0, peer: { arrival: 0, digest: "0".repeat(32) } };

export interface PeerMemoryOptions {
	readonly store: Pick<LocalStore, "rows">;
	readonly clock: Clock;
	/** Of the other store. */
	readonly storeId: string;
	readonly direction: Direction;
}

export class PeerMemory {
	readonly #store: Pick<LocalStore, "rows">;
	readonly #clock: Clock;
	readonly #storeId: string;
	readonly #direction: Direction;
	/** Notes that there are; counted when the first is added. */
	#count: number | undefined;

	constructor({ store, clock, storeId, direction }: PeerMemoryOptions) {
		this.#store = store;
		this.#clock = clock;
		this.#storeId = storeId;
		this.#direction = direction;
	}

	/** Where to go on; the start when the other store is not known, or not the one that it was. */
	async meet(peer: ContentAddressedStore): Promise<Position> {
		const { rows } = this.#store;
		const row = await rows.get(positionKey(this.#storeId, this.#direction));
		if (row === undefined) {
			await this.#makeRoom();
			return startPosition;
		}
		const { position } = decodePosition(row);
		if (await holds(peer, position.peer)) {
			await rows.write([this.#positionRow(position)], { durable: false });
			return position;
		}
		await rows.write(await forget(this.#store, this.#storeId, [this.#direction]));
		return startPosition;
	}

	/**
	 * Moves the position and notes what it passes, in one batch.
	 * @returns false when there is no room for the notes: then nothing is written, and the position must not go on.
	 */
	async remember(position: Position, notes: readonly Note[]): Promise<boolean> {
		if (notes.length > 0) this.#count ??= await this.#countNotes();
		const count = (this.#count ?? 0) + notes.length;
		if (notes.length > 0 && count > mostNotes) return false;
		await this.#store.rows.write([...notes.map((note) => this.#noteRow(note)), this.#positionRow(position)]);
		if (this.#count !== undefined) this.#count = count;
		return true;
	}

	/** Arrivals that are noted, newest first: what a signed entry vouches for stands before it. */
	async noted(kind: NoteKind): Promise<number[]> {
		const arrivals: number[] = [];
		const range = noteRange(this.#storeId, this.#direction, kind);
		for await (const batch of this.#store.rows.scan({ ...range, reverse: true, limit: mostNotes })) {
			for (const [key] of batch) arrivals.push(arrivalOfNoteKey(key));
		}
		return arrivals;
	}

	/** Strikes out notes of a kind. @param left those of them that stay, under a kind that may be another. */
	async settle(kind: NoteKind, arrivals: readonly number[], left: readonly Note[]): Promise<void> {
		const stay = new Set(left.flatMap((note) => (note.kind === kind ? [note.arrival] : [])));
		const gone = arrivals.filter((arrival) => !stay.has(arrival));
		await this.#store.rows.write([
			...gone.map((arrival): RowWrite => ({ type: "del", key: this.#noteKey({ arrival, kind }) })),
			...left.filter((note) => note.kind !== kind).map((note) => this.#noteRow(note)),
		]);
		this.#count = undefined;
	}

	async #countNotes(): Promise<number> {
		const range = noteRange(this.#storeId, this.#direction);
		let count = 0;
		for await (const batch of this.#store.rows.scan({ ...range, limit: mostNotes })) count += batch.length;
		return count;
	}

	async #makeRoom(): Promise<void> {
		const met = new Map<string, number>();
		for await (const batch of this.#store.rows.scan(positionRange())) {
			for (const [key, value] of batch) {
				const storeId = storeIdOfPositionKey(key);
				met.set(storeId, Math.max(met.get(storeId) ?? 0, decodePosition(value).met));
			}
		}
		if (met.size < mostPeers || met.has(this.#storeId)) return;
		const longestAgo = [...met].sort(([, a], [, b]) => a - b).slice(0, met.size - mostPeers + 1);
		for (const [storeId] of longestAgo) {
			await this.#store.rows.write(await forget(this.#store, storeId, ["pull", "push"]));
		}
	}

	#positionRow({ arrival, peer }: Position): RowWrite {
		const value = encodeCbor([arrival, peer.arrival, fromHex(peer.digest, 16), this.#clock.now()]);
		return { type: "put", key: positionKey(this.#storeId, this.#direction), value };
	}

	#noteRow(note: Note): RowWrite {
		return { type: "put", key: this.#noteKey(note), value: noValue };
	}

	#noteKey({ arrival, kind }: Note): Uint8Array {
		return noteKey(this.#storeId, this.#direction, kind, arrival);
	}
}

/** Whether a store's history goes through a position. */
export async function holds(store: ContentAddressedStore, { arrival, digest }: StorePosition): Promise<boolean> {
	const now = await store.position();
	if (arrival >= now.arrival) return arrival === now.arrival && digest === now.digest;
	return digest === (await store.entriesAfter(arrival, { limit: 0 })).digest;
}

async function forget(
	store: Pick<LocalStore, "rows">,
	storeId: string,
	directions: readonly Direction[],
): Promise<RowWrite[]> {
	const rows: RowWrite[] = [];
	for (const direction of directions) {
		rows.push({ type: "del", key: positionKey(storeId, direction) });
		for await (const batch of store.rows.scan(noteRange(storeId, direction))) {
			for (const [key] of batch) rows.push({ type: "del", key });
		}
	}
	return rows;
}

function decodePosition(row: Uint8Array): { readonly position: Position; readonly met: number } {
	const value = decodeCbor(row);
	if (!Array.isArray(value) || value.length !== 4) throw new FormatError("position: expected four elements");
	const [arrival, peerArrival, digest, met] = value as [number, number, Uint8Array, number];
	return { position: { arrival, peer: { arrival: peerArrival, digest: toHex(digest) } }, met };
}
