/**
 * Where containers are kept (specification, "Architecture"):
 *
 * | container    | key                                                       |
 * |--------------|-----------------------------------------------------------|
 * | root         | sha256(signature of the user's own name)                  |
 * | conversation | sha256(root key + contact)                                |
 * | chunk        | sha256(conversation key + stringify({ id, timestamp }))   |
 *
 * `+` joins texts, "0x" included. Names count as they are given: nothing is normalised here.
 */
import { sha256Text } from "../text/sha256-text.js";
import { stringify } from "../text/stringify.js";

/** Names a chunk of a conversation. */
export interface ChunkIdentifier {
	/** From 0; given once in a conversation and never renumbered. */
	readonly id: number;
	/** Milliseconds since 1970 of the chunk's first message. */
	readonly timestamp: number;
}

/** @param signature base64 text of the Ed25519 signature over the user's own ENS name. */
export function rootKey(signature: string): string {
	return sha256Text(signature);
}

export function conversationKey(root: string, contact: string): string {
	return sha256Text(root + contact);
}

export function chunkKey(conversation: string, { id, timestamp }: ChunkIdentifier): string {
	return sha256Text(conversation + stringify({ id, timestamp }));
}

/** @returns -1 for no chunks. */
export function highestId(chunks: readonly ChunkIdentifier[]): number {
	return chunks.reduce((highest, { id }) => Math.max(highest, id), -1);
}
