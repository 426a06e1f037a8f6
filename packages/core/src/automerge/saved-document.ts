/**
 * What a saved document shows, read from its columns. Automerge builds and hashes every change again when it loads a document, which
 * takes most of the time of looking at a long one; who only shows it needs the operations that nothing has replaced.
 *
 * Columns of a document's operations are those of a change (see `operation-columns.ts`) but for these. Operations stand by object,
 * the root map first and then by the operation that made it; in a map by key, in a list by element, in a place by operation.
 * Deletions have no row: they are successors of what they delete.
 *
 * | specification | column           | encoding     | rows                          |
 * |---------------|------------------|--------------|-------------------------------|
 * | 21            | operation's actor | runs of uLEB | index of an actor             |
 * | 23            | its counter      | delta        |                               |
 * | 80            | successors       | runs of uLEB | how many                      |
 *
 * Source: automerge.org/automerge-binary-format-spec, "Document Chunk".
 */
import { Float64, isCounter, isImmutableString } from "@automerge/automerge/slim";
import { decodeUtf8 } from "../bytes/text.js";
import { FormatError } from "../errors.js";
import { attachmentsKey } from "./attachment-maps.js";
import { DeltaCursor, RunCursor, readBooleans, readRuns } from "./column-runs.js";
import type { DocumentChunk } from "./document-chunk.js";
import { ByteReader } from "./leb128.js";
import type { StandingDocument } from "./light-document.js";
import { actions, columns as operationColumns } from "./operation-columns.js";
import { type DocumentData, type DocumentValue, deepestShown } from "./plain-data.js";
import { readValue } from "./read-assignments.js";
import { type Field, fieldOf, nothing } from "./root-state.js";

const columns = { ...operationColumns, actor: 0x21, counter: 0x23, successors: 0x80 } as const;
/** Column of the changes with the counters of their last operations, as differences. */
const lastOperation = 0x13;

/**
 * @param chunk of a document that Automerge has loaded once: what it shows is what these columns say.
 * @returns `undefined` when only Automerge can tell: counters that were incremented, marks, integers beyond 53 bits, attachments that
 * were begun twice, and what nobody writes.
 */
