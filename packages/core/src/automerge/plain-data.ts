/**
 * What a document shows, and its stored form. The stored form is the UTF-8 of the JSON array [1, data] or [1, data, revivals].
 *
 * Where JSON has no word for a value, data holds null and a revival says what belongs there: [path, kind, text]. A path is an
 * array of keys and indexes from the root.
 *
 * | kind | value                        | text                                  |
 * |------|------------------------------|---------------------------------------|
 * | "d"  | Date                         | milliseconds, or null for an invalid one |
 * | "b"  | Uint8Array                   | base64                                |
 * | "i"  | bigint                       | decimal digits                        |
 * | "n"  | NaN, ±Infinity, −0           | "NaN", "Infinity", "-Infinity", "-0"  |
 *
 * Nothing else knows this form: it is encrypted at rest, never leaves the replica, and is rebuilt when it cannot be read.
 */
import { isCounter, isImmutableString } from "@automerge/automerge/slim";
import { fromBase64, toBase64 } from "../bytes/base64.js";
import { decodeUtf8 } from "../bytes/text.js";
import { FormatError } from "../errors.js";

/** What a document shows. Text and plain strings are strings, counters are numbers, integers beyond 2^53 are bigint. */
export type DocumentValue =
	| string
	| number
	| boolean
	| null
	| bigint
	| Date
	| Uint8Array
	| DocumentValue[]
	| DocumentData;
export interface DocumentData {
	[key: string]: DocumentValue;
}

/** Levels of maps and lists that are shown; deeper ones show as null. A member can nest them without end. */
export const deepestShown = 256;

type Container = unknown[] | Record<string, unknown>;

/**
 * Turns what Automerge materialised into plain data, in place. The key `__proto__`, which Automerge's own drafts refuse,
 * never shows.
 */
export function plainData(materialised: unknown): DocumentData {
	const waiting: { readonly node: Container; readonly depth: number }[] = [];
	enter(materialised as Container, 1);
	for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
		const { node, depth } = next;
		if (Array.isArray(node)) {
			for (let i = 0; i < node.length; i++) node[i] = plain(node[i], depth);
		} else {
			for (const key of Object.keys(node)) node[key] = plain(node[key], depth);
		}
	}
	return materialised as DocumentData;

	function plain(value: unknown, depth: number): unknown {
		if (typeof value === "bigint") return narrow(value);
		if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array)
			return value;
		if (isCounter(value)) return narrow(value.value);
		if (isImmutableString(value)) return value.val;
		if (depth >= deepestShown) return null;
		enter(value as Container, depth + 1);
		return value;
	}

	function enter(node: Container, depth: number): void {
		if (!Array.isArray(node) && Object.getPrototypeOf(node) !== Object.prototype) {
			// An entry named __proto__ became the prototype on the way from WebAssembly.
			Object.setPrototypeOf(node, Object.prototype);
		}
		waiting.push({ node, depth });
	}
}

/** As `plainData`, for what stands at one place. */
export function plainValue(materialised: unknown): DocumentValue {
	return plainData({ value: materialised }).value as DocumentValue;
}

function narrow(value: number | bigint): number | bigint {
	const number = Number(value);
	return Number.isSafeInteger(number) ? number : value;
}

const version = 1;

type Path = (string | number)[];
type Kind = "d" | "b" | "i" | "n";
type Revival = readonly [path: Path, kind: Kind, text: string | number | null];

/** @param data as `CrdtDocument.toData` gives it. */
export function encodeProjection(data: DocumentData): Uint8Array {
	const revivals: Revival[] = [];
	const json = strip(data, [], revivals);
	return new TextEncoder().encode(JSON.stringify(revivals.length === 0 ? [version, json] : [version, json, revivals]));
}

/** Inverse of `encodeProjection`. @throws {FormatError} when the bytes are not one, or of another version. */
export function decodeProjection(bytes: Uint8Array): DocumentData {
	const [data, revivals] = parse(bytes);
	for (const revival of revivals) revive(data, revival);
	return data;
}

