/**
 * Values of operations: a number (length << 4 | type) in the column of metadata, and as many bytes in the column of raw values.
 *
 * | type | value      | bytes                                  |
 * |------|------------|----------------------------------------|
 * | 0    | null       | none                                   |
 * | 1, 2 | false, true | none                                  |
 * | 3    | unsigned   | uLEB, 64 bits                          |
 * | 4    | integer    | LEB, 64 bits                           |
 * | 5    | float      | 8, little-endian IEEE 754; one NaN     |
 * | 6    | string     | UTF-8                                  |
 * | 7    | bytes      | as they are                            |
 * | 8    | counter    | LEB, 64 bits                           |
 * | 9    | timestamp  | LEB, 64 bits, milliseconds             |
 *
 * Source: automerge.org/automerge-binary-format-spec, "Value Metadata Columns".
 */
import type { ByteReader } from "./leb128.js";

export const valueTypes = {
	null: 0,
	false: 1,
	true: 2,
	unsigned: 3,
	integer: 4,
	float: 5,
	string: 6,
	bytes: 7,
	counter: 8,
	timestamp: 9,
} as const;

/** Passes over one value. @throws {FormatError} where the bytes are not what the metadata says. */
export function skipValue(raw: ByteReader, metadata: number): void {
	const type = metadata % 16;
	const length = (metadata - type) / 16;
	const end = raw.offset + length;
	if (end > raw.end) throw raw.error("expected more bytes of values");
	switch (type) {
		case valueTypes.null:
		case valueTypes.false:
		case valueTypes.true:
			break;
		case valueTypes.unsigned:
			raw.skipUnsigned64();
			break;
		case valueTypes.integer:
		case valueTypes.counter:
		case valueTypes.timestamp:
			raw.skipSigned64();
			break;
		case valueTypes.float:
			if (length === 8 && isOtherNaN(raw.bytes, raw.offset)) throw raw.error("expected the canonical NaN");
			raw.offset += 8;
			break;
		case valueTypes.string:
			if (!isUtf8(raw.bytes, raw.offset, end)) throw raw.error("expected UTF-8");
			raw.offset = end;
			break;
		case valueTypes.bytes:
			raw.offset = end;
			break;
		default:
			throw raw.error(`expected a value of a known type, found ${type}`);
	}
	if (raw.offset !== end) throw raw.error("expected a value of another length", end);
}

/** Whether the bytes from `start` to `end` are well-formed UTF-8 (RFC 3629). */
function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
	let at = start;
	while (at < end) {
		const first = bytes[at++] as number;
		if (first < 0x80) continue;
		const more =
			first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
		if (more === 0 || at + more > end) return false;
		const second = bytes[at] as number;
		if (first === 0xe0 && second < 0xa0) return false;
		if (first === 0xed && second > 0x9f) return false;
		if (first === 0xf0 && second < 0x90) return false;
		if (first === 0xf4 && second > 0x8f) return false;
		for (let i = 0; i < more; i++) if (((bytes[at++] as number) & 0xc0) !== 0x80) return false;
	}
	return true;
}

/** A NaN with other bits than 7f f8 00 … need not come back from Automerge as it was. */
function isOtherNaN(bytes: Uint8Array, offset: number): boolean {
	const high = bytes[offset + 7] as number;
	const next = bytes[offset + 6] as number;
	if ((high & 0x7f) !== 0x7f || (next & 0xf0) !== 0xf0) return false;
	let fraction = next & 0x0f;
	for (let i = 0; i < 6; i++) fraction |= bytes[offset + i] as number;
	if (fraction === 0) return false;
	const rest = bytes.subarray(offset, offset + 6).some((byte) => byte !== 0);
	return high !== 0x7f || next !== 0xf8 || rest;
}
