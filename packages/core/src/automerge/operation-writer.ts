import { encodeUtf8Lossy } from "../bytes/text.js";
import { limits } from "../entry/limits.js";
import { valueTypes } from "./change-values.js";
import { BooleanWriter, DeltaWriter, RunWriter } from "./column-writer.js";
import { ByteWriter } from "./leb128.js";
import { actions, columns } from "./operation-columns.js";

/** Where an operation writes: at a key of a map, or behind an element of a list (`undefined`: at its head). */
export type Place = { readonly key: string } | { readonly after: number | undefined };

/** The operation that another one replaces. */
export interface Predecessor {
	/** 0 for the change's own actor, otherwise 1 + its index among the sorted other actors. */
	readonly actor: number;
	readonly counter: number;
}

/**
 * Collects the operations of one change, column by column; see `operation-columns.ts`. Objects and elements are
 * named by the counters of operations of this change; an object `undefined` is the root map.
 */
export class OperationWriter {
	/** Counter of the first operation. */
	readonly startOp: number;
	count = 0;
	readonly #objectActor = new RunWriter<number>(unsigned);
	readonly #objectCounter = new RunWriter<number>(unsigned);
	readonly #keyActor = new RunWriter<number>(unsigned);
	readonly #keyCounter = new DeltaWriter();
	readonly #key = new RunWriter<string>(text);
	readonly #insert = new BooleanWriter();
	readonly #action = new RunWriter<number>(unsigned);
	readonly #metadata = new RunWriter<number>(unsigned);
	readonly #values = new ByteWriter(128);
	readonly #predecessors = new RunWriter<number>(unsigned);
	readonly #predecessorActor = new RunWriter<number>(unsigned);
	readonly #predecessorCounter = new DeltaWriter();

	constructor(startOp: number) {
		this.startOp = startOp;
	}

	/** Counter of the operation that was added last. */
	get last(): number {
		return this.startOp + this.count - 1;
	}

	/** Whether there is room for this many operations more. */
	hasRoom(more: number): boolean {
		return this.count + more <= limits.operationsPerChange;
	}

	/** Columns with content, in order. */
	finish(): (readonly [column: number, bytes: ByteWriter])[] {
		if (this.count === 0) return [];
		const all: (readonly [number, ByteWriter])[] = [
			[columns.objectActor, this.#objectActor.finish()],
			[columns.objectCounter, this.#objectCounter.finish()],
			[columns.keyActor, this.#keyActor.finish()],
			[columns.keyCounter, this.#keyCounter.finish()],
			[columns.key, this.#key.finish()],
			[columns.insert, this.#insert.finish()],
			[columns.action, this.#action.finish()],
			[columns.valueMetadata, this.#metadata.finish()],
			[columns.value, this.#values],
			[columns.predecessors, this.#predecessors.finish()],
			[columns.predecessorActor, this.#predecessorActor.finish()],
			[columns.predecessorCounter, this.#predecessorCounter.finish()],
		];
		return all.filter(([, bytes]) => bytes.length > 0);
	}

	/** An operation whose value has no bytes: null, a boolean, or a new object. */
	plain(object: number | undefined, place: Place, action: number, type: number, predecessor?: Predecessor): void {
		this.#operation(object, place, action, type, predecessor);
	}

	/** @param type integer, counter or timestamp. */
	integer(object: number | undefined, place: Place, value: number, type: number, predecessor?: Predecessor): void {
		const start = this.#values.length;
		this.#values.signed(value);
		this.#operation(object, place, actions.set, 16 * (this.#values.length - start) + type, predecessor);
	}

	float(object: number | undefined, place: Place, value: number, predecessor?: Predecessor): void {
		const bytes = new Uint8Array(8);
		new DataView(bytes.buffer).setFloat64(0, value, true);
		this.#values.append(bytes);
		this.#operation(object, place, actions.set, 16 * 8 + valueTypes.float, predecessor);
	}

	bytes(object: number | undefined, place: Place, value: Uint8Array): void {
		this.#values.append(value);
		this.#operation(object, place, actions.set, 16 * value.length + valueTypes.bytes);
	}

	/** A string as one value; see `text` for one that merges. */
	string(object: number | undefined, place: Place, value: string): void {
		const utf8 = encodeUtf8Lossy(value);
		this.#values.append(utf8);
		this.#operation(object, place, actions.set, 16 * utf8.length + valueTypes.string);
	}

	/** A new text object with its characters. @returns whether there was room. */
	text(object: number | undefined, place: Place, value: string, predecessor?: Predecessor): boolean {
		if (!this.hasRoom(1)) return false;
		this.#operation(object, place, actions.makeText, valueTypes.null, predecessor);
		if (value.length === 0) return true;
		const id = this.last;
		const utf8 = encodeUtf8Lossy(value);
		let count = value.length;
		if (utf8.length === count) this.#metadata.add(16 + valueTypes.string, count);
		else count = this.#addWidths(utf8);
		if (!this.hasRoom(count)) return false;
		this.#values.append(utf8);
		this.#objectActor.add(0, count);
		this.#objectCounter.add(id, count);
		this.#key.add(null, count);
		this.#insert.add(true, count);
		this.#action.add(actions.set, count);
		this.#predecessors.add(0, count);
		this.#keyActor.add(null);
		this.#keyCounter.add(0);
		if (count > 1) {
			this.#keyActor.add(0, count - 1);
			this.#keyCounter.add(id + 1);
			if (count > 2) this.#keyCounter.addAscending(count - 2);
		}
		this.count += count;
		return true;
	}

	/** Metadata of a text's characters. @returns how many there are. */
	#addWidths(utf8: Uint8Array): number {
		let count = 0;
		for (let at = 0; at < utf8.length; count++) {
			const first = utf8[at] as number;
			const width = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
			this.#metadata.add(16 * width + valueTypes.string);
			at += width;
		}
		return count;
	}

	#operation(
		object: number | undefined,
		place: Place,
		action: number,
		metadata: number,
		predecessor: Predecessor | undefined = undefined,
	): void {
		this.count++;
		this.#objectActor.add(object === undefined ? null : 0);
		this.#objectCounter.add(object ?? null);
		const inMap = "key" in place;
		if (inMap) {
			this.#key.add(place.key);
			this.#keyActor.add(null);
			this.#keyCounter.add(null);
		} else {
			this.#key.add(null);
			this.#keyActor.add(place.after === undefined ? null : 0);
			this.#keyCounter.add(place.after ?? 0);
		}
		this.#insert.add(!inMap);
		this.#action.add(action);
		this.#metadata.add(metadata);
		this.#predecessors.add(predecessor === undefined ? 0 : 1);
		if (predecessor === undefined) return;
		this.#predecessorActor.add(predecessor.actor);
		this.#predecessorCounter.add(predecessor.counter);
	}
}

function unsigned(writer: ByteWriter, value: number): void {
	writer.unsigned(value);
}

function text(writer: ByteWriter, value: string): void {
	const utf8 = encodeUtf8Lossy(value);
	writer.unsigned(utf8.length);
	writer.append(utf8);
}
