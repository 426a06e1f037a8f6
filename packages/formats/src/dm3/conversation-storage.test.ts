import { expect, test } from "vitest";
import { nodeAead } from "../node/aead.js";
import { nodeRandom } from "../node/random.js";
import { type Envelope, messageHash } from "./containers/envelope.js";
import { ConversationStorage, type ConversationStorageOptions } from "./conversation-storage.js";
import { encryptText } from "./encryption/encrypted-text.js";
import { conversationKey, rootKey } from "./keys/container-keys.js";
import { MemoryContainerStore } from "./stores/container-store.js";

const crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };
const keys = { storageKey: nodeRandom.randomBytes(32), signature: "signature" };
const envelope = (timestamp: number, message: string, postmark?: string): Envelope => ({
	message: { message, metadata: { timestamp } },
	...(postmark === undefined ? {} : { postmark }),
});

function open(store = new MemoryContainerStore(), options: Partial<ConversationStorageOptions> = {}) {
	return new ConversationStorage({ store, keys, crypto, ...options });
}

async function texts(storage: ConversationStorage, contact: string) {
	const readings = await storage.readConversation(contact);
	return readings.map((reading) => reading.messages?.map(({ message }) => message.message) ?? reading.error?.code);
}

/** A container with two messages of one digit, and nothing more. */
const two = JSON.stringify({ messages: [envelope(1, "1"), envelope(2, "2")] }).length;

test("a new account is empty, and reading makes nothing", async () => {
	const store = new MemoryContainerStore();
	const storage = open(store);
	expect(await storage.listConversations()).toEqual([]);
	expect(await storage.listChunks("bob.eth")).toEqual([]);
	expect(await storage.readConversation("bob.eth")).toEqual([]);
	expect(await storage.delete("bob.eth", "0x")).toBe(false);
	expect(await storage.exportRecord()).toBe("{}");
	expect(store.values.size).toBe(0);
});

test("envelopes come back as they were given, whatever is in them", async () => {
	const given = JSON.parse(
		'{"message":{"metadata":{"timestamp":5,"type":"READ_OPENED"},"message":"\u2028\\ud800"},"__proto__":{"a":1},"postmark":{"incommingTimestamp":6}}',
	) as Envelope;
	const storage = open();
	await storage.append("0", { ...given, dropped: undefined });
	expect(await storage.readChunk("0", { id: 0, timestamp: 5 })).toEqual([given]);
});

test("appends at the same moment all arrive, one after the other", async () => {
	const storage = open(undefined, { maxChunkSize: two });
	await Promise.all(Array.from({ length: 9 }, (_, at) => storage.append("bob.eth", envelope(9, String(at)))));
	expect((await texts(storage, "bob.eth")).flat()).toEqual([..."012345678"]);
	expect(await storage.listChunks("bob.eth")).toHaveLength(5);
});

test("a late message splits a chunk, and what moved gets the next id", async () => {
	const storage = open(undefined, { maxChunkSize: two });
	for (const time of [2, 4, 6, 8]) await storage.append("bob.eth", envelope(time, String(time)));
	await storage.append("bob.eth", envelope(3, "3"));
	expect(await texts(storage, "bob.eth")).toEqual([["2", "3"], ["4"], ["6", "8"]]);
	expect(await storage.listChunks("bob.eth")).toEqual([
		{ id: 0, timestamp: 2 },
		{ id: 2, timestamp: 4 },
		{ id: 1, timestamp: 6 },
	]);
	await storage.append("bob.eth", envelope(1, "1"));
	expect(await texts(storage, "bob.eth")).toEqual([["1", "2"], ["3"], ["4"], ["6", "8"]]);
});

test("deleting names a chunk anew, drops an empty one, and ends an empty conversation", async () => {
	const store = new MemoryContainerStore();
	const storage = open(store, { maxChunkSize: two });
	const messages = [1, 2, 3].map((time) => envelope(time, String(time)));
	await storage.appendMany("bob.eth", messages);
	await storage.append("max.eth", envelope(1, "1"));
	const [first, second, third] = messages.map(messageHash) as [string, string, string];
	expect(await storage.delete("bob.eth", first)).toBe(true);
	expect(await storage.delete("bob.eth", first)).toBe(false);
	expect(await storage.listChunks("bob.eth")).toEqual([
		{ id: 0, timestamp: 2 },
		{ id: 1, timestamp: 3 },
	]);
	await storage.delete("bob.eth", second);
	expect(await storage.listChunks("bob.eth")).toEqual([{ id: 1, timestamp: 3 }]);
	await storage.delete("bob.eth", third);
	expect(await storage.listConversations()).toEqual(["max.eth"]);
	expect(store.values.size).toBe(3);
});

