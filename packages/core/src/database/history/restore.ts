import {
	Counter,
	Float64,
	isCounter,
	isImmutableString,
	spans,
	updateSpans,
	updateText,
} from "@automerge/automerge/slim";
import { deepestShown, isMap } from "../../automerge/plain-data.js";
import { isRich, RichText, type Span } from "../../automerge/restorable-values.js";
import { equalBytes } from "../../bytes/compare.js";
import { middleOf } from "./field-changes.js";

type Root = Record<string, unknown>;
type Container = Record<string, unknown> | unknown[];

/**
 * Edits a draft until it shows an earlier state. Only what differs is written, so that edits made elsewhere meanwhile keep their
 * place: maps by key, texts by character, with their marks and blocks, lists by what is between the items that are equal at both
 * ends, counters by the difference.
 * @param target as `CrdtDocument.valuesAt` gives it.
 */
export function restoreState(draft: Record<string, unknown>, target: Readonly<Record<string, unknown>>): void {
	restoreMap(draft, draft, target, []);
}

function restoreMap(
	root: Root,
	draft: Record<string, unknown>,
	target: Readonly<Record<string, unknown>>,
	path: readonly (string | number)[],
): void {
	for (const key of Object.keys(draft)) if (!Object.hasOwn(target, key)) delete draft[key];
	for (const key of Object.keys(target)) {
		if (key !== "__proto__") restoreValue(root, draft, key, target[key], path);
	}
}

function restoreList(root: Root, draft: unknown[], target: readonly unknown[], path: readonly (string | number)[]) {
	const { beforeEnd, afterEnd } = middleOf<unknown>(draft, target, sameValue);
	const both = Math.min(beforeEnd, afterEnd);
	if (both < beforeEnd || both < afterEnd)
		draft.splice(both, beforeEnd - both, ...target.slice(both, afterEnd).map(withoutMarks));
	// Those that are equal too: their texts may have other marks.
	for (const [i, item] of target.entries()) restoreValue(root, draft, i, item, path);
}

function restoreValue(
	root: Root,
	draft: Container,
	key: string | number,
	after: unknown,
	path: readonly (string | number)[],
): void {
	const container = draft as Record<string | number, unknown>;
	const before = Object.hasOwn(draft, key) ? container[key] : undefined;
	const at = [...path, key];
	if (at.length > deepestShown) return;
	if (typeof before === "string" && (typeof after === "string" || after instanceof RichText)) {
		restoreText(root, at, before, after);
		return;
	}
	if (Array.isArray(before) && Array.isArray(after)) restoreList(root, before, after, at);
	else if (isDraftMap(before) && isDraftMap(after)) restoreMap(root, before, after, at);
	else if (before !== undefined && sameValue(before, after)) return;
	else if (isCounter(before) && isCounter(after)) before.increment(after.value - before.value);
	else {
		container[key] = withoutMarks(after);
		if (hasMarks(after)) restoreValue(root, draft, key, after, path);
	}
}

function restoreText(root: Root, at: (string | number)[], before: string, after: string | RichText): void {
	const now = spans(root, at) as Span[];
	const wanted: readonly Span[] =
		after instanceof RichText ? after.spans : after === "" ? [] : [{ type: "text", value: after }];
	if (isRich(now) || isRich(wanted)) {
		if (!sameValue(now, wanted)) updateSpans(root, at, [...wanted]);
	} else if (before !== after) updateText(root, at, after as string);
}

/** Marks are put on a text that is already there. */
function withoutMarks(value: unknown): unknown {
	if (value instanceof RichText) return "";
	if (isCounter(value)) return new Counter(value.value);
	if (Array.isArray(value)) return value.map(withoutMarks);
	if (!isDraftMap(value)) return value;
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutMarks(item)]));
}

function hasMarks(value: unknown): boolean {
	if (value instanceof RichText) return true;
	if (Array.isArray(value)) return value.some(hasMarks);
	return isDraftMap(value) && Object.values(value).some(hasMarks);
}

function sameValue(a: unknown, b: unknown): boolean {
	if (a instanceof Uint8Array && b instanceof Uint8Array) return equalBytes(a, b);
	if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
	if (isCounter(a) && isCounter(b)) return a.value === b.value;
	if (isImmutableString(a) && isImmutableString(b)) return a.val === b.val;
	if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
	if (b instanceof Float64) return Object.is(a, b.value);
	if (isDraftMap(a) && isDraftMap(b)) {
		const keys = Object.keys(a);
		return (
			keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
		);
	}
	return Object.is(a, b);
}

/** In a draft these two are objects too. */
function isDraftMap(value: unknown): value is Record<string, unknown> {
	const isValue = isCounter(value) || isImmutableString(value) || value instanceof Float64 || value instanceof RichText;
	return !isValue && isMap(value);
}
