/**
 * The operations of an Automerge change: columns, read strictly. Columns stand in the order of the table, each at most once;
 * those marked * only when they say something.
 *
 * | specification | column             | encoding       | rows                                              |
 * |---------------|--------------------|----------------|---------------------------------------------------|
 * | 01 *          | object's actor     | runs of uLEB   | index of an actor, null for the root map          |
 * | 02 *          | object's counter   | runs of uLEB   | null for the root map                             |
 * | 11 *          | key's actor        | runs of uLEB   | null for a string key and for the head of a list  |
 * | 13 *          | key's counter      | delta          | 0 for the head of a list, null for a string key   |
 * | 15 *          | key                | runs of strings | null for an element                              |
 * | 34            | insert             | boolean        |                                                   |
 * | 42            | action             | runs of uLEB   | see `actions`                                     |
 * | 56            | value's metadata   | runs of uLEB   | see `change-values.ts`                            |
 * | 57 *          | values             | raw            |                                                   |
 * | 70            | predecessors       | runs of uLEB   | how many                                          |
 * | 71 *          | their actors       | runs of uLEB   |                                                   |
 * | 73 *          | their counters     | delta          | ascending within an operation                     |
 * | 94 *          | mark expands       | boolean        |                                                   |
 * | a5 *          | name of a mark     | runs of strings | null for all others                              |
 *
 * Actor 0 is the change's own, 1 and above are the other actors of its head. An empty change has no columns.
 *
 * Source: automerge.org/automerge-binary-format-spec, "Operation Columns".
 */
import { toHex } from "../bytes/hex.js";
import { decodeUtf8 } from "../bytes/text.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";
import type { ChangeHead } from "./change-head.js";
import { skipValue, valueTypes } from "./change-values.js";
import { DeltaCursor, RunCursor, type Runs, readBooleans, readRuns } from "./column-runs.js";
import { ByteReader } from "./leb128.js";

export const columns = {
	objectActor: 0x01,
	objectCounter: 0x02,
	keyActor: 0x11,
	keyCounter: 0x13,
	key: 0x15,
	insert: 0x34,
	action: 0x42,
	valueMetadata: 0x56,
	value: 0x57,
	predecessors: 0x70,
	predecessorActor: 0x71,
	predecessorCounter: 0x73,
	expand: 0x94,
	markName: 0xa5,
} as const;

export const actions = {
	makeMap: 0,
	set: 1,
	makeList: 2,
	delete: 3,
	makeText: 4,
	increment: 5,
	makeTable: 6,
	mark: 7,
} as const;

/** Predecessors that the operations of one change may name together. */
export const predecessorsPerChange = 4 * limits.operationsPerChange;

/** Operations outside of a change that it names, of one actor. */
export interface References {
	/** Hex. */
	readonly actor: string;
	/** Neighbours differ; otherwise in no order, and with repetitions. */
	readonly counters: readonly number[];
}

/** One assignment to a key of the root map, as it is read. */
export interface RootAssignment {
	readonly key: string;
	/** See `change-values.ts`. */
	readonly metadata: number;
	/** View of the value's bytes. */
	readonly bytes: Uint8Array;
}

export interface Operations {
	readonly count: number;
	readonly references: readonly References[];
}

/**
 * Reads other actors, columns and their end; `reader` stands behind the message.
 * @param onRootAssignment is told every value that is set at a key of the root map.
 * @throws {FormatError} on every form that Automerge would not write; code `limit` for too many operations.
 */
