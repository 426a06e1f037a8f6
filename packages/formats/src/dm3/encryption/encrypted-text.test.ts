import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeAead } from "../../node/aead.js";
import { nodeRandom } from "../../node/random.js";
import { Dm3Error } from "../dm3-error.js";
import { chacha20Poly1305 } from "./chacha20-poly1305.js";
import { decryptText, encryptText } from "./encrypted-text.js";

const key = nodeRandom.randomBytes(32);
const crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };
const other = { random: nodeRandom, aead: chacha20Poly1305 };

test("texts come back, from one cipher's implementation to the other", async () => {
	const text = fc.string({ unit: "grapheme", maxLength: 3000, size: "max" });
	await fc.assert(
		fc.asyncProperty(text, async (plain) => {
			expect(await decryptText(await encryptText(plain, key, crypto), key, other.aead)).toBe(plain);
			expect(await decryptText(await encryptText(plain, key, other), key, crypto.aead)).toBe(plain);
		}),
		{ numRuns: 30 },
	);
	expect(await decryptText(await encryptText("\uFEFFx\0", key, crypto), key, crypto.aead)).toBe("\uFEFFx\0");
});

test("the length tells blocks of 2,048 bytes alone", async () => {
	const lengths = [0, 1, 2047, 2048, 4095, 4096].map(async (length) => {
		const { ciphertext } = JSON.parse(await encryptText("x".repeat(length), key, crypto)) as { ciphertext: string };
		return Buffer.from(ciphertext, "base64").length - 16;
	});
	expect(await Promise.all(lengths)).toEqual([2048, 2048, 2048, 4096, 4096, 6144]);
});

test("one changed character is refused, or changed nothing", async () => {
	const value = await encryptText("a message", key, crypto);
	const printable = fc.integer({ min: 32, max: 126 });
	await fc.assert(
		fc.asyncProperty(fc.nat(value.length - 1), printable, async (at, code) => {
			const changed = value.slice(0, at) + String.fromCharCode(code) + value.slice(at + 1);
			const read = await decryptText(changed, key, crypto.aead).catch((error: unknown) => error);
			if (read !== "a message") expect(read).toBeInstanceOf(Dm3Error);
			// Nothing but the case of the nonce's digits is free.
			else expect(changed.toLowerCase()).toBe(value.toLowerCase());
		}),
		{ numRuns: 500 },
	);
});

test("what was never written is refused for what it is", async () => {
	const value = await encryptText("a message", key, crypto);
	const { ciphertext, nonce } = JSON.parse(value) as { ciphertext: string; nonce: string };
	for (const [damaged, code] of [
		["", "payload"],
		["null", "payload"],
		['{"conversations":[]}', "payload"],
		[JSON.stringify({ ciphertext, nonce: nonce.slice(2) }), "payload"],
		[JSON.stringify({ ciphertext, nonce: nonce.slice(0, -2) }), "payload"],
		[JSON.stringify({ ciphertext, nonce: 12 }), "payload"],
		[JSON.stringify({ ciphertext: "AAAA", nonce }), "payload"],
		[JSON.stringify({ ciphertext: ciphertext.slice(0, -4), nonce }), "cannot-decrypt"],
		[await sealed(new Uint8Array(0)), "payload"],
		[await sealed(new Uint8Array(2048)), "payload"],
		[await sealed(padded(4096, 0)), "payload"],
		[await sealed(padded(2047, 0)), "payload"],
		[await sealed(Uint8Array.from([0xff, ...padded(2047, 0)])), "payload"],
	] as const) {
		await expect(decryptText(damaged, key, crypto.aead)).rejects.toMatchObject({ name: "Dm3Error", code });
	}
	await expect(decryptText(value, nodeRandom.randomBytes(32), crypto.aead)).rejects.toMatchObject({
		code: "cannot-decrypt",
	});
	for (const { aead } of [crypto, other]) {
		await expect(decryptText(value, key.slice(1), aead)).rejects.toMatchObject({ code: "argument" });
	}
	await expect(encryptText("\ud800", key, crypto)).rejects.toMatchObject({ code: "value" });
});

function padded(length: number, at: number): Uint8Array {
	return new Uint8Array(length).fill(0x80, at, at + 1);
}

async function sealed(padding: Uint8Array): Promise<string> {
	const nonce = new Uint8Array(12);
	const ciphertext = await crypto.aead.seal(key, nonce, padding, new Uint8Array(0));
	return JSON.stringify({ ciphertext: Buffer.from(ciphertext).toString("base64"), nonce: `0x${"00".repeat(12)}` });
}
