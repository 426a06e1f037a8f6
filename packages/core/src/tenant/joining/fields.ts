/** Strict reading of the arrays that requests, responses and exports consist of. */
import { type CborValue, decodeCbor } from "../../bytes/cbor.js";
import { FormatError } from "../../errors.js";

/** @param most bytes. @throws {FormatError} unless it is one array of `count` elements in the form that we write. */
export function decodeFields(
	bytes: Uint8Array,
	{ what, count, most }: { readonly what: string; readonly count: number; readonly most: number },
): readonly CborValue[] {
	if (bytes.length > most) {
		throw new FormatError(`${what}: expected at most ${most} bytes, found ${bytes.length}`, { code: "limit" });
	}
	return listOf(decodeCbor(bytes), { what, exactly: count });
}

interface Length {
	readonly what: string;
	readonly exactly?: number;
	readonly most?: number;
}

export function listOf(value: CborValue | undefined, { what, exactly, most = exactly }: Length): readonly CborValue[] {
	if (!Array.isArray(value)) throw new FormatError(`${what}: expected an array`);
	checkLength(value.length, { what, exactly, most }, "elements");
	return value as readonly CborValue[];
}

/** Bytes that belong to the caller. */
export function bytesOf(value: CborValue | undefined, { what, exactly, most = exactly }: Length): Uint8Array {
	if (!(value instanceof Uint8Array)) throw new FormatError(`${what}: expected bytes`);
	checkLength(value.length, { what, exactly, most }, "bytes");
	return value.slice();
}

export function textOf(value: CborValue | undefined, what: string): string {
	if (typeof value !== "string") throw new FormatError(`${what}: expected text`);
	return value;
}

/** An integer from 0 to `most`. */
export function integerOf(value: CborValue | undefined, what: string, most = 2 ** 48 - 1): number {
	if (typeof value !== "number" || value > most) throw new FormatError(`${what}: expected an integer up to ${most}`);
	return value;
}

function checkLength(
	found: number,
	{ what, exactly, most = 0 }: { what: string; exactly: number | undefined; most: number | undefined },
	unit: string,
): void {
	if (exactly !== undefined ? found === exactly : found <= most) return;
	throw new FormatError(`${what}: expected ${exactly ?? `at most ${most}`} ${unit}, found ${found}`, {
		...(exactly === undefined ? { code: "limit" as const } : {}),
		expected: exactly ?? most,
		found,
	});
}
