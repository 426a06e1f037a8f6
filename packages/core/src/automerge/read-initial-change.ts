/**
 * Reads a first change that only sets root keys, without Automerge. It is decided by writing it again: a change is taken when
 * `initial-change.ts` makes the same bytes of the values that were read, so what is held to be true of the writer's changes (they are
 * Automerge's own, they load back, they show these values) is true of this one, whoever sent it.
 */
import { equalBytes } from "../bytes/compare.js";
import type { CheckedChange } from "./causal-index.js";
import { hashedFrom, readFrame, readHead } from "./change-head.js";
import { initialChunk } from "./initial-change.js";
import { ByteReader } from "./leb128.js";
import type { DocumentData } from "./plain-data.js";
import { type ReadAssignment, readAssignments } from "./read-assignments.js";

/** A document that consists of its first change alone. */
export interface ReadInitialChange {
	/** What the document shows. */
	readonly data: DocumentData;
	/** A key each. */
	readonly assignments: readonly ReadAssignment[];
	/** Hex. */
	readonly actor: string;
	readonly operations: number;
}

/**
 * @param options `lists`: whether lists of plain values are read too. @default false
 * @returns `undefined` when only Automerge can tell.
 */
export function readInitialChange(
	{ bytes }: Pick<CheckedChange, "bytes">,
	options: { readonly lists?: boolean } = {},
): ReadInitialChange | undefined {
	const reader = new ByteReader(readFrame(bytes).contents);
	const head = readHead(reader);
	if (head.deps.length > 0) return undefined;
	const assignments = readAssignments(reader, head, options);
	if (assignments === undefined || assignments.some(({ key }) => key === "__proto__")) return undefined;
	const values = Object.fromEntries(assignments.map(({ key, value }) => [key, value]));
	const written = initialChunk(values, head.actor);
	if (written === undefined) return undefined;
	if (!equalBytes(written.chunk.subarray(hashedFrom), bytes.subarray(hashedFrom))) return undefined;
	return { data: written.data, assignments, actor: head.actor, operations: written.operations };
}
