/**
 * The text of a value, the same on every machine: what dm3 hashes, signs, measures and encrypts. Plain JSON data gives JSON with sorted
 * keys and without white space; of the rest, this follows safe-stable-stringify 2.4.3, which the reference uses.
 */
import { Dm3Error } from "../dm3-error.js";

/** Levels of a value. The call stack of every platform holds more. */
const deepest = 1000;

/**
 * @param value anything; undefined, functions and symbols are left out of objects and become null in arrays, as numbers do that are not
 * finite; a bigint becomes its digits, a circle "[Circular]"; `toJSON` is heeded.
 * @throws {Dm3Error} `value` when nothing is left to write, or above 1,000 levels.
 */
export function stringify(value: unknown): string {
	const text = textOf(value, "", []);
	if (text === undefined) throw new Dm3Error("value", "Invalid stringified input");
	return text;
}

/** UTF-8 bytes of `stringify(value)`. */
export function getSize(value: unknown): number {
	return new TextEncoder().encode(stringify(value)).length;
}

function textOf(given: unknown, key: string, ancestors: object[]): string | undefined {
	const value = hasToJson(given) ? given.toJSON(key) : given;
	switch (typeof value) {
		case "string":
			return JSON.stringify(value);
		case "number":
			return Number.isFinite(value) ? String(value) : "null";
		case "boolean":
		case "bigint":
			return String(value);
		case "object":
			return value === null ? "null" : objectText(value, ancestors);
		default:
			return undefined;
	}
}

function objectText(value: object, ancestors: object[]): string {
	if (ancestors.includes(value)) return '"[Circular]"';
	if (ancestors.length >= deepest) throw new Dm3Error("value", `expected at most ${deepest} levels`);
	ancestors.push(value);
	const text = Array.isArray(value)
		? `[${Array.from(value, (item, at) => textOf(item, String(at), ancestors) ?? "null").join(",")}]`
		: `{${membersOf(value, ancestors).join(",")}}`;
	ancestors.pop();
	return text;
}

function membersOf(value: object, ancestors: object[]): string[] {
	const members: string[] = [];
	for (const key of keysOf(value)) {
		const text = textOf((value as Record<string, unknown>)[key], key, ancestors);
		if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
	}
	return members;
}

/** Sorted by UTF-16 code units; the items of a typed array in their order. */
function keysOf(value: object): string[] {
	return ArrayBuffer.isView(value) ? Object.keys(value) : Object.keys(value).sort();
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
	return typeof value === "object" && value !== null && typeof (value as { toJSON?: unknown }).toJSON === "function";
}
