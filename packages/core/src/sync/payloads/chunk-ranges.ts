/** Which Chunks of a payload somebody has: all are full but the last, so an index tells place and length. */
import { maxDataLength } from "@mindoodb/formats/chunks";
import { FormatError } from "../../errors.js";

export function chunkCount(size: number): number {
	return Math.ceil(size / maxDataLength);
}

/** Bytes of data in the chunk of an index; 0 behind the end of the payload, and no chunk is empty. */
export function chunkLength(size: number, index: number): number {
	return Math.max(0, Math.min(maxDataLength, size - index * maxDataLength));
}

/** @param indexes ascending. @returns pairs of first index and count, joined, as `HeldChunks` has them. */
export function rangesOf(indexes: readonly number[]): number[] {
	const ranges: number[] = [];
	for (const index of indexes) {
		const last = ranges.length - 2;
		if (last >= 0 && (ranges[last] as number) + (ranges[last + 1] as number) === index) (ranges[last + 1] as number)++;
		else ranges.push(index, 1);
	}
	return ranges;
}

/**
 * Inverse of `rangesOf`.
 * @param size bytes of the payload.
 * @throws {FormatError} unless the ranges ascend, lie apart and end within the payload.
 */
export function indexesOf(ranges: readonly number[], size: number): Set<number> {
	const count = chunkCount(size);
	const indexes = new Set<number>();
	let end = -1;
	for (let at = 0; at < ranges.length; at += 2) {
		const first = ranges[at] as number;
		const length = ranges[at + 1] ?? 0;
		if (first <= end || length < 1 || first + length > count) {
			throw new FormatError("payload: expected ranges of its chunks, ascending and apart", { expected: count });
		}
		end = first + length;
		for (let index = first; index < end; index++) indexes.add(index);
	}
	return indexes;
}
