/**
 * The header of a chunk; its payload follows.
 *
 * | offset | size | field |
 * |---:|---:|---|
 * | 0 | 4 | magic "CHNK" |
 * | 4 | 4 | index within the entry, from 0 |
 * | 8 | 4 | original size |
 * | 12 | 4 | stored size: of the payload alone |
 * | 16 | 4 | checksum of the original bytes: CRC-32, or the low 32 bits of XXH3-64 with seed 0 |
 * | 20 | 4 | flags: 1 last, 2 compressed, 4 encrypted; the others are zero |
 *
 * Source: the chunk format's specification.
 */
import { FieldReader, FieldWriter } from "../../bytes/little-endian.js";
import { expectLength, expectMagic, expectWithin, magicBytes } from "./field-checks.js";

export const chunkMagic = "CHNK";
export const chunkHeaderLength = 24;

export interface ChunkHeader {
	readonly index: number;
	readonly originalSize: number;
	readonly storedSize: number;
	readonly checksum: number;
	readonly last: boolean;
	readonly compressed: boolean;
	readonly encrypted: boolean;
}

export function encodeChunkHeader(header: ChunkHeader): Uint8Array {
	return new FieldWriter(chunkHeaderLength)
		.put(magicBytes(chunkMagic))
		.u32(header.index)
		.u32(header.originalSize)
		.u32(header.storedSize)
		.u32(header.checksum)
		.u32((header.last ? 1 : 0) | (header.compressed ? 2 : 0) | (header.encrypted ? 4 : 0)).bytes;
}

/** @throws {ApackError} `truncated` or `malformed`. */
export function decodeChunkHeader(bytes: Uint8Array): ChunkHeader {
	expectMagic(bytes, chunkMagic);
	expectLength(bytes, chunkHeaderLength, "chunk header");
	const fields = new FieldReader(bytes, 4);
	const [index, originalSize, storedSize, checksum, flags] = [
		fields.u32(),
		fields.u32(),
		fields.u32(),
		fields.u32(),
		fields.u32(),
	];
	expectWithin(flags, 0, 7, { field: "chunk flags" });
	return {
		index,
		originalSize,
		storedSize,
		checksum,
		last: (flags & 1) !== 0,
		compressed: (flags & 2) !== 0,
		encrypted: (flags & 4) !== 0,
	};
}
