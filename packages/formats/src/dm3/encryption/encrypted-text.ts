/**
 * A stored value: a text under the storage encryption key.
 *
 * | part       | content                                                             | source                  |
 * |------------|---------------------------------------------------------------------|-------------------------|
 * | plaintext  | UTF-8 of the text, then 80 and as many 00 as fill blocks of 2,048   | reference, ISO 7816-4   |
 * | ciphertext | base64 of ChaCha20-Poly1305 ‖ 16-byte tag, no associated data       | reference, RFC 8439     |
 * | nonce      | "0x" and 24 hex digits: 12 random bytes                             | reference               |
 * | value      | stringify({ ciphertext, nonce })                                    | reference               |
 *
 * Nothing binds a value to its key in the store; readers compare what is inside with what led them there.
 */
import { fromBase64, toBase64 } from "../../bytes/base64.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { decodeUtf8 } from "../../bytes/utf8.js";
import type { Aead, Random } from "../../ports.js";
import { Dm3Error } from "../dm3-error.js";
import { checkStorageKey } from "../keys/profile-keys.js";
import { parseObject } from "../text/json-object.js";
import { utf8Of } from "../text/sha256-text.js";
import { stringify } from "../text/stringify.js";

const blockLength = 2048;
const nonceLength = 12;
const tagLength = 16;
/** Characters of a value: above what a chunk of `mostMaxChunkSize` becomes. */
const longestValue = 32 * 1024 * 1024;

/** What encryption takes from the platform. */
export interface Dm3Crypto {
	readonly random: Random;
	/** ChaCha20-Poly1305 (RFC 8439). */
	readonly aead: Aead;
}

const none = new Uint8Array(0);

/** @param key 32 bytes. @throws {Dm3Error} `value` on a text with lone surrogates, `too-large` on one that nobody would read. */
export async function encryptText(text: string, key: Uint8Array, { random, aead }: Dm3Crypto): Promise<string> {
	const nonce = random.randomBytes(nonceLength);
	const ciphertext = await aead.seal(checkStorageKey(key), nonce, pad(utf8Of(text)), none);
	const value = stringify({ ciphertext: toBase64(ciphertext), nonce: `0x${toHex(nonce)}` });
	if (value.length > longestValue) {
		throw new Dm3Error("too-large", "the container is too long", { expected: longestValue, found: value.length });
	}
	return value;
}

/**
 * @param key 32 bytes.
 * @throws {Dm3Error} `payload` on what is no encrypted text; `cannot-decrypt` on another key or changed bytes.
 */
export async function decryptText(value: string, key: Uint8Array, aead: Aead): Promise<string> {
	const { ciphertext, nonce } = decodePayload(value);
	const padded = await aead.open(checkStorageKey(key), nonce, ciphertext, none);
	if (padded === undefined) {
		throw new Dm3Error("cannot-decrypt", "the value cannot be decrypted: it is under another key, or changed");
	}
	const text = decodeUtf8(unpad(padded));
	if (text === undefined) throw new Dm3Error("payload", "expected UTF-8 under the encryption");
	return text;
}

function decodePayload(value: string): { readonly ciphertext: Uint8Array; readonly nonce: Uint8Array } {
	if (value.length > longestValue) {
		throw new Dm3Error("payload", "the value is too long", { expected: longestValue, found: value.length });
	}
	const { ciphertext: text, nonce: digits } = parseObject(value, "payload");
	const ciphertext = typeof text === "string" ? fromBase64(text) : undefined;
	if (ciphertext === undefined) throw new Dm3Error("payload", "expected base64", { field: "ciphertext" });
	if (ciphertext.length < tagLength) {
		const data = { field: "ciphertext", expected: tagLength, found: ciphertext.length };
		throw new Dm3Error("payload", `expected at least ${tagLength} bytes of ciphertext`, data);
	}
	const nonce = typeof digits === "string" && digits.startsWith("0x") ? fromHex(digits.slice(2)) : undefined;
	if (nonce?.length !== nonceLength) {
		throw new Dm3Error("payload", `expected 0x and ${2 * nonceLength} hex digits`, { field: "nonce" });
	}
	return { ciphertext, nonce };
}

function pad(bytes: Uint8Array): Uint8Array {
	const padded = new Uint8Array((Math.floor(bytes.length / blockLength) + 1) * blockLength);
	padded.set(bytes);
	padded[bytes.length] = 0x80;
	return padded;
}

/** @returns a view. */
function unpad(padded: Uint8Array): Uint8Array {
	let end = padded.length - 1;
	const first = padded.length - blockLength;
	while (end > first && padded[end] === 0) end--;
	if (first < 0 || padded.length % blockLength !== 0 || padded[end] !== 0x80) {
		throw new Dm3Error("payload", `expected padding of 80 and 00 up to a multiple of ${blockLength} bytes`);
	}
	return padded.subarray(0, end);
}
