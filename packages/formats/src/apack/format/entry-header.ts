/**
 * The header of an entry; its length is a multiple of 8, its place is not.
 *
 * | offset | size | field | value |
 * |---:|---:|---|---|
 * | 0 | 4 | magic | "ENTR" |
 * | 4 | 2 | version | 1 |
 * | 6 | 2 | flags | 1 attributes, 2 compressed, 4 encrypted, 8 error correction |
 * | 8 | 8 | id, signed | may occur twice |
 * | 16 | 8 | original size | all three are 0 while unknown, |
 * | 24 | 8 | stored size: chunks with their headers | and stay 0 in what the |
 * | 32 | 4 | number of chunks | reference program writes |
 * | 36 | 4 | compression | 1 zstd, 2 LZ4; means nothing without its flag |
 * | 40 | 4 | cipher | 1 AES-256-GCM, 2 ChaCha20-Poly1305; likewise |
 * | 44 | 2 | length of the name, N | from 1 |
 * | 46 | 2 | length of the MIME type, M | from 0 |
 * | 48 | 4 | number of attributes | |
 * | 52 | 4 | CRC-32 of the whole header without these four bytes | 0 in what the reference program writes |
 * | 56 | N | name, UTF-8 | |
 * | 56 + N | M | MIME type, UTF-8 | |
 * | … | … | attributes | |
 * | … | 0 … 7 | zeros up to a multiple of 8 | |
 */
import { crc32 } from "../../bytes/crc32.js";
import { FieldReader, FieldWriter } from "../../bytes/little-endian.js";
import { decodeUtf8, encodeUtf8 } from "../../bytes/utf8.js";
import { ApackError } from "../errors.js";
import {
	type Attribute,
	attributeFixedLength,
	attributeLength,
	decodeAttribute,
	encodeAttribute,
} from "./attribute.js";
import {
	expectField,
	expectLength,
	expectMagic,
	expectWithin,
	expectZeros,
	magicBytes,
	sizeOf,
} from "./field-checks.js";

export const entryMagic = "ENTR";
export const entryHeaderFixedLength = 56;
/** The reference reader refuses sizes above it in this header. */
const largestSize = 2 ** 40;
const flagBits = { attributes: 1, compressed: 2, encrypted: 4, errorCorrection: 8 } as const;

export interface EntryHeader {
	readonly id: bigint;
	readonly name: string;
	/** Empty when there is none. */
	readonly mimeType: string;
	readonly attributes: readonly Attribute[];
	/** Chunks may be compressed. */
	readonly compressed: boolean;
	/** All chunks are encrypted. */
	readonly encrypted: boolean;
	/** A note without effect: no writer makes bytes for error correction. */
	readonly errorCorrection: boolean;
	readonly compressionId: number;
	readonly encryptionId: number;
	readonly originalSize: number;
	readonly storedSize: number;
	/** 0 means that the sizes are not noted here. */
	readonly chunkCount: number;
}

/** @throws {ApackError} `usage` or `limit` when the header cannot be written so that it can be read. */
export function encodeEntryHeader(header: EntryHeader): Uint8Array {
	const name = encodeUtf8(header.name);
	const mimeType = encodeUtf8(header.mimeType);
	if (name.length === 0) throw new ApackError("usage", "an entry needs a name", { field: "name" });
	if (name.length > 65_535 || mimeType.length > 65_535) {
		throw new ApackError("limit", "a name and a MIME type have at most 65,535 bytes", { field: "name" });
	}
	if (header.originalSize > largestSize || header.storedSize > largestSize) {
		throw new ApackError("limit", "an entry has at most 1 TiB", { field: "originalSize" });
	}
	const attributes = header.attributes.map(encodeAttribute);
	const used = attributes.reduce(
		(sum, each) => sum + each.length,
		entryHeaderFixedLength + name.length + mimeType.length,
	);
	let flags = attributes.length > 0 ? flagBits.attributes : 0;
	if (header.compressed) flags |= flagBits.compressed;
	if (header.encrypted) flags |= flagBits.encrypted;
	if (header.errorCorrection) flags |= flagBits.errorCorrection;
	const fields = new FieldWriter(used + padding(used))
		.put(magicBytes(entryMagic))
		.u16(1)
		.u16(flags)
		.i64(header.id)
		.i64(header.originalSize)
		.i64(header.storedSize)
		.u32(header.chunkCount)
		.u32(header.compressionId)
		.u32(header.encryptionId)
		.u16(name.length)
		.u16(mimeType.length)
		.u32(attributes.length)
		.u32(0)
		.put(name)
		.put(mimeType);
	for (const attribute of attributes) fields.put(attribute);
	new DataView(fields.bytes.buffer).setUint32(52, checksumOf(fields.bytes), true);
	return fields.bytes;
}

