import { decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { FormatError } from "../errors.js";
import type { LocalStore, RowWrite } from "../store/store.js";
import { positionKey } from "./document-rows.js";

/** How far two replicas are level, as this one remembers it. Kept by the replica that relies on it alone. */
export interface Position {
	/** Arrival of the peer up to which everything is stored or noted here. */
	readonly pulled: number;
	/** Running digest of the peer at `pulled`: another one means that its store was restored or made anew. */
	readonly digest: string;
	/** Own arrival up to which the peer has acknowledged or refused everything. */
	readonly pushed: number;
	/** Own arrivals up to `pushed` that the peer refused; they are offered again. */
	readonly refused: readonly number[];
}

export const startPosition: Position = { pulled: 0, digest: "0".repeat(32), pushed: 0, refused: [] };

/** What is remembered about a peer's store. */
export async function readPosition(store: LocalStore, storeId: string): Promise<Position> {
	const row = await store.rows.get(positionKey(storeId));
	return row === undefined ? startPosition : decodePosition(row);
}

export function positionRow(storeId: string, position: Position): RowWrite {
	const { pulled, digest, pushed, refused } = position;
	return { type: "put", key: positionKey(storeId), value: encodeCbor([pulled, fromHex(digest, 16), pushed, refused]) };
}

function decodePosition(row: Uint8Array): Position {
	const value = decodeCbor(row);
	if (!Array.isArray(value) || value.length !== 4) throw new FormatError("position: expected four elements");
	const [pulled, digest, pushed, refused] = value as [number, Uint8Array, number, number[]];
	return { pulled, digest: toHex(digest), pushed, refused };
}
