import { Counter, Float64, ImmutableString } from "@automerge/automerge/slim";
import { decodeUtf8 } from "../bytes/text.js";
import { FormatError } from "../errors.js";
import type { ChangeHead } from "./change-head.js";
import { type ReadOperation, readOperations, wholeAllowance } from "./change-operations.js";
import { valueTypes } from "./change-values.js";
import { ByteReader, ByteWriter } from "./leb128.js";
import { actions } from "./operation-columns.js";

/** One value that a change puts at a key of the root map. */
export interface ReadAssignment {
	readonly key: string;
	/** As a draft takes it: with Automerge's classes for floats, counters and strings that are no text. */
	readonly value: unknown;
	/** Counter of the operation. */
	readonly counter: number;
}

/**
 * Reads a change that only assigns plain values and whole texts to root keys; `reader` stands behind the message.
 * What the operations replace is not looked at.
 * @param options `lists`: whether it may assign lists of such values too. @default false
 * @returns `undefined` when the change does something else.
 */
export function readAssignments(
	reader: ByteReader,
	head: ChangeHead,
	{ lists = false }: { readonly lists?: boolean } = {},
): readonly ReadAssignment[] | undefined {
	const assignments = new Assignments(lists);
	readOperations(reader, head, wholeAllowance(), (operation) => assignments.note(operation));
	return assignments.all();
}

class Assignments {
	readonly #found: ReadAssignment[] = [];
	readonly #lists: boolean;
	#fits = true;
	/** The list whose items come. */
	#list: { readonly counter: number; readonly items: unknown[] } | undefined;
	/** The text whose characters come; without a key it is an item of the list. */
	#text: { readonly key: string | null; readonly counter: number; readonly utf8: ByteWriter } | undefined;

	constructor(lists: boolean) {
		this.#lists = lists;
	}

	note(operation: ReadOperation): void {
		const { action, key, objectActor, objectCounter, type, counter } = operation;
		if (!this.#fits) return;
		const isAssigned = objectActor < 0 ? key !== null : objectCounter === this.#list?.counter;
		if (isAssigned && action === actions.makeText) {
			this.#finishText();
			this.#text = { key, counter, utf8: new ByteWriter() };
		} else if (isAssigned && action === actions.set) {
			this.#finishText();
			const value = readValue(type, operation.value());
			if (value === undefined) this.#fits = false;
			else this.#note(key, value, counter);
		} else if (this.#lists && objectActor < 0 && key !== null && action === actions.makeList) {
			this.#finishText();
			this.#list = { counter, items: [] };
			this.#note(key, this.#list.items, counter);
		} else if (action === actions.set && type === valueTypes.string && objectCounter === this.#text?.counter) {
			this.#text.utf8.append(operation.value());
		} else {
			this.#fits = false;
		}
	}

	all(): readonly ReadAssignment[] | undefined {
		this.#finishText();
		return this.#fits ? this.#found : undefined;
	}

	/** @param key `null` for an item of the list. */
	#note(key: string | null, value: unknown, counter: number): void {
		if (key === null) this.#list?.items.push(value);
		else this.#found.push({ key, value, counter });
	}

	#finishText(): void {
		const text = this.#text;
		if (text === undefined) return;
		this.#note(text.key, decodeUtf8(text.utf8.view()), text.counter);
		this.#text = undefined;
	}
}

/**
 * A value of an operation, as a draft takes it.
 * @returns `undefined` for a type that is unknown or that drafts do not write, and for integers beyond 53 bits.
 */
export function readValue(type: number, bytes: Uint8Array): unknown {
	switch (type) {
		case valueTypes.null:
			return null;
		case valueTypes.false:
		case valueTypes.true:
			return type === valueTypes.true;
		case valueTypes.integer:
			return integerOf(bytes);
		case valueTypes.timestamp: {
			const time = integerOf(bytes);
			return time === undefined ? undefined : new Date(time);
		}
		case valueTypes.counter: {
			const count = integerOf(bytes);
			return count === undefined ? undefined : new Counter(count);
		}
		case valueTypes.float: {
			if (bytes.length !== 8) return undefined;
			const number = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
			// The class is for numbers that would become integers, and makes 0 of NaN and −0.
			return Number.isSafeInteger(number) && !Object.is(number, -0) ? new Float64(number) : number;
		}
		case valueTypes.string:
			return new ImmutableString(decodeUtf8(bytes));
		case valueTypes.bytes:
			return bytes;
		default:
			return undefined;
	}
}

/** @returns `undefined` beyond 53 bits. */
function integerOf(bytes: Uint8Array): number | undefined {
	try {
		return new ByteReader(bytes).signed();
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}
