import { type ChunkRules, checkChunkHeader } from "../chunk-rules.js";
import { ApackError } from "../errors.js";
import { type ChunkHeader, chunkHeaderLength, decodeChunkHeader } from "../format/chunk-header.js";
import type { ByteView } from "./byte-view.js";

/** Bytes read along with a header: enough for small chunks, and little compared with large ones. */
export const ahead = 16_384;

/** Where the chunks of an entry lie, and what they must add up to, as far as that is known. */
export interface ChunkPlace extends ChunkRules {
	readonly contentOffset: number;
	/** `undefined` in an archive that is read as it comes. */
	readonly sizes: { readonly originalSize: number; readonly storedSize: number } | undefined;
	/** 0 when it is not noted. */
	readonly chunkCount: number;
}

/** A place between two chunks. */
export interface ChunkMark {
	readonly index: number;
	/** Of the header of the chunk. */
	readonly offset: number;
	/** Original bytes before it. */
	readonly position: number;
}

export interface WalkedChunk extends ChunkMark {
	readonly header: ChunkHeader;
	/** Behind it. */
	readonly end: ChunkMark;
	readonly payload: () => Promise<Uint8Array>;
}

/**
 * Goes from header to header, up to the chunk with LAST. Everything that headers tell is checked before a chunk is given, so whoever
 * gets the last one knows that all sizes add up.
 * @throws {ApackError} `truncated`, `malformed`, `mismatch` or `limit`
 */
export async function* walkChunks(
	view: ByteView,
	place: ChunkPlace,
	from: ChunkMark = { index: 0, offset: place.contentOffset, position: 0 },
): AsyncGenerator<WalkedChunk> {
	let { index, offset, position } = from;
	for (;;) {
		checkRoom(place, offset, chunkHeaderLength);
		const header = decodeChunkHeader(await view.view(offset, chunkHeaderLength, ahead));
		checkChunkHeader(header, index, place);
		const length = chunkHeaderLength + header.storedSize;
		checkRoom(place, offset, length);
		const end = { index: index + 1, offset: offset + length, position: position + header.originalSize };
		if (header.last) checkEnd(place, end);
		const start = offset + chunkHeaderLength;
		yield { index, offset, position, header, end, payload: () => view.view(start, header.storedSize, ahead) };
		if (header.last) return;
		({ index, offset, position } = end);
		view.release(offset);
	}
}

function checkRoom({ contentOffset, sizes }: ChunkPlace, offset: number, length: number): void {
	if (sizes === undefined || offset + length <= contentOffset + sizes.storedSize) return;
	throw new ApackError("mismatch", "the chunks of an entry take more bytes than its stored size", {
		field: "storedSize",
		offset,
		expected: sizes.storedSize,
		found: offset + length - contentOffset,
	});
}

function checkEnd({ contentOffset, sizes, chunkCount }: ChunkPlace, end: ChunkMark): void {
	const check = (field: string, expected: number, found: number) => {
		if (found === expected) return;
		throw new ApackError("mismatch", `${field} of an entry: expected ${expected}, its chunks have ${found}`, {
			field,
			offset: end.offset,
			expected,
			found,
		});
	};
	if (chunkCount > 0) check("chunkCount", chunkCount, end.index);
	if (sizes === undefined) return;
	check("storedSize", sizes.storedSize, end.offset - contentOffset);
	check("originalSize", sizes.originalSize, end.position);
}
