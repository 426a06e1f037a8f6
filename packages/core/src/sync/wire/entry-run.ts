/**
 * Entries on the wire: what the receiver can derive is not sent.
 *
 * | bytes  | meaning                                                                          |
 * |--------|----------------------------------------------------------------------------------|
 * | varies | number of entries, at most 4,096                                                 |
 * | varies | for each entry 1 and the length of its payload, or 0 where that does not go along |
 * | varies | these payloads                                                                   |
 * | varies | for each entry a row, see run-row.ts                                             |
 *
 * Numbers are unsigned LEB128. The receiver hashes payloads, rebuilds each header from its row and computes the address. Whether that
 * is the address of an entry which its author signed, the chain and the signatures tell: a run is only a way of writing.
 *
 * Which payloads go along is the sender's choice. For one of more than 64 KiB the entry stands here without it, and the message around
 * the run announces that it comes as Chunks.
 */
import { equalBytes } from "../../bytes/compare.js";
import { concatBytes } from "../../bytes/concat.js";
import { toHex } from "../../bytes/hex.js";
import type { Crypto } from "../../crypto/crypto.js";
import type { StoredEntry } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";
import { Packer, Unpacker } from "../../store/packing.js";
import { RowsPacker } from "./pack-rows.js";
import type { RunPayload } from "./run-row.js";
import { RowsUnpacker } from "./unpack-rows.js";

/** Entries of one run. */
export const mostEntries = 4096;
/** Bytes of all headers of a run: rows that name what came before unfold to many times their bytes. */
export const mostHeaderBytes = 8 * 1024 * 1024;

/**
 * @param entries whose headers have at most `mostHeaderBytes` together.
 * @throws {FormatError} `limit`
 */
export async function packRun(crypto: Crypto, entries: readonly StoredEntry[]): Promise<Uint8Array> {
	checkCount(entries.length);
	let headerBytes = 0;
	for (const entry of entries) headerBytes = addHeader(headerBytes, entry);
	const bytes = entries.flatMap((entry) => (payloadOf(entry) === undefined ? [] : [payloadOf(entry) as Uint8Array]));
	const payloads = await hashPayloads(crypto, bytes);
	return joinRun(entries, payloads);
}

/**
 * Computes addresses; signatures, and whether a payload left out is the announced one, are the receiver's to check.
 * @throws {FormatError} when `packRun` would not have written these bytes.
 */
export async function unpackRun(crypto: Crypto, bytes: Uint8Array): Promise<StoredEntry[]> {
	const unpacker = new Unpacker(bytes);
	const count = unpacker.uint();
	checkCount(count);
	const lengths = Array.from({ length: count }, () => unpacker.uint());
	const present = lengths.filter((length) => length > 0).map((length) => unpacker.raw(length - 1));
	const payloads = await hashPayloads(crypto, present);
	const rows = new RowsUnpacker(crypto, unpacker);
	const entries: StoredEntry[] = [];
	let next = 0;
	let headerBytes = 0;
	for (const length of lengths) {
		const entry = await rows.next(length === 0 ? undefined : payloads[next++]);
		headerBytes = addHeader(headerBytes, entry);
		entries.push(entry);
	}
	// Covers whatever can be written in two ways, and bytes behind the last row.
	if (!equalBytes(joinRun(entries, payloads), bytes)) throw new FormatError("run: expected its shortest form");
	return entries;
}

/** @param payloads of the entries that have one, in their order. */
function joinRun(entries: readonly StoredEntry[], payloads: readonly RunPayload[]): Uint8Array {
	const lengths = new Packer().uint(entries.length);
	const rows = new RowsPacker();
	let next = 0;
	for (const entry of entries) {
		const payload = payloadOf(entry) === undefined ? undefined : payloads[next++];
		lengths.uint(payload === undefined ? 0 : payload.bytes.length + 1);
		rows.add(entry, payload);
	}
	return concatBytes(lengths.finish(), ...payloads.map((payload) => payload.bytes), rows.finish());
}

function payloadOf(entry: StoredEntry): Uint8Array | undefined {
	return entry.kind === "stub" ? undefined : entry.payload;
}

async function hashPayloads(crypto: Crypto, payloads: readonly Uint8Array[]): Promise<RunPayload[]> {
	const hashes = await crypto.sha256Many(payloads);
	return payloads.map((bytes, index) => ({ bytes, contentHash: toHex(hashes[index] as Uint8Array) }));
}

function checkCount(count: number): void {
	if (count <= mostEntries) return;
	throw new FormatError(`run: expected at most ${mostEntries} entries, found ${count}`, {
		code: "limit",
		expected: mostEntries,
		found: count,
	});
}

function addHeader(bytes: number, entry: StoredEntry): number {
	const sum = bytes + (entry.kind === "stub" ? 0 : entry.header.length);
	if (sum <= mostHeaderBytes) return sum;
	throw new FormatError(`run: expected at most ${mostHeaderBytes} bytes of headers`, {
		code: "limit",
		expected: mostHeaderBytes,
	});
}
