/**
 * The three containers before encryption (specification, "Root Container" and what follows). Each is the `stringify` of
 *
 * | container    | object                                                | rules                                             |
 * |--------------|-------------------------------------------------------|---------------------------------------------------|
 * | root         | { conversations: names }                              | no name twice; in the order of first use          |
 * | conversation | { chunks: [{ id, timestamp }, …] }                    | not empty; sorted by time; no id twice            |
 * | chunk        | { messages: [envelope, …] }                           | not empty; sorted by time; the first one's time   |
 * |              |                                                       | is that of the identifier which led here          |
 *
 * Further fields of a container or an identifier are read past, and gone when it is written again.
 */

import { Dm3Error } from "../dm3-error.js";
import type { ChunkIdentifier } from "../keys/container-keys.js";
import { isCount, isObject, parseObject } from "../text/json-object.js";
import { stringify } from "../text/stringify.js";
import { checkEnvelope, type Envelope, type StoredEnvelope } from "./envelope.js";

export function encodeRoot(conversations: readonly string[]): string {
	return stringify({ conversations });
}

/** @throws {Dm3Error} `container` */
export function decodeRoot(text: string): string[] {
	const names = listOf(text, "conversations");
	if (!names.every((name) => typeof name === "string") || new Set(names).size < names.length) {
		throw new Dm3Error("container", "root: expected different names", { field: "conversations" });
	}
	return names as string[];
}

export function encodeConversation(chunks: readonly ChunkIdentifier[]): string {
	return stringify({ chunks: chunks.map(({ id, timestamp }) => ({ id, timestamp })) });
}

/** Ids grow by one: from here on, further ones would be no safe integers some day. */
const highest = 2 ** 52;

/** @throws {Dm3Error} `container` */
export function decodeConversation(text: string): ChunkIdentifier[] {
	const chunks = listOf(text, "chunks").map((value) => {
		if (isObject(value) && isCount(value.id) && value.id <= highest && isCount(value.timestamp)) {
			return { id: value.id, timestamp: value.timestamp };
		}
		throw new Dm3Error("container", "conversation: expected id and timestamp as whole numbers", { field: "chunks" });
	});
	demandSomething(chunks, "chunks");
	demandSorted(chunks, "chunks");
	if (new Set(chunks.map(({ id }) => id)).size < chunks.length) {
		throw new Dm3Error("container", "conversation: an id stands there twice", { field: "chunks" });
	}
	return chunks;
}

/** Bytes of a chunk container with nothing in it. */
const emptyChunk = encodeChunk([]).length;

export function encodeChunk(messages: readonly Pick<StoredEnvelope, "text">[]): string {
	// The texts are those of `stringify` already.
	return `{"messages":[${messages.map(({ text }) => text).join(",")}]}`;
}

/** UTF-8 bytes of the container with these messages; limits on chunks count these, before padding and encryption. */
export function chunkSize(messages: readonly Pick<StoredEnvelope, "size">[]): number {
	return messages.reduce((sum, { size }) => sum + size + 1, emptyChunk) - Math.min(1, messages.length);
}

/** @param identifier what led here. @throws {Dm3Error} `container` */
export function decodeChunk(text: string, identifier: ChunkIdentifier): Envelope[] {
	const messages = listOf(text, "messages").map((value) => checkEnvelope(value, "container"));
	const times = messages.map(({ message }) => message.metadata);
	demandSomething(times, "messages");
	demandSorted(times, "messages");
	if (times[0]?.timestamp !== identifier.timestamp) {
		throw new Dm3Error("container", "chunk: its first message has not the time of its identifier", {
			field: "messages",
		});
	}
	return messages;
}

function listOf(text: string, field: string): readonly unknown[] {
	const list = parseObject(text, "container")[field];
	if (Array.isArray(list)) return list;
	throw new Dm3Error("container", `expected a list of ${field}`, { field });
}

function demandSomething(list: readonly unknown[], field: string): void {
	if (list.length === 0) throw new Dm3Error("container", `expected ${field}, found none`, { field });
}

function demandSorted(list: readonly { readonly timestamp: number }[], field: string): void {
	if (list.some(({ timestamp }, at) => timestamp < (list[at - 1]?.timestamp ?? 0))) {
		throw new Dm3Error("container", `expected ${field} sorted by time`, { field });
	}
}
