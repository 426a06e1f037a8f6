/**
 * The front of an Automerge change chunk.
 *
 * | offset | size        | meaning                                                        |
 * |--------|-------------|----------------------------------------------------------------|
 * | 0      | 4           | 85 6f 4a 83                                                    |
 * | 4      | 4           | checksum: first four bytes of the change's hash                |
 * | 8      | 1           | 1 change, 2 change whose contents are raw DEFLATE              |
 * | 9      | uLEB        | bytes of contents, which follow                                |
 *
 * Contents of type 1: number of dependencies (uLEB), 32 bytes each, sorted; actor (length uLEB, bytes); seq, startOp (uLEB);
 * time (LEB, seconds); message (length uLEB, UTF-8); number of other actors (uLEB), each as the actor; number of columns
 * (uLEB), each specification and length (uLEB); the columns' data; extra bytes.
 *
 * The hash is SHA-256 over type 01 ‖ length ‖ contents, also where the chunk is deflated.
 *
 * Source: automerge.org/automerge-binary-format-spec, "Change Chunk".
 */
import { toHex } from "../bytes/hex.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";
import { ByteReader } from "./leb128.js";

/** Offset of the part that is hashed. */
export const hashedFrom = 8;
export const magic: readonly number[] = [0x85, 0x6f, 0x4a, 0x83];
export const plainType = 1;
export const deflatedType = 2;

export interface ChangeHead {
	/** Sorted hex. */
	readonly deps: readonly string[];
	/** Hex. */
	readonly actor: string;
	readonly seq: number;
	/** Counter of the first operation. */
	readonly startOp: number;
	/** Seconds. */
	readonly time: number;
	/** Bytes of the message. */
	readonly messageLength: number;
}

export interface ChunkFrame {
	readonly type: number;
	readonly checksum: Uint8Array;
	/** View of the contents. */
	readonly contents: Uint8Array;
}

/** Reads magic, checksum, type and length, and demands that the contents end with the bytes. @throws {FormatError} */
export function readFrame(chunk: Uint8Array): ChunkFrame {
	const reader = new ByteReader(chunk);
	for (const expected of magic) {
		if (reader.byte() !== expected) throw new FormatError("change: expected the bytes 85 6f 4a 83", { offset: 0 });
	}
	const checksum = reader.view(4);
	const type = reader.byte();
	const length = reader.unsigned(limits.plaintextBytes);
	const contents = reader.view(length);
	if (!reader.done) throw reader.error("expected nothing behind the contents");
	return { type, checksum, contents };
}

/** Reads up to the message; `reader` stands at the contents of a chunk of type 1. @throws {FormatError} */
export function readHead(reader: ByteReader): ChangeHead {
	const count = reader.unsigned();
	if (count > (reader.end - reader.offset) / 32) throw reader.error("found more dependencies than bytes");
	const deps: string[] = [];
	for (let i = 0; i < count; i++) {
		const dep = toHex(reader.view(32));
		if (i > 0 && (deps[i - 1] as string) >= dep) throw reader.error("expected sorted, distinct dependencies");
		deps.push(dep);
	}
	const actor = toHex(reader.view(reader.unsigned(limits.idBytes)));
	const seq = reader.unsigned();
	const startOp = reader.unsigned();
	const time = reader.signed();
	const messageLength = reader.unsigned();
	reader.view(messageLength);
	return { deps, actor, seq, startOp, time, messageLength };
}

/** Head of a chunk of type 1, without looking at checksum and operations: for chunks that were just made here. */
export function headOf(chunk: Uint8Array): ChangeHead {
	const frame = readFrame(chunk);
	if (frame.type !== plainType) throw new FormatError("change: expected type 1", { expected: 1, found: frame.type });
	return readHead(new ByteReader(frame.contents));
}