test("editing replaces a message and its copies, in place or at another time", async () => {
	const storage = open(undefined, { maxChunkSize: two });
	const old = envelope(2, "2");
	await storage.appendMany("bob.eth", [envelope(1, "1"), old, { ...old, copy: 1 }, envelope(3, "3")]);
	expect(await storage.edit("bob.eth", messageHash(old), envelope(2, "edited"))).toBe(true);
	expect((await texts(storage, "bob.eth")).flat()).toEqual(["1", "edited", "edited", "3"]);
	expect(await storage.edit("bob.eth", messageHash(envelope(1, "1")), envelope(9, "moved"))).toBe(true);
	expect((await texts(storage, "bob.eth")).flat()).toEqual(["edited", "edited", "3", "moved"]);
	expect(await storage.edit("bob.eth", messageHash(old), envelope(9, "moved"))).toBe(false);
	await expect(storage.edit("bob.eth", messageHash(old), envelope(2, "x".repeat(two)))).rejects.toMatchObject({
		code: "too-large",
	});
});

test("only with dedupe a message is passed over that is there", async () => {
	const store = new MemoryContainerStore();
	const first = envelope(5, "a", "first");
	const second = envelope(5, "a", "second");
	expect(await open(store).appendMany("bob.eth", [first, second, envelope(5, "b")])).toBe(3);
	expect(await open(store, { dedupe: true }).appendMany("bob.eth", [second, envelope(5, "c")])).toBe(1);
	expect(await texts(open(store), "bob.eth")).toEqual([["a", "a", "b", "c"]]);
});

test("names count as they are given, or as the caller wants", async () => {
	const plain = open();
	await plain.append("Bob.eth", envelope(1, "1"));
	await plain.append("bob.eth", envelope(1, "1"));
	expect(await plain.listConversations()).toEqual(["Bob.eth", "bob.eth"]);
	const normal = open(undefined, { normalize: (name) => name.toLowerCase() });
	await normal.append("Bob.eth", envelope(1, "1"));
	expect(await normal.listConversations()).toEqual(["bob.eth"]);
	expect(await texts(normal, "BOB.eth")).toEqual([["1"]]);
});

test("what cannot be stored changes nothing", async () => {
	const store = new MemoryContainerStore();
	const storage = open(store, { maxChunkSize: two });
	for (const [contact, given, code] of [
		["bob.eth", envelope(1, "x".repeat(two)), "too-large"],
		["bob.eth", { message: { metadata: {} } } as unknown as Envelope, "envelope"],
		["bob.eth", envelope(-1, "1"), "envelope"],
		["", envelope(1, "1"), "argument"],
		["\ud800", envelope(1, "1"), "value"],
	] as const) {
		await expect(storage.appendMany(contact, [envelope(1, "1"), given])).rejects.toMatchObject({ code });
	}
	expect(store.values.size).toBe(0);
	for (const maxChunkSize of [0, -1, 1.5, Number.NaN, 25_000_001]) {
		expect(() => open(store, { maxChunkSize })).toThrow(expect.objectContaining({ code: "argument" }));
	}
	expect(() => open(store, { keys: { ...keys, storageKey: new Uint8Array(31) } })).toThrow(
		expect.objectContaining({ code: "argument" }),
	);
});

test("a damaged part is told, hides no other, and is not written over", async () => {
	const store = new MemoryContainerStore();
	const storage = open(store, { maxChunkSize: two });
	await storage.appendMany(
		"bob.eth",
		[1, 2, 3, 4].map((time) => envelope(time, String(time))),
	);
	await storage.append("max.eth", envelope(1, "1"));
	const [first] = [...store.values.keys()];
	const whole = store.values.get(first as string) as string;
	store.values.set(first as string, await encryptText('{"messages":[]}', keys.storageKey, crypto));
	expect(await texts(storage, "bob.eth")).toEqual(["container", ["3", "4"]]);
	const before = new Map(store.values);
	await expect(storage.append("bob.eth", envelope(2, "2"))).rejects.toMatchObject({ code: "container" });
	await expect(storage.delete("bob.eth", messageHash(envelope(1, "1")))).rejects.toMatchObject({ code: "container" });
	expect(store.values).toEqual(before);
	expect(await storage.delete("bob.eth", messageHash(envelope(3, "3")))).toBe(true);
	store.values.set(first as string, whole);
	expect(await texts(storage, "bob.eth")).toEqual([["1", "2"], ["4"]]);

	store.values.delete(conversationKey(rootKey(keys.signature), "bob.eth"));
	await expect(storage.readConversation("bob.eth")).rejects.toMatchObject({ code: "missing" });
	await expect(storage.append("bob.eth", envelope(9, "9"))).rejects.toMatchObject({ code: "missing" });
	expect(await texts(storage, "max.eth")).toEqual([["1"]]);

	store.values.set(rootKey(keys.signature), "x");
	await expect(storage.append("new.eth", envelope(1, "1"))).rejects.toMatchObject({ code: "payload" });
});

test("the largest chunk that is allowed can be read again", async () => {
	const storage = open(undefined, { maxChunkSize: 25_000_000 });
	const large = envelope(1, "x".repeat(25_000_000 - JSON.stringify({ messages: [envelope(1, "")] }).length));
	await storage.append("bob.eth", large);
	const [reading] = await storage.readConversation("bob.eth");
	expect(reading?.messages?.[0]?.message.message).toHaveLength((large.message.message as string).length);
	await expect(storage.append("bob.eth", envelope(1, `${large.message.message}x`))).rejects.toMatchObject({
		code: "too-large",
	});
});
