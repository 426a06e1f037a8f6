import { expect, test } from "vitest";
import { stringify } from "../text/stringify.js";
import {
	chunkSize,
	decodeChunk,
	decodeConversation,
	decodeRoot,
	encodeChunk,
	encodeConversation,
} from "./containers.js";
import { checkEnvelope, type Envelope, storedEnvelope } from "./envelope.js";

const envelope = (timestamp: number, message = "text"): Envelope => ({ message: { message, metadata: { timestamp } } });

test("what is written is read again, and measured", () => {
	const messages = [envelope(1), envelope(1, "ä🚀"), envelope(7)].map(storedEnvelope);
	const text = encodeChunk(messages);
	expect(text).toBe(stringify({ messages: messages.map((message) => message.envelope) }));
	expect(decodeChunk(text, { id: 3, timestamp: 1 })).toEqual(messages.map((message) => message.envelope));
	for (let count = 0; count <= 3; count++) {
		expect(chunkSize(messages.slice(0, count))).toBe(Buffer.byteLength(encodeChunk(messages.slice(0, count))));
	}
	expect(encodeConversation([{ id: 1, timestamp: 2, extra: 3 } as never])).toBe('{"chunks":[{"id":1,"timestamp":2}]}');
	expect(decodeConversation('{"chunks":[{"id":1,"timestamp":2,"extra":3}],"key":"0x"}')).toEqual([
		{ id: 1, timestamp: 2 },
	]);
});

test("what no writer writes is refused", () => {
	const conversation = (...chunks: unknown[]) => JSON.stringify({ chunks });
	const chunk = (...messages: unknown[]) => JSON.stringify({ messages });
	for (const read of [
		...["", "[]", "{}", '{"conversations":{}}', '{"conversations":[1]}', '{"conversations":["a","a"]}'].map(
			(text) => () => decodeRoot(text),
		),
		...[
			"x",
			'{"chunks":7}',
			conversation(),
			conversation(1),
			conversation({ id: 0 }),
			conversation({ id: -1, timestamp: 1 }),
			conversation({ id: 2 ** 53 - 1, timestamp: 1 }),
			conversation({ id: 0, timestamp: 1.5 }),
			conversation({ id: 0, timestamp: 2 }, { id: 1, timestamp: 1 }),
			conversation({ id: 0, timestamp: 1 }, { id: 0, timestamp: 2 }),
		].map((text) => () => decodeConversation(text)),
		...[
			"null",
			chunk(),
			chunk(1),
			chunk({}),
			chunk(envelope(2)),
			chunk(envelope(1), envelope(3), envelope(2)),
			chunk({ message: { metadata: { timestamp: "1" } } }),
		].map((text) => () => decodeChunk(text, { id: 0, timestamp: 1 })),
	]) {
		expect(read).toThrow(expect.objectContaining({ name: "Dm3Error", code: "container" }));
	}
});

test("an envelope needs nothing but its time", () => {
	expect(checkEnvelope({ message: { metadata: { timestamp: 0 } } })).toBeDefined();
	for (const timestamp of [-1, 1.5, 2 ** 53, "1", null, undefined]) {
		expect(() => checkEnvelope({ message: { metadata: { timestamp } } })).toThrow(
			expect.objectContaining({ code: "envelope" }),
		);
	}
	for (const value of [null, [], "x", {}, { message: "encrypted", metadata: { timestamp: 1 } }]) {
		expect(() => checkEnvelope(value)).toThrow(expect.objectContaining({ code: "envelope" }));
	}
});
