import { equalBytes } from "../bytes/compare.js";
import { concatBytes } from "../bytes/concat.js";
import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";
import { deflatedType, hashedFrom, plainType, readFrame, readHead } from "./change-head.js";
import { type Allowance, readOperations, wholeAllowance } from "./change-operations.js";
import { ByteReader, ByteWriter } from "./leb128.js";

/** An Automerge change whose bytes are canonical: rules (a) and (d) of docs/entry-format.md hold. */
export interface DecodedChange {
	/** The chunk, type 1. */
	readonly bytes: Uint8Array;
	/** Hex. */
	readonly hash: string;
	/** Sorted hex. */
	readonly deps: readonly string[];
	/** Hex. */
	readonly actor: string;
	readonly seq: number;
	/** Counter of the first operation. */
	readonly startOp: number;
	/** How many; 0 for a change that only joins heads. */
	readonly operations: number;
	/** Seconds. */
	readonly time: number;
	/** Whether there is one. */
	readonly message: boolean;
}

/**
 * Reads the change chunks of a run: type 1, as Automerge gives them after a commit. Taken is only what Automerge would write,
 * byte for byte, checksum included; Automerge itself takes more, a wrong checksum among it.
 * @throws {FormatError} code `limit` for too many operations, of one or of all together; `offset` counts from the contents.
 */
export async function decodeChanges(
	crypto: Pick<Crypto, "sha256Many">,
	chunks: readonly Uint8Array[],
): Promise<DecodedChange[]> {
	const hashes = await crypto.sha256Many(chunks.map((chunk) => chunk.subarray(hashedFrom)));
	const allowance = wholeAllowance();
	return chunks.map((chunk, i) => readChange(chunk, hashes[i] as Uint8Array, allowance));
}

/** The single form of `decodeChanges`. @throws {FormatError} */
export async function decodeChange(crypto: Pick<Crypto, "sha256Many">, chunk: Uint8Array): Promise<DecodedChange> {
	return (await decodeChanges(crypto, [chunk]))[0] as DecodedChange;
}

/**
 * Turns a chunk of type 2, whose contents are deflated, into the chunk of type 1 with the same hash. Others come back as they are.
 * Runs hold type 1 only; type 2 is found in files of other programs.
 * @throws {FormatError} when it unfolds to more than `limits.plaintextBytes`.
 */
export async function inflateChange(crypto: Pick<Crypto, "inflateAtMost">, chunk: Uint8Array): Promise<Uint8Array> {
	const frame = readFrame(chunk);
	if (frame.type !== deflatedType) return chunk;
	const contents = await crypto.inflateAtMost(frame.contents, limits.plaintextBytes);
	if (contents === undefined) {
		throw new FormatError("change: expected DEFLATE data within the limit", { expected: limits.plaintextBytes });
	}
	const front = new ByteWriter(16);
	front.byte(plainType);
	front.unsigned(contents.length);
	return concatBytes(chunk.subarray(0, hashedFrom), front.view(), contents);
}

/** @param hash SHA-256 of the chunk from its type on. */
function readChange(chunk: Uint8Array, hash: Uint8Array, allowance: Allowance): DecodedChange {
	const frame = readFrame(chunk);
	if (frame.type !== plainType) throw new FormatError("change: expected type 1", { field: "type", found: frame.type });
	if (!equalBytes(frame.checksum, hash.subarray(0, 4))) throw new FormatError("change: the checksum does not fit");
	const reader = new ByteReader(frame.contents);
	const head = readHead(reader);
	const { count } = readOperations(reader, head, allowance);
	const { deps, actor, seq, startOp, time } = head;
	return {
		bytes: chunk,
		hash: toHex(hash),
		deps,
		actor,
		seq,
		startOp,
		operations: count,
		time,
		message: head.messageLength > 0,
	};
}