function parse(bytes: Uint8Array): [DocumentData, readonly Revival[]] {
	let parsed: unknown;
	try {
		parsed = JSON.parse(decodeUtf8(bytes));
	} catch (cause) {
		throw new FormatError("projection: expected JSON", { cause });
	}
	if (!Array.isArray(parsed) || parsed.length < 2 || parsed.length > 3)
		throw new FormatError("projection: expected an array");
	const [found, data, revivals = []] = parsed as unknown[];
	if (found !== version)
		throw new FormatError("projection: expected version 1", { code: "unsupported", expected: version });
	if (typeof data !== "object" || data === null || Array.isArray(data) || !Array.isArray(revivals)) {
		throw new FormatError("projection: expected a map");
	}
	return [data as DocumentData, revivals as Revival[]];
}

/** @returns `value` itself, or a copy without what JSON cannot say. */
function strip(value: DocumentValue, path: Path, revivals: Revival[]): unknown {
	const kind = kindOf(value);
	if (kind !== undefined) {
		revivals.push([[...path], kind, textOf(value)]);
		return null;
	}
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value)) return stripList(value, path, revivals);
	return stripMap(value as DocumentData, path, revivals);
}

function stripList(list: readonly DocumentValue[], path: Path, revivals: Revival[]): unknown {
	let copy: unknown[] | undefined;
	for (let i = 0; i < list.length; i++) {
		path.push(i);
		const item = strip(list[i] as DocumentValue, path, revivals);
		path.pop();
		if (item === list[i]) continue;
		copy ??= [...list];
		copy[i] = item;
	}
	return copy ?? list;
}

function stripMap(map: DocumentData, path: Path, revivals: Revival[]): unknown {
	let copy: Record<string, unknown> | undefined;
	for (const key of Object.keys(map)) {
		path.push(key);
		const item = strip(map[key] as DocumentValue, path, revivals);
		path.pop();
		if (item === map[key]) continue;
		copy ??= { ...map };
		// Sets an own __proto__ too: the spread copied it as an own property.
		copy[key] = item;
	}
	return copy ?? map;
}

/** Whether a value is a map, and none of the other kinds that are objects too. */
export function isMap(value: unknown): value is DocumentData {
	return (
		typeof value === "object" &&
		value !== null &&
		!Array.isArray(value) &&
		!(value instanceof Date) &&
		!(value instanceof Uint8Array)
	);
}

function kindOf(value: DocumentValue): Kind | undefined {
	switch (typeof value) {
		case "number":
			return Number.isFinite(value) && !Object.is(value, -0) ? undefined : "n";
		case "bigint":
			return "i";
		case "object":
			if (value instanceof Date) return "d";
			return value instanceof Uint8Array ? "b" : undefined;
		default:
			return undefined;
	}
}

function textOf(value: DocumentValue): string | number | null {
	if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.getTime();
	if (value instanceof Uint8Array) return toBase64(value);
	return Object.is(value, -0) ? "-0" : String(value);
}

function revive(data: DocumentData, revival: Revival): void {
	if (!Array.isArray(revival)) throw new FormatError("projection: expected a revival");
	const [path, kind, text] = revival as Revival;
	if (!Array.isArray(path) || path.length === 0) throw new FormatError("projection: expected a path");
	let node: unknown = data;
	for (const step of path.slice(0, -1)) node = child(node, step);
	const last = path.at(-1) as string | number;
	if (child(node, last) !== null) throw new FormatError("projection: expected null where a value is revived");
	(node as Record<string | number, DocumentValue>)[last] = revived(kind, text);
}

function child(node: unknown, step: string | number): unknown {
	if (typeof node !== "object" || node === null || !Object.hasOwn(node, step)) {
		throw new FormatError("projection: a path leads nowhere");
	}
	return (node as Record<string | number, unknown>)[step];
}

function revived(kind: Kind, text: string | number | null): DocumentValue {
	if (kind === "d" && (typeof text === "number" || text === null)) return new Date(text ?? Number.NaN);
	if (kind === "b" && typeof text === "string") return fromBase64(text);
	if (kind === "i" && typeof text === "string" && /^-?[0-9]{1,20}$/.test(text)) return BigInt(text);
	if (kind === "n" && typeof text === "string" && /^(NaN|-?Infinity|-0)$/.test(text)) return Number(text);
	throw new FormatError("projection: found a revival of unknown kind");
}
