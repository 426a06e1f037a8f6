/**
 * What operations of a change others may name, and the part of rule (c) that looks at one operation: an object was made and is of
 * the right kind, an element was inserted into this very object, predecessors stand at this very place. docs/entry-format.md asks
 * only that what is named exists; but what exists in the wrong place makes Automerge fail when it loads, and sometimes only
 * together with changes that others made meanwhile.
 */
import { readFrame, readHead } from "./change-head.js";
import { type ReadOperation, readOperations, wholeAllowance } from "./change-operations.js";
import { valueTypes } from "./change-values.js";
import { ByteReader } from "./leb128.js";
import { actions } from "./operation-columns.js";

/** An operation of a document as one number: number of the actor × 2^32 + counter. 0 is the root map. */
export type OperationId = number;

/** Neighbouring operations of the same kind at the same place, or insertions into the same object. */
export interface OperationRun {
	/** Counter of the first. */
	readonly first: number;
	count: number;
	readonly action: number;
	/** See `valueTypes`. */
	readonly type: number;
	readonly object: OperationId;
	/** Key, or element, or `undefined` for insertions, which are elements themselves. */
	readonly place: string | OperationId | undefined;
}

/** Finds an operation that may be named, `undefined` when there is none. */
export type FindOperation = (id: OperationId) => OperationRun | undefined;

export interface ScannedChange {
	/** Operations that others may name, ascending: neither deletions nor increments. */
	readonly runs: readonly OperationRun[];
	/** What the change breaks, where it was checked. */
	readonly fault: string | undefined;
}

/**
 * Lists the operations of a change that others may name.
 * @param change a chunk that `decodeChanges` took, or that was made here.
 * @param numberOf number of an actor, from 1.
 * @param find looks below the change; without it nothing is checked.
 */
export function scanChange(
	change: Uint8Array,
	numberOf: (actor: string) => number,
	find: FindOperation | undefined,
): ScannedChange {
	const reader = new ByteReader(readFrame(change).contents);
	const head = readHead(reader);
	const runs: OperationRun[] = [];
	const own = numberOf(head.actor);
	const ids = new Map<number, number>();
	let fault: string | undefined;
	const findAny: FindOperation = (id) =>
		Math.floor(id / scale) === own && id % scale >= head.startOp ? findIn(runs, id % scale) : find?.(id);
	readOperations(reader, head, wholeAllowance(), (operation, actors) => {
		const idOf = (actor: number, counter: number): OperationId => {
			const number = ids.get(actor) ?? numberOf(actors[actor] as string);
			ids.set(actor, number);
			return number * scale + counter;
		};
		const object = operation.objectActor < 0 ? 0 : idOf(operation.objectActor, operation.objectCounter);
		const element = operation.elementActor < 0 ? 0 : idOf(operation.elementActor, operation.elementCounter);
		if (find !== undefined) fault ??= faultOf(operation, object, element, findAny, idOf);
		note(runs, operation, object, element);
	});
	return { runs, fault };
}

/** The run that holds a counter. @param runs ascending. */
export function findIn(runs: readonly OperationRun[], counter: number): OperationRun | undefined {
	let low = 0;
	let high = runs.length - 1;
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if ((runs[middle] as OperationRun).first <= counter) low = middle;
		else high = middle - 1;
	}
	const run = runs[low];
	return run !== undefined && counter >= run.first && counter < run.first + run.count ? run : undefined;
}

const scale = 2 ** 32;

function note(runs: OperationRun[], operation: ReadOperation, object: OperationId, element: OperationId): void {
	const { action, counter, type, inserts, key } = operation;
	if (action === actions.delete || action === actions.increment) return;
	const place = inserts ? undefined : (key ?? element);
	const before = runs.at(-1);
	const joins =
		before !== undefined &&
		before.first + before.count === counter &&
		before.action === action &&
		before.type === type &&
		before.object === object &&
		before.place === place;
	if (joins) before.count++;
	else runs.push({ first: counter, count: 1, action, type, object, place });
}

function faultOf(
	operation: ReadOperation,
	object: OperationId,
	element: OperationId,
	find: FindOperation,
	idOf: (actor: number, counter: number) => OperationId,
): string | undefined {
	const { action, key, predecessors } = operation;
	if (object !== 0) {
		const made = find(object);
		if (made === undefined) return "an object is no operation that the change builds on";
		if (key === null ? !isSequence(made.action) : made.action !== actions.makeMap)
			return "an object is of another kind";
		if (action === actions.mark && made.action !== actions.makeText) return "a mark is not in a text";
	}
	if (element !== 0) {
		const inserted = find(element);
		if (inserted === undefined) return "an element is no operation that the change builds on";
		if (inserted.place !== undefined || inserted.object !== object) return "an element is not in its object";
	}
	let counts = action !== actions.increment;
	for (let i = 0; i < predecessors.length; i += 2) {
		const id = idOf(predecessors[i] as number, predecessors[i + 1] as number);
		const replaced = find(id);
		if (replaced === undefined) return "a predecessor is no operation that the change builds on";
		if (replaced.action === actions.mark || replaced.object !== object) return "a predecessor stands elsewhere";
		const stands = replaced.place === undefined ? id : replaced.place;
		if (stands !== (key ?? element)) return "a predecessor stands elsewhere";
		counts ||= replaced.type === valueTypes.counter;
	}
	// In a conflict an increment names the values beside the counter too.
	return counts ? undefined : "what is incremented is no counter";
}

function isSequence(action: number): boolean {
	return action === actions.makeList || action === actions.makeText;
}
