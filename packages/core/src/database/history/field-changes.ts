/** What differs between two states of a document, field by field. */

import { type DocumentData, type DocumentValue, isMap } from "../../automerge/plain-data.js";
import { equalBytes } from "../../bytes/compare.js";

/** Keys of maps and indexes of lists from the root. */
export type FieldPath = readonly (string | number)[];

/** One field that differs. `before` is absent where the field came, `after` where it went. */
export interface FieldChange {
	/** Indexes of what came are those of the later state; of everything else, of the earlier one. */
	readonly path: FieldPath;
	readonly before?: DocumentValue;
	readonly after?: DocumentValue;
}

/** Differences in the order of the fields; of a list, items at its beginning and end that are equal stay out of it. */
export function fieldChanges(before: DocumentData, after: DocumentData): FieldChange[] {
	const changes: FieldChange[] = [];
	compareMaps(before, after, [], changes);
	return changes;
}

function compare(before: DocumentValue, after: DocumentValue, path: FieldPath, changes: FieldChange[]): void {
	if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, changes);
	else if (isMap(before) && isMap(after)) compareMaps(before, after, path, changes);
	else if (!sameValue(before, after)) changes.push({ path, before, after });
}

function compareMaps(before: DocumentData, after: DocumentData, path: FieldPath, changes: FieldChange[]): void {
	for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
		const [had, has] = [Object.hasOwn(before, key), Object.hasOwn(after, key)];
		const place = [...path, key];
		if (had && has) compare(before[key] as DocumentValue, after[key] as DocumentValue, place, changes);
		else if (had) changes.push({ path: place, before: before[key] as DocumentValue });
		else changes.push({ path: place, after: after[key] as DocumentValue });
	}
}

function compareLists(
	before: readonly DocumentValue[],
	after: readonly DocumentValue[],
	path: FieldPath,
	changes: FieldChange[],
): void {
	const { start, beforeEnd, afterEnd } = middleOf(before, after, sameValue);
	const both = Math.min(beforeEnd, afterEnd);
	for (let i = start; i < both; i++) {
		compare(before[i] as DocumentValue, after[i] as DocumentValue, [...path, i], changes);
	}
	for (let i = both; i < beforeEnd; i++) changes.push({ path: [...path, i], before: before[i] as DocumentValue });
	for (let i = both; i < afterEnd; i++) changes.push({ path: [...path, i], after: after[i] as DocumentValue });
}

/** What is left of two lists without the items at beginning and end that are equal. */
export function middleOf<T>(
	before: readonly T[],
	after: readonly T[],
	same: (a: T, b: T) => boolean,
): { readonly start: number; readonly beforeEnd: number; readonly afterEnd: number } {
	const shorter = Math.min(before.length, after.length);
	let start = 0;
	while (start < shorter && same(before[start] as T, after[start] as T)) start++;
	let end = 0;
	while (end < shorter - start && same(before[before.length - 1 - end] as T, after[after.length - 1 - end] as T)) end++;
	return { start, beforeEnd: before.length - end, afterEnd: after.length - end };
}

function sameValue(a: DocumentValue, b: DocumentValue): boolean {
	if (a instanceof Uint8Array && b instanceof Uint8Array) return equalBytes(a, b);
	if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
	if (Array.isArray(a) && Array.isArray(b)) {
		return a.length === b.length && a.every((item, i) => sameValue(item, b[i] as DocumentValue));
	}
	if (isMap(a) && isMap(b)) {
		const keys = Object.keys(a);
		return (
			keys.length === Object.keys(b).length &&
			keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key] as DocumentValue, b[key] as DocumentValue))
		);
	}
	return Object.is(a, b);
}
