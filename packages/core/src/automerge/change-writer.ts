import { fromHex } from "../bytes/hex.js";
import { hashedFrom, magic, plainType } from "./change-head.js";
import { ByteWriter, unsignedSize } from "./leb128.js";
import type { OperationWriter } from "./operation-writer.js";

/** What stands before the operations of a change; time is 0, there is no message. See `change-head.ts` for the layout. */
export interface WrittenHead {
	/** Sorted hex. */
	readonly deps: readonly string[];
	/** Hex. */
	readonly actor: string;
	readonly seq: number;
	/** Sorted hex; those that an operation names. */
	readonly otherActors: readonly string[];
}

/** A chunk of type 1, canonical but for its checksum, which is zero: see `setChecksum`. */
export function writeChange(head: WrittenHead, operations: OperationWriter): Uint8Array {
	const parts = operations.finish();
	const contents = new ByteWriter(256);
	contents.unsigned(head.deps.length);
	for (const dep of head.deps) contents.append(fromHex(dep));
	appendActor(contents, head.actor);
	contents.unsigned(head.seq);
	contents.unsigned(operations.startOp);
	contents.byte(0); // time
	contents.byte(0); // message
	contents.unsigned(head.otherActors.length);
	for (const actor of head.otherActors) appendActor(contents, actor);
	contents.byte(parts.length);
	for (const [column, bytes] of parts) {
		contents.unsigned(column);
		contents.unsigned(bytes.length);
	}
	for (const [, bytes] of parts) contents.appendAll(bytes);
	const chunk = new ByteWriter(hashedFrom + 1 + unsignedSize(contents.length) + contents.length);
	for (const byte of magic) chunk.byte(byte);
	for (let i = 0; i < 4; i++) chunk.byte(0);
	chunk.byte(plainType);
	chunk.unsigned(contents.length);
	chunk.append(contents.view());
	return chunk.take();
}

/** @param hash SHA-256 of the chunk from its type on. */
export function setChecksum(chunk: Uint8Array, hash: Uint8Array): void {
	for (let i = 0; i < 4; i++) chunk[magic.length + i] = hash[i] as number;
}

function appendActor(contents: ByteWriter, actor: string): void {
	const bytes = fromHex(actor);
	contents.unsigned(bytes.length);
	contents.append(bytes);
}
