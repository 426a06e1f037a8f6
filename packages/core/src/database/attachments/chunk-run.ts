/**
 * A row of the index that leads from an offset to a chunk: up to 256 chunks that follow one another, found by the last of them.
 *
 * Runs are never changed: an append adds a run behind those that are there, so every earlier last chunk leads to the attachment as it
 * was then, and appends made apart share what they have in common. Besides the run before it each one names a run farther back; the
 * distances grow as in Myers' skew-binary stack (Information Processing Letters 17, 1983), so any offset is O(log n) rows away.
 *
 * Value: CBOR[start, depth, run before or null, [run farther back, its depth, its end] or null, hashes, [size of each chunk]]. Runs are
 * named by their last chunk.
 */
import { decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";

export const chunksPerRun = 256;

export interface Chunk {
	/** Of its entry, hex. */
	readonly hash: string;
	/** Bytes of the file. */
	readonly size: number;
}

export interface Jump {
	readonly run: string;
	readonly depth: number;
	/** Offset behind it. */
	readonly end: number;
}

export interface ChunkRun {
	/** Offset of its first byte. */
	readonly start: number;
	/** Runs before it. */
	readonly depth: number;
	readonly previous: string | undefined;
	readonly jump: Jump | undefined;
	/** The chunk before it that is not here; such a run is never stored. */
	readonly missing?: string;
	/** At least one. */
	readonly chunks: readonly Chunk[];
}

export function endOf({ start, chunks }: ChunkRun): number {
	let end = start;
	for (const { size } of chunks) end += size;
	return end;
}

export function nameOf({ chunks }: ChunkRun): string {
	return (chunks[chunks.length - 1] as Chunk).hash;
}

/** The jump of a run that follows `before`. @param farther the run to which that one jumps. */
export function jumpBehind(before: ChunkRun, farther: ChunkRun | undefined): Jump {
	const { jump } = before;
	if (
		jump !== undefined &&
		farther?.jump !== undefined &&
		before.depth - jump.depth === jump.depth - farther.jump.depth
	)
		return farther.jump;
	return { run: nameOf(before), depth: before.depth, end: endOf(before) };
}

export function encodeRun({ start, depth, previous, jump, chunks }: ChunkRun): Uint8Array {
	return encodeCbor([
		start,
		depth,
		previous === undefined ? null : fromHex(previous, 32),
		jump === undefined ? null : [fromHex(jump.run, 32), jump.depth, jump.end],
		concatBytes(...chunks.map(({ hash }) => fromHex(hash, 32))),
		chunks.map(({ size }) => size),
	]);
}

/** Rows are this replica's own and were written by `encodeRun`. */
export function decodeRun(bytes: Uint8Array): ChunkRun {
	const [start, depth, previous, jump, hashes, sizes] = decodeCbor(bytes) as readonly [
		number,
		number,
		Uint8Array | null,
		readonly [Uint8Array, number, number] | null,
		Uint8Array,
		readonly number[],
	];
	return {
		start,
		depth,
		previous: previous === null ? undefined : toHex(previous),
		jump: jump === null ? undefined : { run: toHex(jump[0]), depth: jump[1], end: jump[2] },
		chunks: sizes.map((size, index) => ({ hash: toHex(hashes.subarray(32 * index, 32 * index + 32)), size })),
	};
}
