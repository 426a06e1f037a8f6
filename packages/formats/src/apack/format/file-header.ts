/**
 * The file header.
 *
 * | offset | size | field | value |
 * |---:|---:|---|---|
 * | 0 | 6 | magic | "APACK" and a zero |
 * | 6 | 3 × 2 | version: major, minor, patch | 1, 0, 0; not what readers go by |
 * | 12 | 2 | compatibility level | 1 |
 * | 14 | 1 | mode | 1 stream, 2 encrypted, 4 compressed, 8 random access |
 * | 15 | 1 | checksum of chunks | 0 CRC-32, 1 XXH3-64 (its low 32 bits) |
 * | 16 | 4 | chunk size | 1,024 … 67,108,864 |
 * | 20 | 4 | CRC-32 of bytes 0 … 19 | |
 * | 24 | 8 | number of entries | 0 until patched |
 * | 32 | 8 | offset of the table of contents, or of the stream trailer | 0 until patched |
 * | 40 | 8 | time of creation, milliseconds since 1970 | |
 * | 48 | 16 | zeros | |
 *
 * Source: the reference program, whose documents describe another layout (docs/decisions/0040-apack.md).
 */
import { crc32 } from "../../bytes/crc32.js";
import { FieldReader, FieldWriter } from "../../bytes/little-endian.js";
import { ApackError } from "../errors.js";
import {
	expectField,
	expectLength,
	expectMagic,
	expectWithin,
	expectZeros,
	magicBytes,
	sizeOf,
} from "./field-checks.js";

export const fileHeaderLength = 64;
/** Where `encodeFileHeaderPatch` goes. */
export const fileHeaderPatchOffset = 24;
export const chunkSizes = { least: 1024, most: 67_108_864, usual: 262_144 } as const;

const modes = { stream: 1, encrypted: 2, compressed: 4, randomAccess: 8 } as const;
const magic = "APACK\0";

export type ChecksumName = "crc32" | "xxh3";

export interface FileHeader {
	readonly stream: boolean;
	readonly encrypted: boolean;
	/** The reference program never sets it. */
	readonly compressed: boolean;
	readonly randomAccess: boolean;
	readonly checksum: ChecksumName;
	/** Bytes of every chunk but the last of an entry. */
	readonly chunkSize: number;
	/** 0 in an archive that was written to a pipe. */
	readonly entryCount: number;
	/** 0 in an archive that was written to a pipe. */
	readonly trailerOffset: number;
	/** Milliseconds since 1970. */
	readonly created: number;
}

export function encodeFileHeader(header: FileHeader): Uint8Array {
	let mode = 0;
	for (const [name, bit] of Object.entries(modes)) if (header[name as keyof typeof modes]) mode |= bit;
	const fields = new FieldWriter(fileHeaderLength)
		.put(magicBytes(magic))
		.u16(1)
		.u16(0)
		.u16(0)
		.u16(1)
		.u8(mode)
		.u8(header.checksum === "crc32" ? 0 : 1)
		.u32(header.chunkSize);
	fields.u32(crc32(fields.bytes.subarray(0, 20)));
	return fields.put(encodeFileHeaderPatch(header)).i64(header.created).bytes;
}

/** What becomes known when an archive ends. */
export function encodeFileHeaderPatch(header: Pick<FileHeader, "entryCount" | "trailerOffset">): Uint8Array {
	return new FieldWriter(16).i64(header.entryCount).i64(header.trailerOffset).bytes;
}

/** @throws {ApackError} `truncated`, `malformed`, `checksum` or `unsupported`. */
export function decodeFileHeader(bytes: Uint8Array): FileHeader {
	expectLength(bytes, fileHeaderLength, "file header");
	expectMagic(bytes, magic, 0);
	const fields = new FieldReader(bytes, 12);
	const level = fields.u16();
	const mode = fields.u8();
	const checksum = fields.u8();
	const chunkSize = fields.u32();
	const found = fields.u32();
	const expected = crc32(bytes.subarray(0, 20));
	if (found !== expected) {
		throw new ApackError("checksum", "the file header is damaged", { field: "headerChecksum", expected, found });
	}
	if (level !== 1) {
		throw new ApackError("unsupported", `compatibility level: expected 1, found ${level}`, { field: "compatLevel" });
	}
	expectWithin(mode, 0, 15, { field: "modeFlags", offset: 14 });
	expectWithin(checksum, 0, 1, { field: "checksumAlgorithm", offset: 15 });
	expectWithin(chunkSize, chunkSizes.least, chunkSizes.most, { field: "chunkSize", offset: 16 });
	const entryCount = sizeOf(fields.i64(), { field: "entryCount", offset: 24 });
	const trailerOffset = sizeOf(fields.i64(), { field: "trailerOffset", offset: 32 });
	const created = Number(fields.i64());
	expectField(Number.isSafeInteger(created) ? 1 : 0, 1, { field: "creationTimestamp", offset: 40 });
	expectZeros(fields.view(16), { field: "reserved bytes of the file header", offset: 48 });
	const has = (bit: number) => (mode & bit) !== 0;
	return {
		stream: has(modes.stream),
		encrypted: has(modes.encrypted),
		compressed: has(modes.compressed),
		randomAccess: has(modes.randomAccess),
		checksum: checksum === 0 ? "crc32" : "xxh3",
		chunkSize,
		entryCount,
		trailerOffset,
		created,
	};
}
