/**
 * Rows of levelling in a store, beside those of its database (database/document-rows.ts). Numbers are big-endian.
 *
 * | key                                     | value                         | for                                     |
 * |-----------------------------------------|-------------------------------|-----------------------------------------|
 * | 07 ‖ peer's store id(16) ‖ direction(1) | position, see peer-memory.ts  | how far both are level                  |
 * | 08 ‖ peer's store id(16) ‖ direction(1) ‖ kind(1) ‖ arrival(6) | empty  | arrivals that levelling passed and left |
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

export const noValue = new Uint8Array(0);

export function positionKey(storeId: string, direction: Direction): Uint8Array {
	return concatBytes(Uint8Array.of(peerRowKinds.position), peerPrefix(storeId, direction));
}

export function positionRange(): RowRange {
	return prefixRange(Uint8Array.of(peerRowKinds.position));
}

export function storeIdOfPositionKey(key: Uint8Array): string {
	return toHex(key.subarray(1, 17));
}

export function noteKey(storeId: string, direction: Direction, kind: NoteKind, arrival: number): Uint8Array {
	const number = new Uint8Array(6);
	writeUint(number, 0, arrival, 6);
	return concatBytes(
		Uint8Array.of(peerRowKinds.note),
		peerPrefix(storeId, direction),
		Uint8Array.of(noteKinds[kind]),
		number,
	);
}

/** Notes about a store in one direction; all kinds unless one is named. */
export function noteRange(storeId: string, direction: Direction, kind?: NoteKind): RowRange {
	const prefix = concatBytes(Uint8Array.of(peerRowKinds.note), peerPrefix(storeId, direction));
	return prefixRange(kind === undefined ? prefix : concatBytes(prefix, Uint8Array.of(noteKinds[kind])));
}

/** The arrival at the end of a note's key. */
export function arrivalOfNoteKey(key: Uint8Array): number {
	return readUint(key, key.length - 6, 6);
}

function peerPrefix(storeId: string, direction: Direction): Uint8Array {
	return concatBytes(fromHex(storeId, 16), Uint8Array.of(directions[direction]));
}
