/**
 * Documents as JSON: dates become {"$date": ISO 8601}, bytes {"$bytes": base64}; a map with one key that begins with "$" becomes
 * {"$map": …}, so that nothing is taken for what it is not. Counters become plain numbers: JSON cannot tell them apart;
 * numbers and dates that JSON cannot hold become null.
 */
import { FormatError, fromBase64, toBase64 } from "mindoodb";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export function toJsonValue(value: unknown): JsonValue {
	// A member can write a time that no date can hold.
	if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : { $date: value.toISOString() };
	if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
	if (Array.isArray(value)) return value.map(toJsonValue);
	if (typeof value === "bigint") return value.toString();
	if (typeof value !== "object" || value === null) return value as JsonValue;
	const map = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJsonValue(item)]));
	return soleDollarKey(map) === undefined ? map : { $map: map };
}

/** Levels of JSON; documents take a hundred, and each can come as two. */
const deepest = 1000;

/** @throws {FormatError} on a date or bytes that are none, or too many levels. */
export function fromJsonValue(value: JsonValue, depth = 0): unknown {
	if (depth > deepest) throw new FormatError("document: too many levels", { code: "limit", expected: deepest });
	if (Array.isArray(value)) return value.map((item) => fromJsonValue(item, depth + 1));
	if (typeof value !== "object" || value === null) return value;
	const map = value as { readonly [key: string]: JsonValue };
	const inner = map[soleDollarKey(map) ?? ""];
	switch (soleDollarKey(map)) {
		case "$date":
			return dateOf(inner);
		case "$bytes":
			if (typeof inner !== "string") throw new FormatError("$bytes: expected base64", { field: "$bytes" });
			return fromBase64(inner);
		case "$map":
			return plainMap(mapOf(inner), depth);
		default:
			return plainMap(map, depth);
	}
}

/** @param what names it in the error. @throws {FormatError} without the parser's own message, which quotes what it read. */
export function parseJson(text: string, what: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw new FormatError(`${what}: expected JSON`);
	}
}

/** Reads the JSON object of a document. @throws {FormatError} */
export function parseDocument(text: string): Record<string, unknown> {
	const value = fromJsonValue(mapOf(parseJson(text, "document") as JsonValue));
	if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) {
		throw new FormatError("document: expected a JSON object");
	}
	return value as Record<string, unknown>;
}

function plainMap(map: { readonly [key: string]: JsonValue }, depth: number): Record<string, unknown> {
	return Object.fromEntries(Object.entries(map).map(([key, item]) => [key, fromJsonValue(item, depth + 1)]));
}

function mapOf(value: JsonValue | undefined): { readonly [key: string]: JsonValue } {
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		throw new FormatError("document: expected a JSON object");
	}
	return value as { readonly [key: string]: JsonValue };
}

function dateOf(value: JsonValue | undefined): Date {
	const date = new Date(typeof value === "string" ? value : Number.NaN);
	if (Number.isNaN(date.getTime())) throw new FormatError("$date: expected ISO 8601", { field: "$date" });
	return date;
}

function soleDollarKey(map: object): string | undefined {
	const [key, ...rest] = Object.keys(map);
	return rest.length === 0 && key?.startsWith("$") ? key : undefined;
}
