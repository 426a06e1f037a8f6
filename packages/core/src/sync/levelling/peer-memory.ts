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

/**
 * Milliseconds by which it may be off when another store was met: it tells which of many is forgotten, and costs a write. As long nobody
 * looks for what another conversation has noted.
 */
const metWithin = 60_000;

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

/**
 * One for each conversation: what it has read and written of the other store it need not read again. A second conversation with the same
 * store can write meanwhile; then this one looks at some entries once more, and at its notes within a minute.
 */
export class PeerMemory {
	readonly #store: Pick<LocalStore, "rows">;
	readonly #clock: Clock;
	readonly #of: PeerStore;
	readonly #direction: Direction;
	/** Notes that there are, once they were counted. */
	#count: number | undefined;
	#countedAt = 0;
	/** What the rows say, once they were read. */
	#known: Met | undefined;

	constructor({ store, clock, storeId, peer, direction }: PeerMemoryOptions) {
		this.#store = store;
		this.#clock = clock;
		this.#of = { peer, storeId };
		this.#direction = direction;
	}

	/** Where to go on; `undefined` when the other store is not known, or not the one that it was. */
	async meet(peer: ContentAddressedStore): Promise<Position | undefined> {
		const { rows } = this.#store;
		this.#known ??= await this.#read();
		if (this.#known === undefined) {
			await this.#makeRoom();
			return undefined;
		}
		const { position, met } = this.#known;
		if (await holds(peer, position.peer)) {
			if (Math.abs(this.#clock.now() - met) >= metWithin) await this.#write(position, [], { durable: false });
			return position;
		}
		this.#known = undefined;
		this.#count = undefined;
		await rows.write(await forget(this.#store, this.#of, [this.#direction]));
		return undefined;
	}

	/**
	 * Moves the position and notes what it passes, in one batch behind that of the entries. It waits for no disk: a position that a power
	 * failure takes back has what it passed looked at once more.
	 * @returns false when there is no room for the notes: then nothing is written, and the position must not go on.
	 */
	async remember(position: Position, notes: readonly Note[]): Promise<boolean> {
		if (notes.length > 0) this.#count ??= await this.#countNotes();
		const count = (this.#count ?? 0) + notes.length;
		if (notes.length > 0 && count > mostNotes) return false;
		await this.#write(position, notes, { durable: false });
		if (this.#count !== undefined) this.#count = count;
		return true;
	}

	/** Arrivals that are noted, newest first: what a signed entry vouches for stands before it. */
	async noted(kind: NoteKind): Promise<number[]> {
		const arrivals: number[] = [];
		// Those that wait for the directory are asked for when it has changed; the others at every pull, where a look is dear.
		if (kind !== "directory" && (await this.#countLately()) === 0) return arrivals;
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

	/** Another conversation with the same store may have noted something since this one counted. */
	async #countLately(): Promise<number> {
		const now = this.#clock.now();
		if (this.#count === undefined || Math.abs(now - this.#countedAt) >= metWithin) {
			this.#count = await this.#countNotes();
			this.#countedAt = now;
		}
		return this.#count;
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

	async #read(): Promise<Met | undefined> {
		const row = await this.#store.rows.get(positionKey(this.#of, this.#direction));
		return row && decodePosition(row);
	}

	async #write(
		position: Position,
		notes: readonly Note[],
		options: { readonly durable?: boolean } = {},
	): Promise<void> {
		const { arrival, peer } = position;
		const met = this.#clock.now();
		const value = encodeCbor([arrival, peer.arrival, fromHex(peer.digest, 16), met]);
		const row: RowWrite = { type: "put", key: positionKey(this.#of, this.#direction), value };
		await this.#store.rows.write([...notes.map((note) => this.#noteRow(note)), row], options);
		this.#known = { position, met };
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
): Promise<{ readonly storeId: string; readonly position: StorePosition; readonly noted: boolean } | undefined> {
	const last = await (storeId === undefined ? metLast(store, peer) : positionIn(store, { peer, storeId }));
	if (last === undefined) return undefined;
	const notes = noteRange(last.of, "pull");
	let noted = false;
	for await (const _ of store.rows.scan({ ...notes, limit: 1 })) noted = true;
	return { storeId: last.of.storeId, position: last.position.peer, noted };
}

/** Where a pull from a store stands. */
async function positionIn({ rows }: Pick<LocalStore, "rows">, of: PeerStore): Promise<PulledStore | undefined> {
	const row = await rows.get(positionKey(of, "pull"));
	return row && { of, ...decodePosition(row) };
}

async function metLast({ rows }: Pick<LocalStore, "rows">, peer: string): Promise<PulledStore | undefined> {
	let last: PulledStore | undefined;
	for await (const batch of rows.scan(positionRange({ peer }))) {
		for (const [key, value] of batch) {
			const of = readPositionKey(key);
			if (of?.direction !== "pull") continue;
			const { position, met } = decodePosition(value);
			if (last === undefined || met >= last.met) last = { of, position, met };
		}
	}
	return last;
}

interface Met {
	readonly position: Position;
	/** When, by this replica's clock. */
	readonly met: number;
}

interface MetStore {
	readonly of: PeerStore;
	/** When, by this replica's clock. */
	readonly met: number;
}

interface PulledStore extends Met {
	readonly of: PeerStore;
}

/** @returns `outdated`: keys of an earlier form. */
async function storesMet(
	store: Pick<LocalStore, "rows">,
): Promise<{ readonly met: MetStore[]; readonly outdated: Uint8Array[] }> {
	const met = new Map<string, MetStore>();
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
function longestAgo(stores: readonly MetStore[], most: number): readonly MetStore[] {
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

function decodePosition(row: Uint8Array): Met {
	const value = decodeCbor(row);
	if (!Array.isArray(value) || value.length !== 4) throw new FormatError("position: expected four elements");
	const [arrival, peerArrival, digest, met] = value as [number, number, Uint8Array, number];
	return { position: { arrival, peer: { arrival: peerArrival, digest: toHex(digest) } }, met };
}
