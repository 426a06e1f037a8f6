/** Strict reading of the small JSON objects that hold keys: every field is checked, none is left over. */
import { fromBase64 } from "../bytes/base64.js";
import { FormatError } from "../errors.js";

export type JsonFields = Readonly<Record<string, unknown>>;

/** @param names the fields that the object must have, no others; `undefined` takes any. @throws {FormatError} */
export function decodeJsonObject(value: unknown, what: string, names: readonly string[] | undefined): JsonFields {
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		throw new FormatError(`${what}: expected a JSON object`, { field: what });
	}
	if (names !== undefined) {
		for (const name of names) {
			if (!Object.hasOwn(value, name)) throw new FormatError(`${what}: expected the field ${name}`, { field: name });
		}
		if (Object.keys(value).length !== names.length) {
			throw new FormatError(`${what}: expected only the fields ${names.join(", ")}`, { field: what });
		}
	}
	return value as JsonFields;
}

export function textField(fields: JsonFields, name: string): string {
	const value = fields[name];
	if (typeof value !== "string") throw new FormatError(`${name}: expected text`, { field: name });
	return value;
}

/** An integer from 0 to 2^48 - 1. */
export function integerField(fields: JsonFields, name: string): number {
	const value = fields[name];
	if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value >= 2 ** 48) {
		throw new FormatError(`${name}: expected an integer from 0 to 2^48 - 1`, { field: name });
	}
	return value;
}

/** Standard base64 of `least` to `most` bytes. */
export function base64Field(fields: JsonFields, name: string, least: number, most: number): Uint8Array {
	const text = textField(fields, name);
	// Before decoding: four characters stand for at most three bytes.
	if (text.length > 4 * Math.ceil(most / 3)) {
		throw new FormatError(`${name}: expected at most ${most} bytes`, { code: "limit", field: name, expected: most });
	}
	const bytes = fromBase64(text);
	if (bytes.length < least || bytes.length > most) {
		throw new FormatError(`${name}: expected ${least === most ? least : `${least} to ${most}`} bytes`, {
			field: name,
			found: bytes.length,
		});
	}
	return bytes;
}
