import { decode, encode, rfc8949EncodeOptions } from "cborg";
import { FormatError } from "../errors.js";
import { equalBytes } from "./compare.js";

/** What this project writes: the deterministic subset of RFC 8949 §4.2.1, without floats, tags and negative numbers. */
export type CborValue =
	| number
	| boolean
	| null
	| string
	| Uint8Array
	| readonly CborValue[]
	| ReadonlyMap<number | string, CborValue>;

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

/** Shortest-form, definite-length bytes; map keys sorted by their encoded bytes. */
export function encodeCbor(value: CborValue): Uint8Array {
	// On Node the encoder gives a `Buffer` in the shared pool, whose `slice` does not copy.
	return new Uint8Array(encode(value, rfc8949EncodeOptions));
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
			if (typeof key !== "string" && typeof key !== "number") throw new FormatError("CBOR: expected text or number as map key");
			checkValue(key, depth + 1);
			checkValue(item, depth + 1);
		}
		return;
	}
	throw new FormatError("CBOR: found a value outside the subset (float, tag, negative or too large)");
}
