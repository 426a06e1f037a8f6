import { UsageError, updateText } from "mindoodb";
import { fromJsonValue, type JsonValue } from "./json-value.js";

/** A field to set, or to remove when `value` is `undefined`. */
export interface Setting {
	readonly path: readonly string[];
	readonly value: unknown;
}

/** Reads "path=value": value as JSON, else as text. @throws {UsageError} */
export function parseSetting(text: string): Setting {
	const at = text.indexOf("=");
	if (at < 1) throw new UsageError("--set: expected path=value");
	const value = text.slice(at + 1);
	return { path: parsePath(text.slice(0, at)), value: jsonOrText(value) };
}

/** @throws {UsageError} for a name that in JavaScript leads out of the document. */
export function parsePath(text: string): readonly string[] {
	const path = text.split(".");
	if (path.includes("__proto__")) throw new UsageError("no field of a document can be named __proto__");
	return path;
}

/** Changes a draft as a JSON merge patch (RFC 7396) and settings say. Texts are changed where they differ, so that they merge. */
export function applyPatch(
	draft: Record<string, unknown>,
	patch: Readonly<Record<string, unknown>>,
	settings: readonly Setting[],
): void {
	const isDraft = Symbol.for("_am_isProxy") in draft;
	merge({ root: draft, isDraft }, draft, patch, []);
	for (const { path, value } of settings) {
		const map = mapAt(draft, path.slice(0, -1), value !== undefined);
		if (map !== undefined) setField({ root: draft, isDraft }, map, path, value);
	}
}

/** @param make whether maps that are not there are made. @throws {UsageError} rather than write a map over something else. */
function mapAt(
	draft: Record<string, unknown>,
	path: readonly string[],
	make: boolean,
): Record<string, unknown> | undefined {
	let map = draft;
	for (const name of path) {
		const found = Object.hasOwn(map, name) ? map[name] : undefined;
		if (!isMap(found)) {
			if (!make) return undefined;
			if (found !== undefined && found !== null) throw new UsageError("--set: expected maps on the way to the field");
			map[name] = {};
		}
		map = map[name] as Record<string, unknown>;
	}
	return map;
}

interface Target {
	readonly root: Record<string, unknown>;
	/** Whether `root` is the draft of a document, and not the plain values of a new one. */
	readonly isDraft: boolean;
}

function merge(
	target: Target,
	map: Record<string, unknown>,
	patch: Readonly<Record<string, unknown>>,
	path: readonly string[],
): void {
	for (const [name, value] of Object.entries(patch)) {
		const place = [...path, name];
		if (isMap(value)) {
			if (!isMap(map[name])) map[name] = {};
			merge(target, map[name] as Record<string, unknown>, value, place);
		} else {
			setField(target, map, place, value === null ? undefined : value);
		}
	}
}

function setField(
	{ root, isDraft }: Target,
	map: Record<string, unknown>,
	path: readonly string[],
	value: unknown,
): void {
	const name = path.at(-1) as string;
	if (value === undefined) delete map[name];
	else if (isDraft && typeof value === "string" && typeof map[name] === "string") updateText(root, [...path], value);
	else map[name] = value;
}

function isMap(value: unknown): value is Record<string, unknown> {
	return (
		typeof value === "object" &&
		value !== null &&
		!Array.isArray(value) &&
		!(value instanceof Date) &&
		!(value instanceof Uint8Array)
	);
}

function jsonOrText(text: string): unknown {
	let json: JsonValue;
	try {
		json = JSON.parse(text) as JsonValue;
	} catch {
		return text;
	}
	return fromJsonValue(json);
}