/**
 * Finds out how long a header is, reading no more than that.
 * @param read gives `length` bytes from `offset` of the header on.
 * @throws {ApackError} `malformed`, `limit` when it is longer than `most`, and what `read` throws.
 */
export async function measureEntryHeader(
	read: (offset: number, length: number) => Promise<Uint8Array>,
	most: number,
): Promise<number> {
	const fixed = await read(0, entryHeaderFixedLength);
	expectMagic(fixed, entryMagic);
	const fields = new FieldReader(fixed, 44);
	let length = entryHeaderFixedLength + fields.u16() + fields.u16();
	const attributes = fields.u32();
	const check = (expected: number) => {
		if (expected <= most) return;
		throw new ApackError("limit", `entry header: expected at most ${most} bytes, found ${expected} or more`, {
			field: "attributeCount",
			expected: most,
			found: expected,
		});
	};
	check(length + attributes * attributeFixedLength);
	for (let i = 0; i < attributes; i++) {
		length += attributeLength(await read(length, attributeFixedLength));
		check(length);
	}
	return length + padding(length);
}

/** @returns the header, and its noted CRC-32, 0 when there is none. @throws {ApackError} `truncated`, `malformed` or `checksum`. */
export function decodeEntryHeader(bytes: Uint8Array): EntryHeader & { readonly headerChecksum: number } {
	if (bytes.length < entryHeaderFixedLength) expectLength(bytes, entryHeaderFixedLength, "entry header");
	expectMagic(bytes, entryMagic);
	const fields = new FieldReader(bytes, 4);
	expectField(fields.u16(), 1, { field: "headerVersion" });
	const flags = fields.u16();
	expectWithin(flags, 0, 15, { field: "entry flags" });
	const id = fields.i64();
	const originalSize = sizeOf(fields.i64(), { field: "originalSize" });
	const storedSize = sizeOf(fields.i64(), { field: "storedSize" });
	const [chunkCount, compressionId, encryptionId] = [fields.u32(), fields.u32(), fields.u32()];
	const [nameLength, mimeLength, attributeCount, headerChecksum] = [
		fields.u16(),
		fields.u16(),
		fields.u32(),
		fields.u32(),
	];
	if (headerChecksum !== 0) {
		const expected = checksumOf(bytes);
		if (headerChecksum !== expected) {
			throw new ApackError("checksum", "the header of an entry is damaged", {
				field: "headerChecksum",
				expected,
				found: headerChecksum,
			});
		}
	}
	if (chunkCount === 0)
		expectField(originalSize + storedSize, 0, { field: "sizes of an entry without a number of chunks" });
	if (nameLength === 0) expectWithin(nameLength, 1, 65_535, { field: "nameLength" });
	expectField(flags & flagBits.attributes, attributeCount > 0 ? 1 : 0, { field: "attributes flag" });
	const need = (length: number) => {
		if (fields.position + length > bytes.length) expectLength(bytes, fields.position + length, "entry header");
	};
	need(nameLength + mimeLength);
	const [name, mimeType] = [decodeUtf8(fields.view(nameLength)), decodeUtf8(fields.view(mimeLength))];
	if (name === undefined || mimeType === undefined) {
		throw new ApackError("malformed", "a name or MIME type is not UTF-8", { field: "name" });
	}
	const attributes: Attribute[] = [];
	for (let i = 0; i < attributeCount; i++) {
		need(attributeFixedLength);
		const length = attributeLength(bytes.subarray(fields.position, fields.position + attributeFixedLength));
		need(length);
		attributes.push(decodeAttribute(fields.view(length)));
	}
	expectLength(bytes, fields.position + padding(fields.position), "entry header");
	expectZeros(bytes.subarray(fields.position), { field: "padding of an entry header" });
	return {
		id,
		name,
		mimeType,
		attributes,
		compressed: (flags & flagBits.compressed) !== 0,
		encrypted: (flags & flagBits.encrypted) !== 0,
		errorCorrection: (flags & flagBits.errorCorrection) !== 0,
		compressionId,
		encryptionId,
		originalSize,
		storedSize,
		chunkCount,
		headerChecksum,
	};
}

/** The CRC-32 that a header notes of itself. */
export function entryChecksum(header: Uint8Array): number {
	return new DataView(header.buffer, header.byteOffset).getUint32(52, true);
}

function checksumOf(header: Uint8Array): number {
	const bytes = new Uint8Array(header.length - 4);
	bytes.set(header.subarray(0, 52));
	bytes.set(header.subarray(56), 52);
	return crc32(bytes);
}

const padding = (length: number) => -length & 7;
