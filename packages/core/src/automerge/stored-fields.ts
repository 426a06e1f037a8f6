/** The fields of a document with the operations that put their values there. */
import type { Handle } from "./draft-value.js";
import { type DocumentValue, deepestShown, plainValue } from "./plain-data.js";

/** One of the values that stand at a place, and where it comes from. */
export interface StoredValue {
	readonly value: DocumentValue;
	/** Actor, hex, and counter of the operation; of a text that of its newest character. */
	readonly actor: string;
	readonly counter: number;
}

export interface StoredField {
	/** Keys and indexes from the root. */
	readonly path: readonly (string | number)[];
	/** More than one where values are concurrent; the last is the one that shows. */
	readonly values: readonly StoredValue[];
}

/**
 * All places of a document: everything that is no map and no list, empty ones of these, and those with concurrent values, which
 * stand before what is in them.
 */
export function storedFields(handle: Handle): StoredField[] {
	const fields: StoredField[] = [];
	readObject(handle, { id: "_root", isList: false }, [], fields);
	return fields;
}

type Found = ReturnType<Handle["getAll"]>[number];

function readObject(
	handle: Handle,
	{ id, isList }: { readonly id: string; readonly isList: boolean },
	path: readonly (string | number)[],
	fields: StoredField[],
): void {
	const places: Iterable<string | number> = isList ? Array(handle.length(id)).keys() : handle.keys(id);
	for (const place of places) {
		if (place === "__proto__") continue;
		const found = handle.getAll(id, place);
		const shown = found.at(-1);
		if (shown === undefined) continue;
		const at = [...path, place];
		const [type, inner] = shown;
		const holds = (type === "map" || type === "list") && at.length < deepestShown;
		const isEmpty = holds && (type === "map" ? handle.keys(inner).length : handle.length(inner)) === 0;
		if (!holds || isEmpty || found.length > 1) {
			fields.push({ path: at, values: found.map((each) => storedValue(handle, each)) });
		}
		if (holds) readObject(handle, { id: inner, isList: type === "list" }, at, fields);
	}
}

function storedValue(handle: Handle, found: Found): StoredValue {
	const [type, content] = found;
	if (type === "text") return { value: handle.text(content), ...newestOf(handle, content) };
	const isObject = type === "map" || type === "list";
	const value = isObject ? handle.materialize(content) : content;
	return { value: plainValue(value), ...operationOf(isObject ? content : (found[2] as string)) };
}

function newestOf(handle: Handle, text: string): { readonly actor: string; readonly counter: number } {
	let newest = operationOf(text);
	for (let i = 0; i < handle.length(text); i++) {
		const character = handle.getAll(text, i).at(-1);
		if (character?.[2] === undefined) continue;
		const operation = operationOf(character[2]);
		if (
			operation.counter > newest.counter ||
			(operation.counter === newest.counter && operation.actor > newest.actor)
		) {
			newest = operation;
		}
	}
	return newest;
}

/** Automerge writes an operation as counter@actor. */
function operationOf(id: string): { readonly actor: string; readonly counter: number } {
	const at = id.indexOf("@");
	return { actor: id.slice(at + 1), counter: Number(id.slice(0, at)) };
}
