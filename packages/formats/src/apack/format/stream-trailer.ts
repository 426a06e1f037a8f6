/**
 * The trailer of the stream form, which has one entry and no table of contents.
 *
 * | offset | size | field |
 * |---:|---:|---|
 * | 0 | 4 | magic "STRL" |
 * | 4 | 4 | zeros |
 * | 8 | 8 | original size |
 * | 16 | 8 | stored size: chunks with their headers |
 * | 24 | 4 | number of chunks |
 * | 28 | 4 | CRC-32 of bytes 0 … 27 |
 */
import { crc32 } from "../../bytes/crc32.js";
import { FieldReader, FieldWriter } from "../../bytes/little-endian.js";
import { ApackError } from "../errors.js";
import { expectLength, expectMagic, expectZeros, magicBytes, sizeOf } from "./field-checks.js";

export const streamTrailerMagic = "STRL";
export const streamTrailerLength = 32;

export interface StreamTrailer {
	readonly originalSize: number;
	readonly storedSize: number;
	readonly chunkCount: number;
}

export function encodeStreamTrailer({ originalSize, storedSize, chunkCount }: StreamTrailer): Uint8Array {
	const fields = new FieldWriter(streamTrailerLength)
		.put(magicBytes(streamTrailerMagic))
		.u32(0)
		.i64(originalSize)
		.i64(storedSize)
		.u32(chunkCount);
	return fields.u32(crc32(fields.bytes.subarray(0, 28))).bytes;
}

/** @throws {ApackError} `truncated`, `malformed` or `checksum`. */
export function decodeStreamTrailer(bytes: Uint8Array): StreamTrailer {
	expectMagic(bytes, streamTrailerMagic);
	expectLength(bytes, streamTrailerLength, "stream trailer");
	const fields = new FieldReader(bytes, 4);
	expectZeros(fields.view(4), { field: "reserved bytes of the stream trailer" });
	const originalSize = sizeOf(fields.i64(), { field: "originalSize" });
	const storedSize = sizeOf(fields.i64(), { field: "storedSize" });
	const [chunkCount, found] = [fields.u32(), fields.u32()];
	const expected = crc32(bytes.subarray(0, 28));
	if (found !== expected) {
		throw new ApackError("checksum", "the stream trailer is damaged", { field: "trailerChecksum", expected, found });
	}
	return { originalSize, storedSize, chunkCount };
}
