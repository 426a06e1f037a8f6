/**
 * CBOR as this project writes it: the deterministic subset of RFC 8949 §4.2.1, without floats, tags and negative numbers.
 *
 * | value             | first byte | RFC 8949     |
 * |-------------------|------------|--------------|
 * | integer from 0    | 00 to 1b   | §3.1, type 0 |
 * | bytes             | 40 to 5b   | type 2       |
 * | text              | 60 to 7b   | type 3       |
 * | array             | 80 to 9b   | type 4       |
 * | map               | a0 to bb   | type 5       |
 * | false, true, null | f4, f5, f6 | §3.3         |
 */
import { decode } from "cborg";
import { FormatError } from "../errors.js";
import { writeUint } from "./big-endian.js";
import { compareBytes, equalBytes } from "./compare.js";
import { encodeUtf8, isAscii, writeAscii } from "./text.js";

/** What can be written. */
export type CborValue =
	| number
	| boolean
	| null
	| string
	| Uint8Array
	| readonly CborValue[]
	| ReadonlyMap<number | string, CborValue>;
type CborMap = ReadonlyMap<number | string, CborValue>;

const decodeOptions = {
	allowIndefinite: false,
	allowUndefined: false,
	allowInfinity: false,
	allowNaN: false,
	allowBigInt: false,
	strict: true,
	useMaps: true,
	rejectDuplicateMapKeys: true,
};

/**
 * Shortest-form, definite-length bytes; map keys sorted by their encoded bytes. The length is found first, so nothing is copied.
 * @throws {FormatError} for what the subset cannot hold.
 */
export function encodeCbor(value: CborValue): Uint8Array {
	const target = new Uint8Array(sizeOf(value));
	writeValue(target, 0, value);
	return target;
}

/** Bytes of a text with its head. For who puts an array together from parts that stay the same; else `encodeCbor`. */
export function cborTextSize(text: string): number {
	const length = textLength(text);
	return headSize(length) + length;
}

/** Writes a text with its head. @returns the offset behind it. */
export function writeCborText(target: Uint8Array, offset: number, text: string): number {
	const length = textLength(text);
	const start = writeHead(target, offset, 0x60, length);
	if (length === text.length) writeAscii(target, start, text);
	else target.set(encodeUtf8(text), start);
	return start + length;
}

/** Bytes of an integer. @throws {FormatError} unless it is one from 0 to 2^53 - 1. */
export function cborIntegerSize(value: number): number {
	return headSize(checkedInteger(value));
}

/** Writes an integer that `cborIntegerSize` has measured. @returns the offset behind it. */
export function writeCborInteger(target: Uint8Array, offset: number, value: number): number {
	return writeHead(target, offset, 0x00, value);
}

/**
 * Inverse of `encodeCbor`: refuses trailing bytes and everything that `encodeCbor` would not have written.
 * @throws {FormatError}
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
	let value: unknown;
	try {
		value = decode(bytes, decodeOptions);
	} catch (cause) {
		throw new FormatError("CBOR: expected one deterministic value", { cause });
	}
	checkValue(value, 0);
	if (!equalBytes(encodeCbor(value as CborValue), bytes)) {
		throw new FormatError("CBOR: expected the shortest form with sorted map keys");
	}
	return value as CborValue;
}

function checkValue(value: unknown, depth: number): void {
	if (depth > 16) throw new FormatError("CBOR: expected at most 16 levels");
	if (value === null || typeof value === "string" || typeof value === "boolean" || value instanceof Uint8Array) return;
	if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) return;
	if (Array.isArray(value)) {
		for (const item of value) checkValue(item, depth + 1);
		return;
	}
	if (value instanceof Map) {
		for (const [key, item] of value) {
			if (typeof key !== "string" && typeof key !== "number")
				throw new FormatError("CBOR: expected text or number as map key");
			checkValue(key, depth + 1);
			checkValue(item, depth + 1);
		}
		return;
	}
	throw new FormatError("CBOR: found a value outside the subset (float, tag, negative or too large)");
}

function sizeOf(value: CborValue): number {
	if (typeof value === "number") return cborIntegerSize(value);
	if (typeof value === "string") return cborTextSize(value);
	if (value === null || typeof value === "boolean") return 1;
	if (value instanceof Uint8Array) return headSize(value.length) + value.length;
	if (Array.isArray(value)) {
		const items = value as readonly CborValue[];
		let size = headSize(items.length);
		for (let i = 0; i < items.length; i++) size += sizeOf(items[i] as CborValue);
		return size;
	}
	if (!(value instanceof Map)) throw new FormatError("CBOR: found a value outside the subset", { found: typeof value });
	const map = value as CborMap;
	let size = headSize(map.size);
	for (const [key, item] of map) size += sizeOf(key) + sizeOf(item);
	return size;
}

/** @returns the offset behind it. */
function writeValue(target: Uint8Array, offset: number, value: CborValue): number {
	if (typeof value === "number") return writeCborInteger(target, offset, value);
	if (typeof value === "string") return writeCborText(target, offset, value);
	if (value === null || typeof value === "boolean") {
		target[offset] = value === null ? 0xf6 : value ? 0xf5 : 0xf4;
		return offset + 1;
	}
	if (value instanceof Uint8Array) {
		const start = writeHead(target, offset, 0x40, value.length);
		target.set(value, start);
		return start + value.length;
	}
	if (Array.isArray(value)) {
		const items = value as readonly CborValue[];
		let at = writeHead(target, offset, 0x80, items.length);
		for (let i = 0; i < items.length; i++) at = writeValue(target, at, items[i] as CborValue);
		return at;
	}
	return writeMap(target, offset, value as CborMap);
}

/** Keys sorted by their encoded bytes. */
function writeMap(target: Uint8Array, offset: number, map: CborMap): number {
	let at = writeHead(target, offset, 0xa0, map.size);
	if (map.size === 0) return at;
	const items = [...map].map(([key, item]) => ({ key: encodeCbor(key), item }));
	for (const { key, item } of items.sort((a, b) => compareBytes(a.key, b.key))) {
		target.set(key, at);
		at = writeValue(target, at + key.length, item);
	}
	return at;
}

/** The shortest form of type and number. */
function writeHead(target: Uint8Array, offset: number, type: number, value: number): number {
	if (value < 24) {
		target[offset] = type | value;
		return offset + 1;
	}
	const width = headSize(value) - 1;
	target[offset] = type | (width === 1 ? 24 : width === 2 ? 25 : width === 4 ? 26 : 27);
	return writeUint(target, offset + 1, value, width);
}

function headSize(value: number): number {
	if (value < 24) return 1;
	if (value < 0x100) return 2;
	if (value < 0x1_0000) return 3;
	return value < 0x1_0000_0000 ? 5 : 9;
}

/** UTF-8 bytes of a text; ids and labels are ASCII. */
function textLength(text: string): number {
	return isAscii(text) ? text.length : encodeUtf8(text).length;
}

function checkedInteger(value: number): number {
	if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) return value;
	throw new FormatError("CBOR: expected an integer from 0 to 2^53 - 1", { found: value });
}
