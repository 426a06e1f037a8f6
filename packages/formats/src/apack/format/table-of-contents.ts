/**
 * A record of the table of contents; the table is the records of all entries, in their order.
 *
 * | offset | size | field |
 * |---:|---:|---|
 * | 0 | 8 | id of the entry, signed |
 * | 8 | 8 | offset of its header in the archive |
 * | 16 | 8 | original size |
 * | 24 | 8 | stored size: chunks with their headers |
 * | 32 | 4 | low 32 bits of XXH3-64 of the name |
 * | 36 | 4 | CRC-32 of the entry's header, 0 where the header notes none |
 */
import { FieldReader, FieldWriter } from "../../bytes/little-endian.js";
import { expectLength, sizeOf } from "./field-checks.js";

export const tocRecordLength = 40;

export interface TocRecord {
	readonly id: bigint;
	readonly offset: number;
	readonly originalSize: number;
	readonly storedSize: number;
	readonly nameHash: number;
	readonly headerChecksum: number;
}

export function encodeTocRecord(record: TocRecord): Uint8Array {
	return new FieldWriter(tocRecordLength)
		.i64(record.id)
		.i64(record.offset)
		.i64(record.originalSize)
		.i64(record.storedSize)
		.u32(record.nameHash)
		.u32(record.headerChecksum).bytes;
}

/** @throws {ApackError} `truncated` or `malformed`. */
export function decodeTocRecord(bytes: Uint8Array): TocRecord {
	expectLength(bytes, tocRecordLength, "record of the table of contents");
	const fields = new FieldReader(bytes);
	return {
		id: fields.i64(),
		offset: sizeOf(fields.i64(), { field: "entryOffset" }),
		originalSize: sizeOf(fields.i64(), { field: "originalSize" }),
		storedSize: sizeOf(fields.i64(), { field: "storedSize" }),
		nameHash: fields.u32(),
		headerChecksum: fields.u32(),
	};
}
