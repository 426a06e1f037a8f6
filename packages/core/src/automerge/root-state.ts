/**
 * What stands at the root of a document and where its next change goes, in a form that can be kept. With it, and with what the
 * document shows, root fields are edited before Automerge has loaded the document.
 */
import { Float64, isCounter, isImmutableString } from "@automerge/automerge/slim";
import type { Handle } from "./draft-value.js";
import type { DocumentData } from "./plain-data.js";

/** Values that can be assigned without Automerge; a string becomes text. */
export type FieldValue = string | number | boolean | null | Date;

/** What stands at a key. */
export interface Field {
	/** Operation that put it there, `undefined` when there is nothing. */
	readonly operation: { readonly actor: string; readonly counter: number } | undefined;
	/** Automerge's name of the type, such as "int" or "text". */
	readonly type: string | undefined;
	/** `undefined` where it is not a `FieldValue`, or there is nothing. */
	readonly value: FieldValue | undefined;
}

/** Where `RootFields` finds what it does not know yet. */
export interface RootSource {
	/** Keys of the root map. */
	keys(): readonly string[];
	/** What stands at a key, `undefined` when only Automerge can tell. */
	find(key: string): Field | undefined;
}

/** Plain data, for JSON. */
export interface RootState {
	/** Automerge heads that it belongs to: sorted hex. */
	readonly heads: readonly string[];
	/** Counter of the next operation. */
	readonly startOp: number;
	/** Hex. */
	readonly actors: readonly string[];
	readonly fields: readonly KeptField[];
}

/** A key of the root map. `operation` is absent where only Automerge can tell; its actor is an index. */
type KeptField = readonly [key: string, type?: string, operation?: readonly [counter: number, actor: number]];

/** Root maps with more keys are left to Automerge: their state would be rewritten with every projection. */
const mostFields = 256;

/** Where nothing stands. */
export const nothing: Field = { operation: undefined, type: undefined, value: undefined };
const readableTypes: ReadonlySet<string> = new Set(["int", "f64", "boolean", "null", "timestamp"]);

/** Automerge's name of the type under which a value is written. */
export function typeOf(value: FieldValue): string {
	if (value === null) return "null";
	if (typeof value === "string") return "text";
	if (typeof value === "boolean") return "boolean";
	if (typeof value === "number") return Number.isSafeInteger(value) ? "int" : "f64";
	return "timestamp";
}

/** What stands at a key where an operation put a value, given as a draft takes it. */
export function fieldOf(value: unknown, operation: Field["operation"]): Field {
	if (value instanceof Float64) return { operation, type: "f64", value: value.value };
	if (Object.is(value, -0)) return { operation, type: "f64", value: -0 };
	if (isCounter(value)) return { operation, type: "counter", value: undefined };
	if (isImmutableString(value)) return { operation, type: "str", value: undefined };
	if (value instanceof Uint8Array) return { operation, type: "bytes", value: undefined };
	return { operation, type: typeOf(value as FieldValue), value: value as FieldValue };
}

/** @param handle the document; it is only read. */
export function rootOf(handle: Handle): RootSource {
	return {
		keys: () => handle.keys("_root"),
		find(key) {
			const found = handle.getAll("_root", key);
			if (found.length > 1) return undefined;
			const [only] = found;
			if (only === undefined) return nothing;
			const [type, value] = only;
			const id = only.at(-1) as string;
			const at = id.indexOf("@");
			const operation = { actor: id.slice(at + 1), counter: Number(id.slice(0, at)) };
			if (type !== "text")
				return { operation, type, value: readableTypes.has(type) ? (value as FieldValue) : undefined };
			return {
				operation,
				type,
				// Long, and whoever keeps the root or assigns another text does not ask for it.
				get value() {
					return handle.text(id);
				},
			};
		},
	};
}

/** @param data what the document shows. */
export function keptRoot(state: RootState, data: DocumentData): RootSource {
	const fields = new Map(state.fields.map((field) => [field[0], field]));
	return {
		keys: () => [...fields.keys()],
		find(key) {
			const field = fields.get(key);
			if (field === undefined) return nothing;
			const [, type, operation] = field;
			if (type === undefined || operation === undefined) return undefined;
			const [counter, actor] = operation;
			const value = type === "text" || readableTypes.has(type) ? (data[key] as FieldValue) : undefined;
			return { operation: { actor: state.actors[actor] as string, counter }, type, value };
		},
	};
}

/** @returns `undefined` when the root map is too large to be kept. */
export function keepRoot(source: RootSource, place: Pick<RootState, "heads" | "startOp">): RootState | undefined {
	const keys = source.keys();
	if (keys.length > mostFields) return undefined;
	const actors: string[] = [];
	const fields = keys.map((key): KeptField => {
		const { operation, type } = source.find(key) ?? nothing;
		if (operation === undefined || type === undefined) return [key];
		if (!actors.includes(operation.actor)) actors.push(operation.actor);
		return [key, type, [operation.counter, actors.indexOf(operation.actor)]];
	});
	return { ...place, actors, fields };
}
