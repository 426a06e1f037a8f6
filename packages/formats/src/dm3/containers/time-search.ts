/** Where messages of a time are, told by the identifiers of chunks alone. */
import type { ChunkIdentifier } from "../keys/container-keys.js";

/** Milliseconds since 1970, both ends included. */
export interface TimeRange {
	/** @default the beginning */
	readonly from?: number;
	/** @default the end */
	readonly to?: number;
}

/** @param chunks of a conversation, in its order. */
export function chunksThatMayHold(chunks: readonly ChunkIdentifier[], range: TimeRange): ChunkIdentifier[] {
	const { from = 0, to = Number.POSITIVE_INFINITY } = range;
	return chunks.filter(({ timestamp }, at) => {
		const next = chunks[at + 1];
		// Messages of one time may lie on both sides of a border, hence ">=".
		return timestamp <= to && (next === undefined || next.timestamp >= from);
	});
}

export function isWithin(timestamp: number, { from = 0, to = Number.POSITIVE_INFINITY }: TimeRange): boolean {
	return timestamp >= from && timestamp <= to;
}

/** @returns the position of the chunk that a message of this time belongs to: the last that begins no later, or the first. */
export function targetChunk(chunks: readonly ChunkIdentifier[], timestamp: number): number {
	return Math.max(
		0,
		chunks.findLastIndex((chunk) => chunk.timestamp <= timestamp),
	);
}
