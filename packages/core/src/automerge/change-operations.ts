import { toHex } from "../bytes/hex.js";
import { decodeUtf8 } from "../bytes/text.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";
import type { ChangeHead } from "./change-head.js";
import { skipValue, valueTypes } from "./change-values.js";
import { DeltaCursor, RunCursor, type Runs, readBooleans, readRuns } from "./column-runs.js";
import { ByteReader } from "./leb128.js";
import { actions, columns } from "./operation-columns.js";

/** How much the changes of one run may still hold. They are counted from run-length columns, before anything is unfolded. */
export interface Allowance {
	operations: number;
	predecessors: number;
}

/** What a run may hold, and so a change that stands alone. */
export function wholeAllowance(): Allowance {
	return { operations: limits.operationsPerRun, predecessors: limits.predecessorsPerRun };
}

/** Greatest counter of an operation: Automerge keeps 32 bits. */
const greatestCounter = 2 ** 32 - 1;

/** One operation as it is read; the same object is given again for the next one. Actors are indexes into `Operations.actors`. */
export interface ReadOperation {
	counter: number;
	/** See `actions`. */
	action: number;
	inserts: boolean;
	/** −1 for the root map. */
	objectActor: number;
	objectCounter: number;
	/** `null` in a list or text. */
	key: string | null;
	/** −1 for a key, and for the head of a list or text. */
	elementActor: number;
	elementCounter: number;
	/** See `valueTypes`. */
	type: number;
	/** View of the value's bytes. */
	value: () => Uint8Array;
	/** Actor and counter by turns, sorted. */
	readonly predecessors: number[];
	/** Whether a mark begins here that the next operation ends. */
	beginsMark: boolean;
}

export interface Operations {
	readonly count: number;
	/** Hex: the change's own, then the others, sorted. */
	readonly actors: readonly string[];
}

/**
 * Reads other actors, columns (see `operation-columns.ts`) and their end; `reader` stands behind the message.
 * @param allowance what is left to the change; what it holds is taken off.
 * @param visit is given every operation, before the change as a whole is known to be canonical.
 * @throws {FormatError} on every form that Automerge would not write; code `limit` for too many operations.
 */
export function readOperations(
	reader: ByteReader,
	head: ChangeHead,
	allowance: Allowance,
	visit?: (operation: ReadOperation, actors: readonly string[]) => void,
): Operations {
	const actors = readActors(reader, head.actor);
	const parts = readColumns(reader);
	if (!reader.done) throw reader.error("expected nothing behind the columns");
	if (parts.size === 0) {
		if (actors.length > 1) throw reader.error("expected no other actors in an empty change");
		return { count: 0, actors };
	}
	return new OperationReader(parts, actors, head).read(allowance, visit);
}

function readActors(reader: ByteReader, own: string): string[] {
	const count = reader.unsigned();
	const actors = [own];
	for (let i = 0; i < count; i++) {
		const actor = toHex(reader.view(reader.unsigned(limits.idBytes)));
		const before = i === 0 ? "" : (actors[i] as string);
		if (actor <= before || actor === own) throw reader.error("expected sorted, distinct other actors");
		actors.push(actor);
	}
	return actors;
}

const known: ReadonlySet<number> = new Set(Object.values(columns));

function readColumns(reader: ByteReader): Map<number, ByteReader> {
	const count = reader.unsigned(known.size);
	const lengths: [number, number][] = [];
	let before = 0;
	for (let i = 0; i < count; i++) {
		const specification = reader.unsigned();
		if (!known.has(specification)) throw reader.error(`expected a known column, found ${specification}`);
		if (specification <= before) throw reader.error("expected sorted, distinct columns");
		before = specification;
		const length = reader.unsigned();
		if (length === 0) throw reader.error("expected no empty column");
		lengths.push([specification, length]);
	}
	const parts = new Map<number, ByteReader>();
	for (const [specification, length] of lengths) {
		const start = reader.offset;
		reader.view(length);
		parts.set(specification, new ByteReader(reader.bytes, start, start + length));
	}
	return parts;
}

class OperationReader {
	readonly #parts: ReadonlyMap<number, ByteReader>;
	readonly #actors: readonly string[];
	readonly #startOp: number;
	readonly #used: boolean[];

	constructor(parts: ReadonlyMap<number, ByteReader>, actors: readonly string[], head: ChangeHead) {
		this.#parts = parts;
		this.#actors = actors;
		this.#startOp = head.startOp;
		this.#used = actors.map((_, i) => i === 0);
	}

