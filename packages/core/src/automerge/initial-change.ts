/**
 * The first change of a document, written straight from its initial values. It is what Automerge would write for the same
 * operations (rule (a) of docs/entry-format.md), at a twentieth of the time that an Automerge document takes.
 *
 * Operations come in the order in which values are met. A string is a text object with one insertion per Unicode scalar value, so
 * its rows form a handful of runs however long it is.
 */
import { Counter, Float64, Int, isImmutableString, Uint } from "@automerge/automerge/slim";
import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { limits } from "../entry/limits.js";
import { hashedFrom } from "./change-head.js";
import { valueTypes } from "./change-values.js";
import { setChecksum, writeChange } from "./change-writer.js";
import type { LocalChange } from "./local-change.js";
import { actions } from "./operation-columns.js";
import { OperationWriter, type Place } from "./operation-writer.js";
import type { DocumentData, DocumentValue } from "./plain-data.js";
import { isWellFormed, sortKeys, wellFormed } from "./unicode.js";

/** A first change, and what a document with it shows. */
export interface InitialChange extends LocalChange {
	/** As `CrdtDocument.toData` would give it; shares nothing with the initial values. */
	readonly data: DocumentData;
}

/** The single form of `encodeInitialChanges`. */
export async function encodeInitialChange(
	crypto: Pick<Crypto, "sha256Many">,
	actor: string,
	values: Readonly<Record<string, unknown>>,
): Promise<InitialChange | undefined> {
	return (await encodeInitialChanges(crypto, actor, [values]))[0];
}

/**
 * First changes of new documents, one for each of `many`.
 * @param actor hex.
 * @returns `undefined` in place of a change that only a draft can make, or that a draft would refuse: bigint, values that a
 * document cannot hold, too deep nesting, too many operations.
 */
export async function encodeInitialChanges(
	crypto: Pick<Crypto, "sha256Many">,
	actor: string,
	many: readonly Readonly<Record<string, unknown>>[],
): Promise<(InitialChange | undefined)[]> {
	const drafts = many.map((values) => initialChunk(values, actor));
	const made = drafts.filter((draft) => draft !== undefined);
	const hashes = await crypto.sha256Many(made.map(({ chunk }) => chunk.subarray(hashedFrom)));
	let next = 0;
	return drafts.map((draft) => {
		if (draft === undefined) return undefined;
		const hash = hashes[next++] as Uint8Array;
		setChecksum(draft.chunk, hash);
		const { chunk, operations, data } = draft;
		return { change: chunk, hash: toHex(hash), deps: [], actor, seq: 1, startOp: 1, operations, data };
	});
}

/** A first change before its hash is known. */
export interface InitialChunk {
	/** Without its checksum. */
	readonly chunk: Uint8Array;
	readonly operations: number;
	readonly data: DocumentData;
}

/** As `encodeInitialChanges`, for one document, without hashing. */
export function initialChunk(values: Readonly<Record<string, unknown>>, actor: string): InitialChunk | undefined {
	const initial = new InitialValues();
	const data = initial.addEntries(values, undefined, 0);
	if (data === undefined) return undefined;
	const chunk = writeChange({ deps: [], actor, seq: 1, otherActors: [] }, initial.operations);
	return chunk.length > limits.plaintextBytes - 16 ? undefined : { chunk, operations: initial.operations.count, data };
}

/** Levels that a draft takes in one assignment. */
const deepest = 100;
const isProxy = Symbol.for("_am_isProxy");

/** Writes values, and builds what they show. */
class InitialValues {
	readonly operations = new OperationWriter(1);

	/** @returns what the map shows, in the order that Automerge gives it; `undefined` where something cannot be written. */
	addEntries(
		values: Readonly<Record<string, unknown>>,
		object: number | undefined,
		depth: number,
	): DocumentData | undefined {
		const data: DocumentData = {};
		for (const key of sortKeys(Object.keys(values))) {
			if (key === "__proto__" || !isWellFormed(key)) return undefined;
			const shown = this.#add(values[key], object, { key }, depth);
			if (shown === undefined) return undefined;
			data[key] = shown;
		}
		return data;
	}

	#addItems(values: readonly unknown[], object: number, depth: number): DocumentValue[] | undefined {
		const data: DocumentValue[] = [];
		let after: number | undefined;
		for (let i = 0; i < values.length; i++) {
			const id = this.operations.last + 1;
			const shown = this.#add(values[i], object, { after }, depth);
			if (shown === undefined) return undefined;
			data.push(shown);
			after = id;
		}
		return data;
	}

	/** @returns what the value shows, `undefined` where it cannot be written. */
	#add(value: unknown, object: number | undefined, place: Place, depth: number): DocumentValue | undefined {
		if (!this.operations.hasRoom(1)) return undefined;
		switch (typeof value) {
			case "string":
				return this.operations.text(object, place, value) ? wellFormed(value) : undefined;
			case "number":
				if (Number.isSafeInteger(value)) return this.#addInteger(value, object, place, valueTypes.integer);
				this.operations.float(object, place, value);
				return value;
			case "boolean":
				this.operations.plain(object, place, actions.set, value ? valueTypes.true : valueTypes.false);
				return value;
			case "object":
				if (value !== null) return this.#addObject(value, object, place, depth);
				this.operations.plain(object, place, actions.set, valueTypes.null);
				return null;
			default:
				return undefined;
		}
	}

	#addObject(value: object, object: number | undefined, place: Place, depth: number): DocumentValue | undefined {
		if (Reflect.get(value, isProxy) === true) return undefined;
		if (value instanceof Date) {
			const time = this.#addInteger(value.getTime(), object, place, valueTypes.timestamp);
			return time === undefined ? undefined : new Date(time);
		}
		if (value instanceof Uint8Array) {
			this.operations.bytes(object, place, value);
			return Uint8Array.from(value);
		}
		if (value instanceof Counter) return this.#addInteger(value.value, object, place, valueTypes.counter);
		if (value instanceof Int) return this.#addInteger(value.value, object, place, valueTypes.integer);
		if (value instanceof Float64) {
			this.operations.float(object, place, value.value);
			return value.value;
		}
		if (isImmutableString(value)) {
			this.operations.string(object, place, value.val);
			return wellFormed(value.val);
		}
		if (depth >= deepest) return undefined;
		if (Array.isArray(value)) {
			this.operations.plain(object, place, actions.makeList, valueTypes.null);
			return this.#addItems(value, this.operations.last, depth + 1);
		}
		if (value instanceof Uint || Object.prototype.toString.call(value) !== "[object Object]") return undefined;
		this.operations.plain(object, place, actions.makeMap, valueTypes.null);
		return this.addEntries(value as Record<string, unknown>, this.operations.last, depth + 1);
	}

	#addInteger(value: number, object: number | undefined, place: Place, type: number): number | undefined {
		if (!Number.isSafeInteger(value)) return undefined;
		this.operations.integer(object, place, value, type);
		return value === 0 ? 0 : value;
	}
}
