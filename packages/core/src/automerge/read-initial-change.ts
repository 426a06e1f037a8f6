/**
 * Reads a first change that only sets root keys, without Automerge. It is decided by writing it again: a change is taken when
 * `initial-change.ts` makes the same bytes of the values that were read, so what is held to be true of the writer's changes (they are
 * Automerge's own, they load back, they show these values) is true of this one, whoever sent it.
 */
import { Counter, Float64, ImmutableString } from "@automerge/automerge/slim";
import { equalBytes } from "../bytes/compare.js";
import { decodeUtf8 } from "../bytes/text.js";
import { FormatError } from "../errors.js";
import type { CheckedChange } from "./causal-index.js";
import { hashedFrom, readFrame, readHead } from "./change-head.js";
import { type ReadOperation, readOperations, wholeAllowance } from "./change-operations.js";
import { valueTypes } from "./change-values.js";
import { initialChunk } from "./initial-change.js";
import { ByteReader, ByteWriter } from "./leb128.js";
import { actions } from "./operation-columns.js";
import type { DocumentData } from "./plain-data.js";

/**
 * What a document shows that consists of this change alone.
 * @returns `undefined` when only Automerge can tell.
 */
export function readInitialChange({ bytes }: Pick<CheckedChange, "bytes">): DocumentData | undefined {
	const reader = new ByteReader(readFrame(bytes).contents);
	const head = readHead(reader);
	if (head.deps.length > 0) return undefined;
	const fields = new RootValues();
	readOperations(reader, head, wholeAllowance(), (operation) => fields.note(operation));
	const values = fields.values();
	const written = values && initialChunk(values, head.actor);
	if (written === undefined) return undefined;
	return equalBytes(written.chunk.subarray(hashedFrom), bytes.subarray(hashedFrom)) ? written.data : undefined;
}

/** Collects values of root keys, as `encodeInitialChange` takes them. */
class RootValues {
	readonly #values: Record<string, unknown> = {};
	#fits = true;
	/** The text whose characters come. */
	#text: { readonly key: string; readonly id: number; readonly utf8: ByteWriter } | undefined;

	note(operation: ReadOperation): void {
		const { action, key, objectActor, objectCounter, type, counter } = operation;
		if (!this.#fits) return;
		if (objectActor < 0 && key !== null && action === actions.makeText) {
			this.#finishText();
			this.#text = { key, id: counter, utf8: new ByteWriter() };
		} else if (objectActor < 0 && key !== null && action === actions.set) {
			this.#finishText();
			const value = readValue(type, operation.value());
			if (value === undefined) this.#fits = false;
			else this.#set(key, value);
		} else if (action === actions.set && type === valueTypes.string && objectCounter === this.#text?.id) {
			this.#text.utf8.append(operation.value());
		} else {
			this.#fits = false;
		}
	}

	values(): Readonly<Record<string, unknown>> | undefined {
		this.#finishText();
		return this.#fits ? this.#values : undefined;
	}

	#finishText(): void {
		if (this.#text !== undefined) this.#set(this.#text.key, decodeUtf8(this.#text.utf8.view()));
		this.#text = undefined;
	}

	#set(key: string, value: unknown): void {
		if (key === "__proto__") this.#fits = false;
		else this.#values[key] = value;
	}
}

function readValue(type: number, bytes: Uint8Array): unknown {
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
		case valueTypes.float:
			return new Float64(new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true));
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