	read(
		allowance: Allowance,
		visit: ((operation: ReadOperation, actors: readonly string[]) => void) | undefined,
	): Operations {
		const most = limits.operationsPerChange;
		const action = this.#unsigned(columns.action, Math.min(most, allowance.operations));
		const count = action.total;
		if (count === 0) throw wrong("operations");
		allowance.operations -= count;
		if (this.#startOp + count - 1 > greatestCounter) throw wrong("counters of 32 bits");
		const objectActor = new RunCursor(this.#unsigned(columns.objectActor, most, count));
		const objectCounter = new RunCursor(this.#unsigned(columns.objectCounter, most, count));
		const keyActor = new RunCursor(this.#unsigned(columns.keyActor, most, count));
		const keyCounter = new DeltaCursor(this.#signed(columns.keyCounter, most, count));
		const key = new RunCursor(this.#strings(columns.key, most, count));
		const insert = new RunCursor(this.#booleans(columns.insert, count, true));
		const metadata = new RunCursor(this.#unsigned(columns.valueMetadata, most, count, true));
		const raw = this.#parts.get(columns.value) ?? new ByteReader(new Uint8Array(0));
		const groups = this.#unsigned(columns.predecessors, most, count, true);
		const predecessorCount = totalOf(groups, allowance.predecessors);
		allowance.predecessors -= predecessorCount;
		const predecessors = new RunCursor(groups);
		const predecessorActor = new RunCursor(
			this.#unsigned(columns.predecessorActor, limits.predecessorsPerRun, predecessorCount),
		);
		const predecessorCounter = new DeltaCursor(
			this.#signed(columns.predecessorCounter, limits.predecessorsPerRun, predecessorCount),
		);
		const expand = new RunCursor(this.#booleans(columns.expand, count, false));
		const markName = new RunCursor(this.#strings(columns.markName, most, count));
		const actionCursor = new RunCursor(action);

		const operation = emptyOperation();
		let start = 0;
		operation.value = () => raw.bytes.subarray(start, raw.offset);

		for (let i = 0; i < count; i++) {
			const id = this.#startOp + i;
			const kind = actionCursor.next();
			const value = metadata.next();
			if (kind === null || kind > actions.mark || value === null) throw wrong("an action and a value in every row");
			// Automerge's JavaScript library never makes one, and its reader fails on what stands in one.
			if (kind === actions.makeTable) throw wrong("no tables");
			operation.counter = id;
			operation.action = kind;
			operation.inserts = insert.next() === 1;
			operation.type = value % 16;
			this.#object(operation, objectActor.next(), objectCounter.next());
			this.#key(operation, key.next(), keyActor.next(), keyCounter.next());
			checkMark(operation, expand.next() === 1, markName.next());
			checkValue(operation, value);
			start = raw.offset;
			skipValue(raw, value);
			this.#predecessors(operation, predecessors.next() ?? 0, predecessorActor, predecessorCounter);
			visit?.(operation, this.#actors);
		}
		if (operation.beginsMark) throw wrong("the end of a mark");
		if (!raw.done) throw raw.error("expected no values behind the last one");
		if (this.#used.includes(false)) throw wrong("only actors that an operation names");
		return { count, actors: this.#actors };
	}

	#object(operation: ReadOperation, actor: number | null, counter: number | null): void {
		const inRoot = actor === null && counter === null;
		operation.objectActor = inRoot ? -1 : this.#name(actor, counter, operation.counter);
		operation.objectCounter = inRoot ? 0 : (counter as number);
	}

	#key(operation: ReadOperation, text: string | null, actor: number | null, counter: number | null): void {
		operation.key = text;
		operation.elementActor = -1;
		operation.elementCounter = 0;
		if (text !== null) {
			if (actor !== null || counter !== null) throw wrong("a string key or an element, not both");
			if (operation.inserts) throw wrong("no insertion into a map");
			return;
		}
		if (operation.objectActor < 0) throw wrong("a string key in the root map");
		if (actor === null && counter === 0) {
			if (!operation.inserts) throw wrong("the head of a list only for insertions");
			return;
		}
		operation.elementActor = this.#name(actor, counter, operation.counter);
		operation.elementCounter = counter as number;
	}

	#predecessors(
		operation: ReadOperation,
		count: number,
		actors: { next(): number | null },
		counters: { next(): number | null },
	): void {
		const { predecessors, action, inserts, key } = operation;
		predecessors.length = 0;
		if (count > 0 && inserts) throw wrong("no predecessors of an insertion");
		if (count === 0 && !inserts && (key === null || action === actions.delete || action === actions.increment)) {
			throw wrong("predecessors of what changes or deletes an element, deletes or increments");
		}
		let beforeCounter = 0;
		let beforeActor = "";
		for (let i = 0; i < count; i++) {
			const counter = counters.next();
			const actor = this.#name(actors.next(), counter, operation.counter);
			const actorHex = this.#actors[actor] as string;
			if (i > 0 && ((counter as number) < beforeCounter || (counter === beforeCounter && actorHex <= beforeActor))) {
				throw wrong("sorted, distinct predecessors");
			}
			beforeCounter = counter as number;
			beforeActor = actorHex;
			predecessors.push(actor, beforeCounter);
		}
	}

	/** Checks the name of another operation that operation `id` uses. @returns its actor. */
	#name(actor: number | null, counter: number | null, id: number): number {
		if (actor === null || counter === null || counter < 1) throw wrong("an actor with a counter of at least 1");
		if (actor >= this.#actors.length) throw wrong("an actor that the change lists");
		this.#used[actor] = true;
		if (actor === 0 && counter >= id) throw wrong("no operation that comes later in the change");
		return actor;
	}

	#unsigned(column: number, most: number, rows?: number, required = false): Runs<number> {
		const reader = this.#part(column);
		return rowsOf(
			readRuns(reader, () => reader.unsigned(), most),
			rows,
			required,
		);
	}

	#signed(column: number, most: number, rows: number): Runs<number> {
		const reader = this.#part(column);
		return rowsOf(
			readRuns(reader, () => reader.signed(), most),
			rows,
			false,
		);
	}

	#strings(column: number, most: number, rows: number): Runs<string> {
		const reader = this.#part(column);
		return rowsOf(
			readRuns(reader, () => decodeUtf8(reader.view(reader.unsigned())), most),
			rows,
			false,
		);
	}

	#booleans(column: number, rows: number, required: boolean): Runs<number> {
		const runs = rowsOf(readBooleans(this.#part(column), limits.operationsPerChange), rows, required);
		if (!required && runs.total > 0 && !runs.values.includes(1)) throw wrong("no column without content");
		return runs;
	}

	#part(column: number): ByteReader {
		return this.#parts.get(column) ?? new ByteReader(new Uint8Array(0));
	}
}

/** An optional column that is there has all rows, and not only nulls. */
function rowsOf<T>(runs: Runs<T>, rows: number | undefined, required: boolean): Runs<T> {
	if (rows === undefined) return runs;
	if (runs.total !== rows && (required || runs.total > 0))
		throw wrong(`${rows} rows in every column, found ${runs.total}`);
	if (!required && runs.total > 0 && runs.values.length === 1 && runs.values[0] === null)
		throw wrong("no column without content");
	return runs;
}

function totalOf(groups: Runs<number>, most: number): number {
	let total = 0;
	for (const [i, count] of groups.counts.entries()) {
		const each = groups.values[i] ?? null;
		if (each === null) throw wrong("a number of predecessors in every row");
		total += count * each;
		if (total > most) {
			throw new FormatError(`change: expected at most ${most} predecessors`, { code: "limit", expected: most });
		}
	}
	return total;
}

function emptyOperation(): ReadOperation {
	return {
		counter: 0,
		action: 0,
		inserts: false,
		objectActor: -1,
		objectCounter: 0,
		key: null,
		elementActor: -1,
		elementCounter: 0,
		type: 0,
		value: () => new Uint8Array(0),
		predecessors: [],
		beginsMark: false,
	};
}

/** A mark is two insertions in a row: one with name and value, one without either. */
function checkMark(operation: ReadOperation, expands: boolean, name: string | null): void {
	const { action, inserts, beginsMark } = operation;
	operation.beginsMark = false;
	if (action !== actions.mark) {
		if (beginsMark) throw wrong("the end of a mark behind its beginning");
		if (expands || name !== null) throw wrong("names and expansion of marks only for marks");
		return;
	}
	if (!inserts) throw wrong("marks that are inserted");
	if (beginsMark === (name !== null)) throw wrong("a mark that begins, and then one that ends");
	operation.beginsMark = name !== null;
}

function checkValue({ action, inserts, beginsMark }: ReadOperation, metadata: number): void {
	if (action === actions.delete && inserts) throw wrong("no deletion that inserts");
	if (action === actions.increment && (inserts || metadata % 16 !== valueTypes.integer)) {
		throw wrong("increments by an integer");
	}
	const holds = action === actions.set || action === actions.increment || beginsMark;
	if (!holds && metadata !== valueTypes.null) throw wrong("values only where they count");
}

function wrong(expected: string): FormatError {
	return new FormatError(`change: expected ${expected}`);
}
