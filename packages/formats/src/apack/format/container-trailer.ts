/**
 * The trailer of a container: the last bytes, right behind the table of contents.
 *
 * | offset | size | field | the reference program writes |
 * |---:|---:|---|---|
 * | 0 | 4 | magic | "ATRL" |
 * | 4 | 4 | version | 1 |
 * | 8 | 8 | start of the table of contents, from the start of the trailer: negative | 0 |
 * | 16 | 8 | bytes of the table of contents | |
 * | 24 | 8 | number of entries | |
 * | 32 | 8 | original sizes in all | |
 * | 40 | 8 | stored sizes in all | |
 * | 48 | 4 | CRC-32 of the table of contents | 0 |
 * | 52 | 4 | CRC-32 of bytes 0 … 51 | 0 |
 * | 56 | 8 | length of the archive | 0 |
 *
 * The length of a real archive is not 0, so it tells whether the fields on the right are filled.
 */
import { crc32 } from "../../bytes/crc32.js";
import { FieldReader, FieldWriter } from "../../bytes/little-endian.js";
import { ApackError } from "../errors.js";
import { expectField, expectLength, expectMagic, magicBytes, sizeOf } from "./field-checks.js";
import { tocRecordLength } from "./table-of-contents.js";

export const containerTrailerMagic = "ATRL";
export const containerTrailerLength = 64;

export interface ContainerTrailer {
	readonly tocSize: number;
	readonly entryCount: number;
	readonly totalOriginalSize: number;
	readonly totalStoredSize: number;
	/** What only some writers fill. */
	readonly filled: { readonly tocChecksum: number; readonly fileSize: number } | undefined;
}

/** Fills all fields. */
export function encodeContainerTrailer(
	trailer: Omit<ContainerTrailer, "filled" | "tocSize"> & { readonly tocChecksum: number; readonly fileSize: number },
): Uint8Array {
	const tocSize = tocRecordLength * trailer.entryCount;
	const fields = new FieldWriter(containerTrailerLength)
		.put(magicBytes(containerTrailerMagic))
		.u32(1)
		.i64(-tocSize)
		.i64(tocSize)
		.i64(trailer.entryCount)
		.i64(trailer.totalOriginalSize)
		.i64(trailer.totalStoredSize)
		.u32(trailer.tocChecksum);
	return fields.u32(crc32(fields.bytes.subarray(0, 52))).i64(trailer.fileSize).bytes;
}

/** @throws {ApackError} `truncated`, `malformed` or `checksum`. */
export function decodeContainerTrailer(bytes: Uint8Array): ContainerTrailer {
	expectMagic(bytes, containerTrailerMagic);
	expectLength(bytes, containerTrailerLength, "trailer");
	const fields = new FieldReader(bytes, 4);
	expectField(fields.u32(), 1, { field: "version of the trailer" });
	const tocOffset = Number(fields.i64());
	const tocSize = sizeOf(fields.i64(), { field: "tocSize" });
	const entryCount = sizeOf(fields.i64(), { field: "entryCount of the trailer" });
	expectField(tocSize, tocRecordLength * entryCount, { field: "tocSize" });
	const totalOriginalSize = sizeOf(fields.i64(), { field: "totalOriginalSize" });
	const totalStoredSize = sizeOf(fields.i64(), { field: "totalStoredSize" });
	const [tocChecksum, trailerChecksum] = [fields.u32(), fields.u32()];
	const fileSize = sizeOf(fields.i64(), { field: "fileSize" });
	const sums = { tocSize, entryCount, totalOriginalSize, totalStoredSize };
	if (fileSize === 0) {
		expectField(tocOffset, 0, { field: "tocOffset" });
		expectField(tocChecksum, 0, { field: "tocChecksum" });
		expectField(trailerChecksum, 0, { field: "trailerChecksum" });
		return { ...sums, filled: undefined };
	}
	const expected = crc32(bytes.subarray(0, 52));
	if (trailerChecksum !== expected) {
		throw new ApackError("checksum", "the trailer is damaged", {
			field: "trailerChecksum",
			expected,
			found: trailerChecksum,
		});
	}
	expectField(tocOffset, 0 - tocSize, { field: "tocOffset" });
	return { ...sums, filled: { tocChecksum, fileSize } };
}