export function readSavedDocument(chunk: DocumentChunk): StandingDocument | undefined {
	try {
		const root = new OperationRows(chunk).read();
		if ((root.fields.get(attachmentsKey)?.length ?? 0) > 1) return undefined;
		return {
			heads: chunk.heads,
			startOp: lastOperationOf(chunk) + 1,
			root: { keys: () => standingKeys(root), find: (key) => fieldAt(root, key) },
			data: showMap(root, 1),
		};
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

function lastOperationOf({ changes, changeColumns }: DocumentChunk): number {
	const reader = new ByteReader(changeColumns.get(lastOperation) ?? new Uint8Array(0));
	const counters = new DeltaCursor(readRuns(reader, () => reader.signed(), changes));
	let last = 0;
	for (let left = changes; left > 0; left--) last = Math.max(last, counters.next() ?? 0);
	return last;
}

/** A value that nothing has replaced. */
interface Standing {
	/** As a draft takes it, or an object. */
	readonly value: unknown;
	readonly counter: number;
	/** Hex. */
	readonly actor: string;
}

class MapObject {
	/** Values that stand at each key. */
	readonly fields = new Map<string, Standing[]>();
}

/** A list, or a text. */
class SequenceObject {
	readonly isText: boolean;
	/** Values that stand at each element, none where it was deleted. */
	readonly elements: Standing[][] = [];

	constructor(isText: boolean) {
		this.isText = isText;
	}
}

type ReadObject = MapObject | SequenceObject;

/** Reads the rows of the operations from first to last. */
class OperationRows {
	readonly #chunk: DocumentChunk;
	readonly #root = new MapObject();
	/** Objects that stand somewhere, by the operation that made them. */
	readonly #objects = new Map<string, ReadObject>();

	constructor(chunk: DocumentChunk) {
		this.#chunk = chunk;
	}

	/** @throws {FormatError} when only Automerge can tell. */
	read(): MapObject {
		const objectActor = this.#numbers(columns.objectActor);
		const objectCounter = this.#numbers(columns.objectCounter);
		const key = new RunCursor(this.#runs(columns.key, (reader) => decodeUtf8(reader.view(reader.unsigned()))));
		const actor = this.#numbers(columns.actor);
		const counter = new DeltaCursor(this.#runs(columns.counter, (reader) => reader.signed()));
		const insert = new RunCursor(readBooleans(this.#part(columns.insert), this.#chunk.operations));
		const action = this.#numbers(columns.action);
		const metadata = this.#numbers(columns.valueMetadata);
		const successors = this.#numbers(columns.successors);
		const values = this.#chunk.columns.get(columns.value) ?? new Uint8Array(0);
		let valuesRead = 0;
		let inActor: number | null = null;
		let inCounter: number | null = null;
		let object: ReadObject | undefined = this.#root;
		for (let row = 0; row < this.#chunk.operations; row++) {
			const [ofActor, ofCounter] = [objectActor.next(), objectCounter.next()];
			if (ofActor !== inActor || ofCounter !== inCounter) {
				[inActor, inCounter] = [ofActor, ofCounter];
				object = this.#objects.get(`${ofCounter}@${ofActor}`);
			}
			const name = key.next();
			const [byActor, id, inserts] = [actor.next(), counter.next(), insert.next() === 1];
			const [kind, type] = [action.next(), metadata.next()];
			const isReplaced = (successors.next() ?? 0) > 0;
			if (byActor === null || id === null || kind === null || type === null) throw onlyAutomerge();
			const start = valuesRead;
			valuesRead += Math.floor(type / 16);
			// What stands nowhere, with all that is in it.
			if (object === undefined) continue;
			// What it adds shows at another operation.
			if (kind === actions.increment) throw onlyAutomerge();
			const places = placesOf(object, name, inserts);
			if (isReplaced) continue;
			const value = kind === actions.set ? readPlain(type % 16, values.subarray(start, valuesRead)) : newObject(kind);
			if (value instanceof MapObject || value instanceof SequenceObject) this.#objects.set(`${id}@${byActor}`, value);
			places.push({ value, counter: id, actor: this.#chunk.actors[byActor] ?? "" });
		}
		return this.#root;
	}

	#numbers(column: number): RunCursor<number> {
		return new RunCursor(this.#runs(column, (reader) => reader.unsigned()));
	}

	#runs<T extends number | string>(column: number, read: (reader: ByteReader) => T) {
		const reader = this.#part(column);
		return readRuns(reader, () => read(reader), this.#chunk.operations);
	}

	#part(column: number): ByteReader {
		return new ByteReader(this.#chunk.columns.get(column) ?? new Uint8Array(0));
	}
}

/** Values that stand where a row belongs. */
function placesOf(object: ReadObject, key: string | null, inserts: boolean): Standing[] {
	if (object instanceof MapObject) {
		if (key === null) throw onlyAutomerge();
		const found = object.fields.get(key) ?? [];
		if (found.length === 0) object.fields.set(key, found);
		return found;
	}
	if (inserts) object.elements.push([]);
	const found = object.elements.at(-1);
	if (found === undefined || key !== null) throw onlyAutomerge();
	return found;
}

function newObject(action: number): ReadObject {
	if (action === actions.makeMap) return new MapObject();
	if (action === actions.makeList || action === actions.makeText)
		return new SequenceObject(action === actions.makeText);
	throw onlyAutomerge();
}

function readPlain(type: number, bytes: Uint8Array): unknown {
	const value = readValue(type, bytes);
	if (value === undefined) throw onlyAutomerge();
	return value;
}

function standingKeys({ fields }: MapObject): string[] {
	return [...fields].flatMap(([key, standing]) => (standing.length > 0 ? [key] : []));
}

function fieldAt(root: MapObject, key: string): Field | undefined {
	const [only, another] = root.fields.get(key) ?? [];
	if (only === undefined) return nothing;
	if (another !== undefined) return undefined;
	const { value, actor, counter } = only;
	const operation = { actor, counter };
	if (value instanceof MapObject) return { operation, type: "map", value: undefined };
	if (!(value instanceof SequenceObject)) return fieldOf(value, operation);
	return value.isText ? fieldOf(showText(value), operation) : { operation, type: "list", value: undefined };
}

function showMap({ fields }: MapObject, depth: number): DocumentData {
	const data: DocumentData = {};
	for (const [key, standing] of fields) {
		const shown = latest(standing);
		if (shown !== undefined && key !== "__proto__") data[key] = show(shown.value, depth);
	}
	return data;
}

function show(value: unknown, depth: number): DocumentValue {
	if (value instanceof SequenceObject && value.isText) return showText(value);
	if (value instanceof MapObject || value instanceof SequenceObject) {
		if (depth >= deepestShown) return null;
		if (value instanceof MapObject) return showMap(value, depth + 1);
		return value.elements.flatMap((standing) => {
			const shown = latest(standing);
			return shown === undefined ? [] : [show(shown.value, depth + 1)];
		});
	}
	if (value instanceof Float64 || isCounter(value)) return value.value;
	return isImmutableString(value) ? value.val : (value as DocumentValue);
}

function showText({ elements }: SequenceObject): string {
	let text = "";
	for (const standing of elements) {
		const shown = latest(standing);
		if (shown === undefined) continue;
		if (!isImmutableString(shown.value)) throw onlyAutomerge();
		text += shown.value.val;
	}
	return text;
}

/** The value that shows: that of the greatest operation. */
function latest(standing: readonly Standing[]): Standing | undefined {
	let last: Standing | undefined;
	for (const each of standing) {
		const isLater =
			last === undefined || each.counter > last.counter || (each.counter === last.counter && each.actor > last.actor);
		if (isLater) last = each;
	}
	return last;
}

function onlyAutomerge(): FormatError {
	return new FormatError("document: expected what can be shown without Automerge");
}
