/**
 * Rows of levelling in a store, beside those of its database (database/document-rows.ts). Numbers are big-endian. `who` is 20 ‖ the
 * public key of the peer (32 bytes), or 00 for a store in reach that no channel has proved anything of.
 *
 * | key                                             | value                        | for                                     |
 * |-------------------------------------------------|------------------------------|-----------------------------------------|
 * | 07 ‖ who ‖ peer's store id(16) ‖ direction(1)   | position, see peer-memory.ts | how far both are level                  |
 * | 08 ‖ who ‖ peer's store id(16) ‖ direction(1) ‖ kind(1) ‖ arrival(6) | empty   | arrivals that levelling passed and left |
 *
 * Rows of stores that were written before keys were part of it are shorter, and dropped when a store is met for the first time.
 */
import { readUint, writeUint } from "../../bytes/big-endian.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { prefixRange } from "../../store/row-keys.js";
import type { RowRange } from "../../store/rows.js";

export const peerRowKinds = { position: 7, note: 8 } as const;

const directions = { pull: 1, push: 2 } as const;
/** Which way entries go, seen from here. */
export type Direction = keyof typeof directions;

const noteKinds = { directory: 1, again: 2 } as const;
/** When a noted arrival is worth another try: once the directory has changed, or at every meeting. */
export type NoteKind = keyof typeof noteKinds;

const whoBytes = 32;

export const noValue = new Uint8Array(0);

/** A store and who speaks for it. */
export interface PeerStore {
	/** Public key that a channel proved, hex; `undefined` where none did. */
	readonly peer: string | undefined;
	readonly storeId: string;
}

export function positionKey(of: PeerStore, direction: Direction): Uint8Array {
	return concatBytes(Uint8Array.of(peerRowKinds.position), peerPrefix(of, direction));
}

/** Positions of all stores, or of those that one peer speaks for. */
export function positionRange(peer?: { readonly peer: string | undefined }): RowRange {
	const kind = Uint8Array.of(peerRowKinds.position);
	return prefixRange(peer === undefined ? kind : concatBytes(kind, who(peer.peer)));
}

/** `undefined` for a row of an earlier form. */
export function readPositionKey(key: Uint8Array): (PeerStore & { readonly direction: Direction }) | undefined {
	const peerBytes = key[1] ?? 0;
	const storeAt = 2 + peerBytes;
	if (key.length !== storeAt + 17 || (peerBytes !== 0 && peerBytes !== whoBytes)) return undefined;
	const peer = peerBytes === 0 ? undefined : toHex(key.subarray(2, storeAt));
	const direction = key[key.length - 1] === directions.pull ? "pull" : "push";
	return { peer, storeId: toHex(key.subarray(storeAt, storeAt + 16)), direction };
}

export function noteKey(of: PeerStore, direction: Direction, kind: NoteKind, arrival: number): Uint8Array {
	const number = new Uint8Array(6);
	writeUint(number, 0, arrival, 6);
	return concatBytes(
		Uint8Array.of(peerRowKinds.note),
		peerPrefix(of, direction),
		Uint8Array.of(noteKinds[kind]),
		number,
	);
}

/** Notes about a store in one direction; all kinds unless one is named. */
export function noteRange(of: PeerStore, direction: Direction, kind?: NoteKind): RowRange {
	const prefix = concatBytes(Uint8Array.of(peerRowKinds.note), peerPrefix(of, direction));
	const range = prefixRange(kind === undefined ? prefix : concatBytes(prefix, Uint8Array.of(noteKinds[kind])));
	return { ...range, mostlyEmpty: true };
}

/** The arrival at the end of a note's key. */
export function arrivalOfNoteKey(key: Uint8Array): number {
	return readUint(key, key.length - 6, 6);
}

function peerPrefix({ peer, storeId }: PeerStore, direction: Direction): Uint8Array {
	return concatBytes(who(peer), fromHex(storeId, 16), Uint8Array.of(directions[direction]));
}

function who(peer: string | undefined): Uint8Array {
	if (peer === undefined) return Uint8Array.of(0);
	return concatBytes(Uint8Array.of(whoBytes), fromHex(peer, whoBytes));
}
