/**
 * What this replica knows of the snapshots of its documents, a row each.
 *
 * | key                                      | value                                                                      |
 * |------------------------------------------|----------------------------------------------------------------------------|
 * | 40 ‖ document(4) ‖ snapshot's arrival(6) | CBOR[Automerge's version] when it is set aside, else CBOR[Automerge's version, upTo, uncovered, kept, heads, changes, bytes, createdAt] |
 * | 41 ‖ document(4) ‖ snapshot's arrival(6) | the same of one that others have replaced: nothing is loaded from it but the past |
 */
import { type CborValue, decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { FormatError } from "../../errors.js";
import type { Rows, RowWrite } from "../../store/rows.js";
import { lastUint48, rowKinds, rowRange, uint32, uint48 } from "../document-rows.js";

/** A snapshot that passed, and what of its document it stands for. */
export interface CountedSnapshot {
	readonly kind: "counted";
	/** Its own. */
	readonly arrival: number;
	/** Of the document's entries up to this arrival all creates and changes are covered but those that `uncovered` names. */
	readonly upTo: number;
	/** Arrivals, up to `upTo`, of what has to be read beside it: changes that it does not cover, deletes, and what does not count. */
	readonly uncovered: readonly number[];
	/** Arrivals of covered entries by which a document tells who made it and who wrote last. */
	readonly kept: readonly number[];
	/** Automerge heads that it covers, with the arrival of their entry. */
	readonly heads: readonly (readonly [change: string, arrival: number])[];
	/** Automerge changes in it. */
	readonly changes: number;
	/** Of its payload. */
	readonly bytes: number;
	readonly createdAt: number;
}

/** A snapshot that does not pass, and is not looked at again. */
export interface AsideSnapshot {
	readonly kind: "aside";
	readonly arrival: number;
}

type SnapshotRowKind = typeof rowKinds.snapshot | typeof rowKinds.earlierSnapshot;

export type SnapshotRow = CountedSnapshot | AsideSnapshot;

/** Rows of a document, oldest snapshot first. What another version of Automerge found is left out: it is found out anew. */
export async function readSnapshots(
	rows: Rows,
	document: number,
	version: string,
	kind: SnapshotRowKind = rowKinds.snapshot,
): Promise<SnapshotRow[]> {
	const found: SnapshotRow[] = [];
	for await (const batch of rows.scan(rowRange(kind, uint32(document)))) {
		for (const [key, value] of batch) {
			const row = decodeSnapshotRow(lastUint48(key), value, version);
			if (row !== undefined) found.push(row);
		}
	}
	return found;
}

/** Rows that forget what is known of a document's snapshots. */
export async function forgetSnapshots(rows: Rows, document: number): Promise<RowWrite[]> {
	const writes: RowWrite[] = [];
	for (const kind of [rowKinds.snapshot, rowKinds.earlierSnapshot] as const) {
		for await (const batch of rows.scan(rowRange(kind, uint32(document)))) {
			for (const [key] of batch) writes.push({ type: "del", key });
		}
	}
	return writes;
}

/** Rows that leave those `kept` among the ones that count; the rest is kept for looking back. */
export async function replaceSnapshots(
	rows: Rows,
	document: number,
	kept: (arrival: number) => boolean,
): Promise<RowWrite[]> {
	const writes: RowWrite[] = [];
	for await (const batch of rows.scan(rowRange(rowKinds.snapshot, uint32(document)))) {
		for (const [key, value] of batch) {
			const arrival = lastUint48(key);
			if (kept(arrival)) continue;
			writes.push(
				{ type: "del", key },
				{ type: "put", key: keyOf(document, arrival, rowKinds.earlierSnapshot), value },
			);
		}
	}
	return writes;
}

export function putSnapshot(document: number, row: SnapshotRow, version: string): RowWrite {
	const key = keyOf(document, row.arrival, rowKinds.snapshot);
	if (row.kind === "aside") return { type: "put", key, value: encodeCbor([version]) };
	const { upTo, uncovered, kept, heads, changes, bytes, createdAt } = row;
	const headItems = heads.map(([change, arrival]) => [fromHex(change, 32), arrival]);
	const value = encodeCbor([version, upTo, uncovered, kept, headItems, changes, bytes, createdAt]);
	return { type: "put", key, value };
}

function keyOf(document: number, arrival: number, kind: SnapshotRowKind): Uint8Array {
	return concatBytes(Uint8Array.of(kind), uint32(document), uint48(arrival));
}

function decodeSnapshotRow(arrival: number, value: Uint8Array, version: string): SnapshotRow | undefined {
	const items = decodeCbor(value);
	if (!Array.isArray(items)) throw new FormatError("snapshot row: expected an array");
	if (items[0] !== version) return undefined;
	if (items.length === 1) return { kind: "aside", arrival };
	const [, upTo, uncovered, kept, heads, changes, bytes, createdAt] = items as CborValue[];
	return {
		kind: "counted",
		arrival,
		upTo: upTo as number,
		uncovered: uncovered as number[],
		kept: kept as number[],
		heads: (heads as [Uint8Array, number][]).map(([change, entry]) => [toHex(change), entry] as const),
		changes: changes as number,
		bytes: bytes as number,
		createdAt: createdAt as number,
	};
}
