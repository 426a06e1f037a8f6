/** Who wrote what a document shows, field by field. */
import type { DocumentValue } from "../../automerge/plain-data.js";
import type { StoredField, StoredValue } from "../../automerge/stored-fields.js";
import type { OpenDocument } from "../documents/open-document.js";
import type { FieldPath } from "./field-changes.js";

/** Where a value comes from. */
export interface ValueOrigin {
	/** The Automerge change, 64 hex digits. */
	readonly change: string;
	/** The entry that holds it. */
	readonly entry: string;
	/** Public key of the author. */
	readonly createdBy: string;
	/** Milliseconds by the author's clock. */
	readonly createdAt: number;
}

/** Who wrote a field last. */
export interface FieldOrigin extends ValueOrigin {
	readonly path: FieldPath;
	readonly value: DocumentValue;
}

/** One of several values that were written to a field without knowledge of each other. */
export interface ConflictingValue extends ValueOrigin {
	readonly value: DocumentValue;
	/** Whether this is the one that the document shows. */
	readonly isShown: boolean;
}

export interface FieldConflict {
	readonly path: FieldPath;
	/** The one that shows comes last. */
	readonly values: readonly ConflictingValue[];
}

/**
 * Every field that is no map and no list, and empty ones of these. Of a text the change that wrote its newest character counts, of a
 * counter the one that made it.
 */
export function fieldOrigins(open: OpenDocument): FieldOrigin[] {
	return open
		.crdt()
		.storedFields()
		.flatMap(({ path, values }) => {
			const shown = values.at(-1) as StoredValue;
			const origin = isFilled(shown.value) ? undefined : originOf(open, shown);
			return origin === undefined ? [] : [{ path, value: shown.value, ...origin }];
		});
}

export function fieldConflicts(open: OpenDocument): FieldConflict[] {
	const fields: readonly StoredField[] = open.crdt().storedFields();
	return fields
		.filter(({ values }) => values.length > 1)
		.map(({ path, values }) => ({
			path,
			values: values.flatMap((each, i) => {
				const origin = originOf(open, each);
				return origin === undefined ? [] : [{ value: each.value, isShown: i === values.length - 1, ...origin }];
			}),
		}));
}

function originOf({ evaluation }: OpenDocument, { actor, counter }: StoredValue): ValueOrigin | undefined {
	const change = evaluation.changeOfOperation(actor, counter);
	const entry = change === undefined ? undefined : evaluation.entryWithChange(change)?.entry;
	if (change === undefined || entry === undefined || entry.kind === "stub") return undefined;
	const { createdByPublicKey: createdBy, createdAt } = entry.common;
	return { change, entry: entry.hash, createdBy, createdAt };
}

/** A map or list with something in it, which stands for itself. */
function isFilled(value: DocumentValue): boolean {
	if (Array.isArray(value)) return value.length > 0;
	if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return false;
	return Object.keys(value).length > 0;
}
