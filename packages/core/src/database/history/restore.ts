import { Counter, isCounter, isImmutableString, updateText } from "@automerge/automerge/slim";
import { deepestShown, isMap } from "../../automerge/plain-data.js";
import { equalBytes } from "../../bytes/compare.js";
import { middleOf } from "./field-changes.js";

type Root = Record<string, unknown>;
type Container = Record<string, unknown> | unknown[];

/**
 * Edits a draft until it shows an earlier state. Only what differs is written, so that edits made elsewhere meanwhile keep their
 * place: maps by key, texts by character, lists by what is between the items that are equal at both ends, counters by the difference.
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
	const { start, beforeEnd, afterEnd } = middleOf<unknown>(draft, target, sameValue);
	const both = Math.min(beforeEnd, afterEnd);
	for (let i = start; i < both; i++) restoreValue(root, draft, i, target[i], path);
	if (both < beforeEnd || both < afterEnd) draft.splice(both, beforeEnd - both, ...target.slice(both, afterEnd));
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
	if (before !== undefined && sameValue(before, after)) return;
	if (at.length > deepestShown) return;
	if (Array.isArray(before) && Array.isArray(after)) restoreList(root, before, after, at);
	else if (isDraftMap(before) && isDraftMap(after)) restoreMap(root, before, after, at);
	else if (typeof before === "string" && typeof after === "string") updateText(root, at, after);
	else if (isCounter(before) && isCounter(after)) before.increment(after.value - before.value);
	else container[key] = isCounter(after) ? new Counter(after.value) : after;
}

function sameValue(a: unknown, b: unknown): boolean {
	if (a instanceof Uint8Array && b instanceof Uint8Array) return equalBytes(a, b);
	if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
	if (isCounter(a) && isCounter(b)) return a.value === b.value;
	if (isImmutableString(a) && isImmutableString(b)) return a.val === b.val;
	if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
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
	return isMap(value) && !isCounter(value) && !isImmutableString(value);
}
