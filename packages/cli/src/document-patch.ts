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
	return { path: text.slice(0, at).split("."), value: jsonOrText(value) };
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
		let map = draft;
		for (const name of path.slice(0, -1)) {
			if (!isMap(map[name])) map[name] = {};
			map = map[name] as Record<string, unknown>;
		}
		setField({ root: draft, isDraft }, map, path, value);
	}
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
