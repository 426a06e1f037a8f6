import { expect, it } from "vitest";
import { parseEncryptionKey } from "./encryption-key.js";
import { resolveEncryptionPreference } from "./encryption-preference.js";

// Digits of both alphabets' last two letters.
const key = Uint8Array.from({ length: 32 }, (_, at) => 255 - at * 3);
const base64 = Buffer.from(key).toString("base64");
const hex = Buffer.from(key).toString("hex");

it("the spellings of a key: base64 in both alphabets with and without padding, and hex", () => {
	const url = Buffer.from(key).toString("base64url");
	for (const text of [base64, base64.slice(0, -1), url, `${url}=`, hex, hex.toUpperCase(), `\uFEFF ${hex}\n`]) {
		expect(parseEncryptionKey(text)).toEqual(key);
	}
});

it("what only Node's decoders take is a key for those who ask for it, and the key that Node takes it for", () => {
	const foreign = [`"${base64}"`, `${base64.slice(0, 20)}\n${base64.slice(20)}`, `${base64}junk`, `${hex} rest`];
	for (const text of foreign) {
		expect(() => parseEncryptionKey(text)).toThrow(expect.objectContaining({ code: "ENCRYPTION_KEY_INVALID" }));
		const asBase64 = Buffer.from(text, "base64");
		const node = asBase64.length === 32 ? asBase64 : Buffer.from(text, "hex");
		expect(Buffer.from(parseEncryptionKey(text, { lenient: true }) ?? [])).toEqual(node);
	}
});

it("a base64 key whose spare bits are not zero is refused, and so are two alphabets at once", () => {
	const last = base64.at(-2) as string;
	const next = String.fromCharCode(last.charCodeAt(0) + 1);
	for (const text of [`${base64.slice(0, -2)}${next}=`, `-${"/".padEnd(41, "A")}A=`, `${base64.slice(0, -1)}==`]) {
		expect(() => parseEncryptionKey(text)).toThrow(expect.objectContaining({ code: "ENCRYPTION_KEY_INVALID" }));
	}
});

it("a wrong key without a mode turns encryption off with a warning, or throws where that is wanted", () => {
	expect(resolveEncryptionPreference({ key: "short" })).toMatchObject({ enabled: false, reason: "invalid_key" });
	expect(resolveEncryptionPreference({ key: "short" }).warnings[0]).toMatch(/Encryption disabled\.$/);
	expect(() => resolveEncryptionPreference({ key: "short", strictKey: true })).toThrow(
		expect.objectContaining({ code: "ENCRYPTION_KEY_INVALID" }),
	);
	expect(resolveEncryptionPreference({ mode: "maybe", key: hex }).warnings[0]).toContain('"maybe"');
});
