/**
 * What this replica remembers of another store: in each direction how far they are level, and which arrivals up to there still have
 * to be transferred. All of it is bounded, whatever the other store says.
 */
import { decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import type { Clock } from "../../env.js";
import { FormatError } from "../../errors.js";
import { prefixRange } from "../../store/row-keys.js";
import type { RowWrite } from "../../store/rows.js";
import type { ContentAddressedStore, LocalStore, StorePosition } from "../../store/store.js";
import {
	arrivalOfNoteKey,
	type Direction,
	type NoteKind,
	noteKey,
	noteRange,
	noValue,
	type PeerStore,
	peerRowKinds,
	positionKey,
	positionRange,
	readPositionKey,
} from "./peer-rows.js";

/** Notes about one store in one direction. */
export const mostNotes = 4096;
/** Stores in reach that are remembered; beyond that, those met longest ago are forgotten and levelled with from the start. */
export const mostPeers = 256;
/** The same for the stores that one key speaks for: a member's devices. So nobody displaces what is remembered of others. */
export const mostStoresOfPeer = 16;
/** The same for all together. */
export const mostRemembered = 8192;

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
	/** The public key that the channel to it proved, hex; nothing where it is in reach. */
	readonly peer?: string | undefined;
	readonly direction: Direction;
}

export class PeerMemory {
	readonly #store: Pick<LocalStore, "rows">;
	readonly #clock: Clock;
	readonly #of: PeerStore;
	readonly #direction: Direction;
	/** Notes that there are; counted when the first is added. */
	#count: number | undefined;

	constructor({ store, clock, storeId, peer, direction }: PeerMemoryOptions) {
		this.#store = store;
		this.#clock = clock;
		this.#of = { peer, storeId };
		this.#direction = direction;
	}

	/** Where to go on; the start when the other store is not known, or not the one that it was. */
	async meet(peer: ContentAddressedStore): Promise<Position> {
		const { rows } = this.#store;
		const row = await rows.get(positionKey(this.#of, this.#direction));
		if (row === undefined) {
			await this.#makeRoom();
			return startPosition;
		}
		const { position } = decodePosition(row);
		if (await holds(peer, position.peer)) {
			await rows.write([this.#positionRow(position)], { durable: false });
			return position;
		}
		await rows.write(await forget(this.#store, this.#of, [this.#direction]));
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
		const range = noteRange(this.#of, this.#direction, kind);
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
		const range = noteRange(this.#of, this.#direction);
		let count = 0;
		for await (const batch of this.#store.rows.scan({ ...range, limit: mostNotes })) count += batch.length;
		return count;
	}

	async #makeRoom(): Promise<void> {
		const { met, outdated } = await storesMet(this.#store);
		const own = met.filter(({ of }) => of.peer === this.#of.peer);
		if (outdated.length > 0) await this.#store.rows.write(await dropOutdated(this.#store, outdated));
		if (own.some(({ of }) => of.storeId === this.#of.storeId)) return;
		const most = this.#of.peer === undefined ? mostPeers : mostStoresOfPeer;
		const gone = new Set([...longestAgo(own, most), ...longestAgo(met, mostRemembered)]);
		for (const { of } of gone) await this.#store.rows.write(await forget(this.#store, of, ["pull", "push"]));
	}

	#positionRow({ arrival, peer }: Position): RowWrite {
		const value = encodeCbor([arrival, peer.arrival, fromHex(peer.digest, 16), this.#clock.now()]);
		return { type: "put", key: positionKey(this.#of, this.#direction), value };
	}

	#noteRow(note: Note): RowWrite {
		return { type: "put", key: this.#noteKey(note), value: noValue };
	}

	#noteKey({ arrival, kind }: Note): Uint8Array {
		return noteKey(this.#of, this.#direction, kind, arrival);
	}
}

/** Whether a store's history goes through a position. */
export async function holds(store: ContentAddressedStore, { arrival, digest }: StorePosition): Promise<boolean> {
	const now = await store.position();
	if (arrival >= now.arrival) return arrival === now.arrival && digest === now.digest;
	return digest === (await store.entriesAfter(arrival, { limit: 0 })).digest;
}

/** What is remembered of a store that a peer speaks for: of the one named, else of the one met last. */
export async function rememberedOf(
	store: Pick<LocalStore, "rows">,
	peer: string,
	storeId?: string,
): Promise<{ readonly storeId: string; readonly position: StorePosition } | undefined> {
	let last: { readonly storeId: string; readonly position: StorePosition; readonly met: number } | undefined;
	for await (const batch of store.rows.scan(positionRange({ peer }))) {
		for (const [key, value] of batch) {
			const of = readPositionKey(key);
			if (of?.direction !== "pull" || (storeId !== undefined && of.storeId !== storeId)) continue;
			const { position, met } = decodePosition(value);
			if (last === undefined || met >= last.met) last = { storeId: of.storeId, position: position.peer, met };
		}
	}
	return last;
}

interface Met {
	readonly of: PeerStore;
	/** When, by this replica's clock. */
	readonly met: number;
}

/** @returns `outdated`: keys of an earlier form. */
async function storesMet(
	store: Pick<LocalStore, "rows">,
): Promise<{ readonly met: Met[]; readonly outdated: Uint8Array[] }> {
	const met = new Map<string, Met>();
	const outdated: Uint8Array[] = [];
	for await (const batch of store.rows.scan(positionRange())) {
		for (const [key, value] of batch) {
			const of = readPositionKey(key);
			if (of === undefined) {
				outdated.push(key);
				continue;
			}
			const name = `${of.peer}/${of.storeId}`;
			met.set(name, { of, met: Math.max(met.get(name)?.met ?? 0, decodePosition(value).met) });
		}
	}
	return { met: [...met.values()], outdated };
}

/** Those that go so that there is room for one more. */
function longestAgo(stores: readonly Met[], most: number): readonly Met[] {
	if (stores.length < most) return [];
	return [...stores].sort((a, b) => a.met - b.met).slice(0, stores.length - most + 1);
}

async function dropOutdated({ rows }: Pick<LocalStore, "rows">, positions: readonly Uint8Array[]): Promise<RowWrite[]> {
	const gone: RowWrite[] = [];
	for (const key of positions) {
		gone.push({ type: "del", key });
		const notes = prefixRange(concatBytes(Uint8Array.of(peerRowKinds.note), key.subarray(1)));
		for await (const batch of rows.scan(notes)) {
			for (const [note] of batch) if (note.length === key.length + 7) gone.push({ type: "del", key: note });
		}
	}
	return gone;
}

async function forget(
	store: Pick<LocalStore, "rows">,
	of: PeerStore,
	directions: readonly Direction[],
): Promise<RowWrite[]> {
	const rows: RowWrite[] = [];
	for (const direction of directions) {
		rows.push({ type: "del", key: positionKey(of, direction) });
		for await (const batch of store.rows.scan(noteRange(of, direction))) {
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
