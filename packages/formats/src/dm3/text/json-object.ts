import { Dm3Error, type Dm3ErrorCode } from "../dm3-error.js";

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws {Dm3Error} with the code given, and without the parser's own message, which quotes what it read. */
export function parseObject(text: string, code: Dm3ErrorCode): JsonObject {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new Dm3Error(code, "expected JSON");
	}
	if (!isObject(value)) throw new Dm3Error(code, "expected a JSON object");
	return value;
}

export function isObject(value: unknown): value is JsonObject {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Milliseconds since 1970, or a number of a chunk. */
export function isCount(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}
