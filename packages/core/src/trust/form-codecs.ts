/**
 * The fields of directory forms whose value is CBOR inside Automerge bytes.
 *
 * | field    | CBOR                                                | forms                     |
 * |----------|-----------------------------------------------------|---------------------------|
 * | accepted | map dbId → array of [from or null, to]              | revokeaccess, adminrevoke |
 * | wraps    | array of [SHA-256(SPKI), wrap], sorted, distinct    | keyrelease                |
 * | entries  | array of hashes                                     | acceptentries             |
 * | runs     | array of [from or null, to]                         | acceptentries             |
 *
 * Hashes are 32-byte strings. A document whose field does not decode does not count, so the limits are part of the format.
 * Source: docs/trust.md, "The directory".
 */
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { FormatError } from "../errors.js";

/** Most elements of one field; who has more writes several documents. */
export const formLimits = {
	databases: 65_536,
	/** Runs of all databases of one revocation together, and of one pardon. */
	runs: 262_144,
	entries: 262_144,
	wraps: 65_536,
	wrapBytes: 1_024,
	encryptionKeyBytes: 8_192,
	addresses: 64,
	fieldBytes: 16 * 1024 * 1024,
} as const;

/** A piece of an author's chain: `to` and its predecessors back to, but without, `from`; to the beginning without `from`. */
export interface ChainRun {
	/** 64 hex digits. */
	readonly from: string | undefined;
	readonly to: string;
}

/** A key version, encrypted for one receiver. */
export interface KeyWrap {
	/** SHA-256 of the receiver's SPKI DER key, 64 hex digits. */
	readonly receiver: string;
	/** RSA-OAEP ciphertext. */
	readonly wrap: Uint8Array;
}

export type AcceptedRuns = ReadonlyMap<string, readonly ChainRun[]>;

export function encodeAccepted(accepted: AcceptedRuns): Uint8Array {
	return encodeCbor(new Map([...accepted].map(([dbId, runs]) => [dbId, runValues(runs)] as const)));
}

/** @throws {FormatError} */
export function decodeAccepted(bytes: Uint8Array): AcceptedRuns {
	const value = decodeField(bytes, "accepted");
	if (!(value instanceof Map)) throw expected("accepted", "a map");
	if (value.size > formLimits.databases) throw tooMany("accepted", formLimits.databases, value.size);
	const accepted = new Map<string, readonly ChainRun[]>();
	let total = 0;
	for (const [dbId, runs] of value) {
		if (typeof dbId !== "string") throw expected("accepted", "database ids as map keys");
		const decoded = runsOf(runs, "accepted");
		total += decoded.length;
		if (total > formLimits.runs) throw tooMany("accepted", formLimits.runs, total);
		accepted.set(dbId, decoded);
	}
	return accepted;
}

export function encodeRuns(runs: readonly ChainRun[]): Uint8Array {
	return encodeCbor(runValues(runs));
}

/** @throws {FormatError} */
export function decodeRuns(bytes: Uint8Array): readonly ChainRun[] {
	return runsOf(decodeField(bytes, "runs"), "runs");
}

/** @param entries entry hashes, hex. */
export function encodeEntries(entries: readonly string[]): Uint8Array {
	return encodeCbor(entries.map((hash) => fromHex(hash, 32)));
}

/** @throws {FormatError} */
export function decodeEntries(bytes: Uint8Array): readonly string[] {
	return listOf(decodeField(bytes, "entries"), "entries", formLimits.entries).map((item) => hashOf(item, "entries"));
}

/** Sorts by receiver. @throws {FormatError} when a receiver stands twice. */
export function encodeWraps(wraps: readonly KeyWrap[]): Uint8Array {
	const sorted = [...wraps].sort((a, b) => (a.receiver < b.receiver ? -1 : 1));
	checkAscending(sorted);
	return encodeCbor(sorted.map(({ receiver, wrap }) => [fromHex(receiver, 32), wrap]));
}

/** @throws {FormatError} */
export function decodeWraps(bytes: Uint8Array): readonly KeyWrap[] {
	const wraps = listOf(decodeField(bytes, "wraps"), "wraps", formLimits.wraps).map((item) => {
		const [receiver, wrap] = pairOf(item, "wraps");
		if (!(wrap instanceof Uint8Array) || wrap.length === 0 || wrap.length > formLimits.wrapBytes) {
			throw expected("wraps", `a wrap of 1 to ${formLimits.wrapBytes} bytes`);
		}
		return { receiver: hashOf(receiver, "wraps"), wrap };
	});
	checkAscending(wraps);
	return wraps;
}

function checkAscending(wraps: readonly KeyWrap[]): void {
	for (let i = 1; i < wraps.length; i++) {
		if ((wraps[i - 1] as KeyWrap).receiver >= (wraps[i] as KeyWrap).receiver) {
			throw expected("wraps", "receivers in ascending order, each once");
		}
	}
}

function runValues(runs: readonly ChainRun[]): CborValue[] {
	return runs.map(({ from, to }) => [from === undefined ? null : fromHex(from, 32), fromHex(to, 32)]);
}

function runsOf(value: CborValue, field: string): readonly ChainRun[] {
	return listOf(value, field, formLimits.runs).map((item) => {
		const [from, to] = pairOf(item, field);
		return { from: from === null ? undefined : hashOf(from, field), to: hashOf(to, field) };
	});
}

function decodeField(bytes: Uint8Array, field: string): CborValue {
	if (bytes.length > formLimits.fieldBytes) throw tooMany(field, formLimits.fieldBytes, bytes.length);
	return decodeCbor(bytes);
}

function listOf(value: CborValue, field: string, most: number): readonly CborValue[] {
	if (!Array.isArray(value)) throw expected(field, "an array");
	if (value.length > most) throw tooMany(field, most, value.length);
	return value as readonly CborValue[];
}

function pairOf(value: CborValue, field: string): readonly [CborValue, CborValue] {
	if (!Array.isArray(value) || value.length !== 2) throw expected(field, "pairs");
	return value as unknown as readonly [CborValue, CborValue];
}

function hashOf(value: CborValue, field: string): string {
	if (!(value instanceof Uint8Array) || value.length !== 32) throw expected(field, "hashes of 32 bytes");
	return toHex(value);
}

function expected(field: string, what: string): FormatError {
	return new FormatError(`directory form: ${field}: expected ${what}`, { field });
}

function tooMany(field: string, most: number, found: number): FormatError {
	return new FormatError(`directory form: ${field} is larger than allowed`, {
		code: "limit",
		field,
		expected: most,
		found,
	});
}
