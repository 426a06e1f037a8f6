import { Dm3Error } from "../dm3-error.js";
import { chunkSize } from "./containers.js";
import type { StoredEnvelope } from "./envelope.js";

/** Default of the largest chunk in bytes. The specification advises 500 kB to 10 MB, and at least the largest message. */
export const defaultMaxChunkSize = 1_000_000;

/** Above this (the specification advises 10 MB, and dm3's largest message is below 20 MB), the encrypted value would be longer than what is read. */
export const mostMaxChunkSize = 25_000_000;

/** @throws {Dm3Error} `argument` */
export function checkMaxChunkSize(maxChunkSize: number): number {
	if (Number.isSafeInteger(maxChunkSize) && maxChunkSize > 0 && maxChunkSize <= mostMaxChunkSize) return maxChunkSize;
	const data = { expected: mostMaxChunkSize, found: maxChunkSize };
	throw new Dm3Error("argument", `maxChunkSize: expected a whole number from 1 to ${mostMaxChunkSize}`, data);
}

/** Inserts by time, behind those of the same time. */
export function insertByTime(messages: readonly StoredEnvelope[], message: StoredEnvelope): StoredEnvelope[] {
	const at = messages.findLastIndex(({ timestamp }) => timestamp <= message.timestamp) + 1;
	return messages.toSpliced(at, 0, message);
}

/**
 * The longest groups, from the front, that fit into chunks.
 * @param maxChunkSize bytes of the container's text; exactly as many still fit.
 */
export function splitBySize<Message extends Pick<StoredEnvelope, "size">>(
	messages: readonly Message[],
	maxChunkSize: number,
): Message[][] {
	if (messages.length > 0 && chunkSize(messages) <= maxChunkSize) return [[...messages]];
	const groups: Message[][] = [];
	let size = Number.POSITIVE_INFINITY;
	for (const message of messages) {
		// A comma stands between two messages.
		size += 1 + message.size;
		if (size > maxChunkSize) {
			groups.push([]);
			size = chunkSize([message]);
		}
		groups.at(-1)?.push(message);
	}
	return groups;
}

/** @throws {Dm3Error} `too-large` when it does not even fit into a chunk of its own. */
export function demandFit(message: Pick<StoredEnvelope, "size">, maxChunkSize: number): void {
	const size = chunkSize([message]);
	if (size <= maxChunkSize) return;
	const data = { expected: maxChunkSize, found: size };
	throw new Dm3Error("too-large", "the message does not fit into a chunk of its own", data);
}
