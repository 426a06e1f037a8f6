import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
	decodeChunk,
	decodeConversation,
	decodeRoot,
	decodeStorageKey,
	decryptText,
	encodeChunk,
	encodeConversation,
	encodeRoot,
	encryptText,
	storedEnvelope,
} from "@mindoodb/formats/dm3";
import { nodeAead } from "@mindoodb/formats/node";
import { expect, it } from "vitest";
import { run } from "./dm3.mjs";

it("all vectors of dm3 pass", async () => {
	const results = await run(fileURLToPath(new URL("../../vectors/dm3", import.meta.url)));
	expect(results.filter(({ passed }) => !passed)).toEqual([]);
	expect(results.length).toBe(79);
});

it("containers written by the reference's functions are the same when they are written again", async () => {
	const file = new URL("../../vectors/dm3/C6-seed-reader.json", import.meta.url);
	const { storageKeyBase64, store } = JSON.parse(readFileSync(file, "utf8"));
	const key = decodeStorageKey(storageKeyBase64);
	for (const value of Object.values<string>(store)) {
		const text = await decryptText(value, key, nodeAead("chacha20-poly1305"));
		expect(encodeAgain(text)).toBe(text);
		const nonce = Uint8Array.from(Buffer.from(JSON.parse(value).nonce.slice(2), "hex"));
		expect(
			await encryptText(text, key, { aead: nodeAead("chacha20-poly1305"), random: { randomBytes: () => nonce } }),
		).toBe(value);
	}
});

function encodeAgain(text: string): string {
	const { conversations, chunks, messages } = JSON.parse(text);
	if (conversations !== undefined) return encodeRoot(decodeRoot(text));
	if (chunks !== undefined) return encodeConversation(decodeConversation(text));
	const identifier = { id: 0, timestamp: messages[0].message.metadata.timestamp };
	return encodeChunk(decodeChunk(text, identifier).map(storedEnvelope));
}
