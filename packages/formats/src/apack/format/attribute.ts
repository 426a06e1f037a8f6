/**
 * An attribute of an entry.
 *
 * | offset | size | field |
 * |---:|---:|---|
 * | 0 | 2 | length of the key, K |
 * | 2 | 1 | type: 0 string, 1 int64, 2 float64, 3 boolean, 4 bytes |
 * | 3 | 1 | zero |
 * | 4 | 4 | length of the value, V, at most 64 MiB |
 * | 8 | K | key, UTF-8 |
 * | 8 + K | V | value |
 *
 * Keys may be empty and may occur twice; types that nobody knows are kept as they are.
 */
import { FieldReader, FieldWriter } from "../../bytes/little-endian.js";
import { decodeUtf8, encodeUtf8 } from "../../bytes/utf8.js";
import { ApackError } from "../errors.js";
import { expectWithin, expectZeros } from "./field-checks.js";

export const attributeFixedLength = 8;
const longestValue = 67_108_864;

export const attributeTypes = { string: 0, int64: 1, float64: 2, boolean: 3, bytes: 4 } as const;

export interface Attribute {
	readonly key: string;
	/** One of `attributeTypes`, or another number from 0 to 255. */
	readonly typeId: number;
	/** The value as it is stored. */
	readonly value: Uint8Array;
}

export type AttributeValue = string | bigint | number | boolean | Uint8Array;

/** Makes an attribute of a value: a `bigint` becomes an int64, a `number` a float64. @throws {ApackError} `usage` */
export function makeAttribute(key: string, value: AttributeValue): Attribute {
	if (typeof value === "string") return { key, typeId: attributeTypes.string, value: encodeUtf8(value) };
	if (typeof value === "boolean") return { key, typeId: attributeTypes.boolean, value: Uint8Array.of(value ? 1 : 0) };
	if (value instanceof Uint8Array) return { key, typeId: attributeTypes.bytes, value: value.slice() };
	const bytes = new Uint8Array(8);
	const data = new DataView(bytes.buffer);
	if (typeof value === "number") {
		data.setFloat64(0, value, true);
		return { key, typeId: attributeTypes.float64, value: bytes };
	}
	if (BigInt.asIntN(64, value) !== value) {
		throw new ApackError("usage", "an int64 attribute holds -2^63 to 2^63 - 1", { field: "attribute" });
	}
	data.setBigInt64(0, value, true);
	return { key, typeId: attributeTypes.int64, value: bytes };
}

/** @returns the value by its type; `undefined` when the type is not known, or the bytes are no value of it. */
export function attributeValue({ typeId, value }: Attribute): AttributeValue | undefined {
	const data = new DataView(value.buffer, value.byteOffset, value.byteLength);
	if (typeId === attributeTypes.string) return decodeUtf8(value);
	if (typeId === attributeTypes.int64 && value.length === 8) return data.getBigInt64(0, true);
	if (typeId === attributeTypes.float64 && value.length === 8) return data.getFloat64(0, true);
	// The reference program reads every byte but zero as true.
	if (typeId === attributeTypes.boolean && value.length === 1) return value[0] !== 0;
	if (typeId === attributeTypes.bytes) return value.slice();
	return undefined;
}

/** @throws {ApackError} `limit` when the key or the value is too long. */
export function encodeAttribute({ key, typeId, value }: Attribute): Uint8Array {
	const keyBytes = encodeUtf8(key);
	if (keyBytes.length > 65_535 || value.length > longestValue) {
		throw new ApackError("limit", "an attribute holds a key of 65,535 bytes and a value of 64 MiB", {
			field: "attribute",
		});
	}
	return new FieldWriter(attributeFixedLength + keyBytes.length + value.length)
		.u16(keyBytes.length)
		.u8(typeId)
		.u8(0)
		.u32(value.length)
		.put(keyBytes)
		.put(value).bytes;
}

/** @param fixed its first 8 bytes. @returns bytes of the whole attribute. @throws {ApackError} `malformed` */
export function attributeLength(fixed: Uint8Array): number {
	const fields = new FieldReader(fixed);
	const keyLength = fields.u16();
	fields.u16();
	const valueLength = fields.u32();
	expectWithin(valueLength, 0, longestValue, { field: "length of an attribute's value" });
	return attributeFixedLength + keyLength + valueLength;
}

/** @param bytes those of exactly one attribute, as `attributeLength` says. @throws {ApackError} `malformed` */
export function decodeAttribute(bytes: Uint8Array): Attribute {
	const fields = new FieldReader(bytes);
	const keyLength = fields.u16();
	const typeId = fields.u8();
	expectZeros(fields.view(1), { field: "reserved byte of an attribute" });
	fields.u32();
	const key = decodeUtf8(fields.view(keyLength));
	if (key === undefined) throw new ApackError("malformed", "the key of an attribute is not UTF-8", { field: "key" });
	return { key, typeId, value: bytes.slice(fields.position) };
}
