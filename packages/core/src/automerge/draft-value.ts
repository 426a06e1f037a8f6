import type { getBackend } from "@automerge/automerge/slim";
import { Counter, Float64, Int, isCounter, isImmutableString, Uint } from "@automerge/automerge/slim";
import { limits } from "../entry/limits.js";
import { UsageError } from "../errors.js";

/** Automerge's own document, in WebAssembly. */
export type Handle = ReturnType<typeof getBackend>;

/**
 * How deep a single assigned value may nest. Automerge imports values by recursion, and an overflow there ends
 * WebAssembly for the whole process: at 2,000 levels on Node, so far below that.
 */
const deepestValue = 100;

const isProxy = Symbol.for("_am_isProxy");
const leastInt = -(2n ** 63n);
const greatestUint = 2n ** 64n - 1n;

/**
 * Refuses what a document cannot hold, before anything of it was taken over.
 * @returns whether the value must be imported piece by piece, because Automerge's bulk import would store something else:
 * nested `Int`, `Uint` and `Float64` become maps there, whole numbers beyond 2^53 are cut to 64 bits.
 * @throws {UsageError}
 */
export function checkDraftValue(value: unknown, depth = 0): boolean {
	switch (typeof value) {
		case "string":
			checkText(value);
			return false;
		case "boolean":
			return false;
		case "number":
			return Number.isInteger(value) && !Number.isSafeInteger(value);
		case "bigint":
			if (value < leastInt || value > greatestUint)
				throw new UsageError("a document holds integers of 64 bits, found a larger one");
			return false;
		case "undefined":
			throw new UsageError("a document cannot hold undefined: use null, or delete the property");
		case "object":
			return value === null ? false : checkObject(value, depth);
		default:
			throw new UsageError(`a document cannot hold a ${typeof value}`);
	}
}

/** A text takes one operation a character; Automerge needs seconds for one that no change could hold. @throws {UsageError} */
export function checkText(text: string): void {
	const most = limits.operationsPerChange;
	if (text.length > 2 * most || (text.length >= most && [...text].length >= most)) throw tooManyOperations();
}

export function tooManyOperations(): UsageError {
	const most = limits.operationsPerChange;
	return new UsageError(`one change holds ${most} operations (every character of a text is one): make it in several`, {
		code: "limit",
		expected: most,
	});
}

function checkObject(value: object, depth: number): boolean {
	if (Reflect.get(value, isProxy) === true) {
		throw new UsageError(
			"the value already lives in a document: copy it, for example with structuredClone of its data",
		);
	}
	if (value instanceof Date) {
		if (Number.isNaN(value.getTime())) throw new UsageError("a document cannot hold an invalid date");
		return false;
	}
	if (isCounter(value)) {
		if (!Number.isSafeInteger(value.value)) throw new UsageError("a counter holds a whole number within 53 bits");
		return false;
	}
	if (isImmutableString(value)) return false;
	if (isNumberClass(value)) return true;
	if (value instanceof Uint8Array) return false;
	if (depth >= deepestValue)
		throw new UsageError(`a value may nest ${deepestValue} levels, found more (or one that contains itself)`);
	// Automerge's bulk import refuses maps without a prototype.
	let piecewise = Object.getPrototypeOf(value) === null;
	if (Array.isArray(value)) {
		for (let i = 0; i < value.length; i++) piecewise = checkDraftValue(value[i], depth + 1) || piecewise;
		return piecewise;
	}
	if (Object.prototype.toString.call(value) !== "[object Object]") {
		throw new UsageError(`a document cannot hold ${Object.prototype.toString.call(value)}`);
	}
	for (const key of Object.keys(value)) {
		if (key === "__proto__") throw new UsageError('a document cannot hold the key "__proto__"');
		piecewise = checkDraftValue((value as Record<string, unknown>)[key], depth + 1) || piecewise;
	}
	return piecewise;
}

/** Writes a checked value where Automerge's bulk import would store something else. */
export function writePiecewise(
	handle: Handle,
	object: string,
	place: string | number,
	value: unknown,
	insert: boolean,
): void {
	if (Array.isArray(value)) {
		const list = newObject(handle, object, place, [], insert);
		for (const [index, item] of value.entries()) writePiecewise(handle, list, index, item, true);
		return;
	}
	if (typeof value === "string") {
		newObject(handle, object, place, value, insert);
		return;
	}
	const scalar = scalarOf(value);
	if (scalar === undefined) {
		const map = newObject(handle, object, place, {}, insert);
		for (const [key, item] of Object.entries(value as object)) writePiecewise(handle, map, key, item, false);
	} else if (insert) {
		handle.insert(object, place as number, ...scalar);
	} else {
		handle.put(object, place, ...scalar);
	}
}

/** A whole number that 53 bits cannot hold keeps its value as a float; Automerge would cut it to 64 bits. */
function datatypeOfNumber(value: number): "int" | "f64" {
	return Number.isSafeInteger(value) ? "int" : "f64";
}

type PutArguments = Parameters<Handle["put"]>;
type Scalar = [PutArguments[2], NonNullable<PutArguments[3]>];

function scalarOf(value: unknown): Scalar | undefined {
	if (value === null) return [null, "null"];
	if (typeof value === "boolean") return [value, "boolean"];
	if (typeof value === "number") return [value, datatypeOfNumber(value)];
	// Automerge's own declaration of a value leaves bigint out, its import takes it.
	if (typeof value === "bigint") return [value as unknown as number, value >= 2n ** 63n ? "uint" : "int"];
	if (value instanceof Date) return [value.getTime(), "timestamp"];
	if (value instanceof Uint8Array) return [value, "bytes"];
	if (value instanceof Uint) return [value.value, "uint"];
	if (value instanceof Int) return [value.value, "int"];
	if (value instanceof Float64) return [value.value, "f64"];
	if (value instanceof Counter) return [value.value, "counter"];
	if (isImmutableString(value)) return [value.val, "str"];
	return undefined;
}

function newObject(
	handle: Handle,
	object: string,
	place: string | number,
	value: string | [] | object,
	insert: boolean,
): string {
	const content = value as Parameters<Handle["putObject"]>[2];
	return insert ? handle.insertObject(object, place as number, content) : handle.putObject(object, place, content);
}

function isNumberClass(value: object): boolean {
	return value instanceof Int || value instanceof Uint || value instanceof Float64;
}