export function readOperations(
	reader: ByteReader,
	head: ChangeHead,
	onRootAssignment?: (assignment: RootAssignment) => void,
): Operations {
	const actors = readActors(reader, head.actor);
	const parts = readColumns(reader);
	if (!reader.done) throw reader.error("expected nothing behind the columns");
	if (parts.size === 0) {
		if (actors.length > 1) throw reader.error("expected no other actors in an empty change");
		return { count: 0, references: [] };
	}
	return new OperationReader(parts, actors, head).read(onRootAssignment);
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
	readonly #references: number[][];
	readonly #used: boolean[];

	constructor(parts: ReadonlyMap<number, ByteReader>, actors: readonly string[], head: ChangeHead) {
		this.#parts = parts;
		this.#actors = actors;
		this.#startOp = head.startOp;
		this.#references = actors.map(() => []);
		this.#used = actors.map((_, i) => i === 0);
	}

	read(onRootAssignment: ((assignment: RootAssignment) => void) | undefined): Operations {
		const most = limits.operationsPerChange;
		const action = this.#unsigned(columns.action, most);
		const count = action.total;
		if (count === 0) throw new FormatError("change: expected operations");
		const objectActor = new RunCursor(this.#unsigned(columns.objectActor, most, count));
		const objectCounter = new RunCursor(this.#unsigned(columns.objectCounter, most, count));
		const keyActor = new RunCursor(this.#unsigned(columns.keyActor, most, count));
		const keyCounter = new DeltaCursor(this.#signed(columns.keyCounter, most, count));
		const key = new RunCursor(this.#strings(columns.key, most, count));
		const insert = new RunCursor(this.#booleans(columns.insert, count, true));
		const metadata = new RunCursor(this.#unsigned(columns.valueMetadata, most, count, true));
		const raw = this.#parts.get(columns.value) ?? new ByteReader(new Uint8Array(0));
		const groups = this.#unsigned(columns.predecessors, most, count, true);
		const predecessorCount = totalOf(groups);
		const predecessors = new RunCursor(groups);
		const predecessorActor = new RunCursor(
			this.#unsigned(columns.predecessorActor, predecessorsPerChange, predecessorCount),
		);
		const predecessorCounter = new DeltaCursor(
			this.#signed(columns.predecessorCounter, predecessorsPerChange, predecessorCount),
		);
		const expand = new RunCursor(this.#booleans(columns.expand, count, false));
		const markName = new RunCursor(this.#strings(columns.markName, most, count));
		const actionCursor = new RunCursor(action);

		for (let i = 0; i < count; i++) {
			const id = this.#startOp + i;
			const kind = actionCursor.next();
			const inserts = insert.next() === 1;
			const value = metadata.next();
			if (kind === null || kind > actions.mark || value === null) throw wrong("an action and a value in every row");
			const inRoot = this.#object(objectActor.next(), objectCounter.next(), id);
			const keyText = key.next();
			const inMap = this.#key(keyText, keyActor.next(), keyCounter.next(), inserts, id);
			if (inRoot && !inMap) throw wrong("a string key in the root map");
			if (inMap && inserts) throw wrong("no insertion into a map");
			checkAction(kind, value, inserts, expand.next() === 1, markName.next());
			const start = raw.offset;
			skipValue(raw, value);
			if (onRootAssignment !== undefined && inRoot && keyText !== null && kind === actions.set) {
				onRootAssignment({ key: keyText, metadata: value, bytes: raw.bytes.subarray(start, raw.offset) });
			}
			this.#predecessors(predecessors.next() ?? 0, predecessorActor, predecessorCounter, inserts, id);
		}
		if (!raw.done) throw raw.error("expected no values behind the last one");
		if (this.#used.includes(false)) throw wrong("only actors that an operation names");
		const references: References[] = [];
		for (const [i, counters] of this.#references.entries()) {
			if (counters.length > 0) references.push({ actor: this.#actors[i] as string, counters });
		}
		return { count, references };
	}

	/** @returns whether the object is the root map. */
	#object(actor: number | null, counter: number | null, id: number): boolean {
		if (actor === null && counter === null) return true;
		this.#name(actor, counter, id);
		return false;
	}

	/** @returns whether the key is a string. */
	#key(text: string | null, actor: number | null, counter: number | null, inserts: boolean, id: number): boolean {
		if (text !== null) {
			if (actor !== null || counter !== null) throw wrong("a string key or an element, not both");
			return true;
		}
		if (actor === null && counter === 0) {
			if (!inserts) throw wrong("the head of a list only for insertions");
			return false;
		}
		this.#name(actor, counter, id);
		return false;
	}

	#predecessors(
		count: number,
		actors: { next(): number | null },
		counters: { next(): number | null },
		inserts: boolean,
		id: number,
	): void {
		if (count > 0 && inserts) throw wrong("no predecessors of an insertion");
		let beforeCounter = 0;
		let beforeActor = "";
		for (let i = 0; i < count; i++) {
			const actor = actors.next();
			const counter = counters.next();
			this.#name(actor, counter, id);
			const actorHex = this.#actors[actor as number] as string;
			if (i > 0 && ((counter as number) < beforeCounter || (counter === beforeCounter && actorHex <= beforeActor))) {
				throw wrong("sorted, distinct predecessors");
			}
			beforeCounter = counter as number;
			beforeActor = actorHex;
		}
	}

	/** Notes an operation that operation `id` names: an earlier one of this change, or one outside of it. */
	#name(actor: number | null, counter: number | null, id: number): void {
		if (actor === null || counter === null || counter < 1) throw wrong("an actor with a counter of at least 1");
		if (actor >= this.#actors.length) throw wrong("an actor that the change lists");
		this.#used[actor] = true;
		if (actor === 0 && counter >= this.#startOp) {
			if (counter >= id) throw wrong("no operation that comes later in the change");
			return;
		}
		const counters = this.#references[actor] as number[];
		if (counters[counters.length - 1] !== counter) counters.push(counter);
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

function totalOf(groups: Runs<number>): number {
	let total = 0;
	for (const [i, count] of groups.counts.entries()) {
		const each = groups.values[i] ?? null;
		if (each === null) throw wrong("a number of predecessors in every row");
		total += count * each;
		if (total > predecessorsPerChange) {
			throw new FormatError(`change: expected at most ${predecessorsPerChange} predecessors`, { code: "limit" });
		}
	}
	return total;
}

function checkAction(kind: number, value: number, inserts: boolean, expands: boolean, markName: string | null): void {
	if (kind === actions.mark) {
		if (!inserts) throw wrong("marks that are inserted");
		if (markName === null && value !== valueTypes.null) throw wrong("no value at the end of a mark");
		return;
	}
	if (expands || markName !== null) throw wrong("names and expansion of marks only for marks");
	if (kind === actions.delete && inserts) throw wrong("no deletion that inserts");
	if (kind === actions.increment && (inserts || value % 16 !== valueTypes.integer))
		throw wrong("increments by an integer");
	if (kind !== actions.set && kind !== actions.increment && value !== valueTypes.null)
		throw wrong("values only where they count");
}

function wrong(expected: string): FormatError {
	return new FormatError(`change: expected ${expected}`);
}
