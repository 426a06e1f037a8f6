/**
 * An encrypted chunk file.
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 7 | "PAMPAE1" |
 * | 7 | 16 | salt, random |
 * | 23 | 12 | IV, random |
 * | 35 | n | ciphertext of a plain chunk file; at least 1 byte |
 * | 35 + n | 16 | tag |
 *
 * AES-256-GCM without associated data, key = HKDF-SHA-256(master key, salt, "pampa-chunk-v1"). Nothing binds the name: a file that is
 * called otherwise opens all the same, which only the hash of the text tells.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "../bytes/concat.js";
import { equalBytes } from "../bytes/equal.js";
import type { Aead, Random } from "../ports.js";
import { PampaError } from "./pampa-error.js";

const saltLength = 16;
const ivLength = 12;
const tagLength = 16;
const nothing = new Uint8Array(0);
const utf8 = (text: string) => new TextEncoder().encode(text);
const magic = utf8("PAMPAE1");
const headerLength = magic.length + saltLength + ivLength;

/** @returns the 32-byte key of one file. */
export function deriveChunkKey(masterKey: Uint8Array, salt: Uint8Array): Uint8Array {
	return hkdf(sha256, masterKey, salt, utf8("pampa-chunk-v1"), 32);
}

/** @param plainFile a plain chunk file. @param masterKey 32 bytes. */
export async function encodeEncryptedFile(
	plainFile: Uint8Array,
	masterKey: Uint8Array,
	{ random, aead }: { readonly random: Random; readonly aead: Aead },
): Promise<Uint8Array> {
	demandKey(masterKey);
	const salt = random.randomBytes(saltLength);
	const iv = random.randomBytes(ivLength);
	const sealed = await aead.seal(deriveChunkKey(masterKey, salt), iv, plainFile, nothing);
	return concatBytes([magic, salt, iv, sealed]);
}

/** @param sha for the messages. @returns a plain chunk file. @throws {PampaError} `ENCRYPTION_…` */
export async function decodeEncryptedFile(
	bytes: Uint8Array,
	masterKey: Uint8Array,
	{ sha, aead }: { readonly sha: string; readonly aead: Aead },
): Promise<Uint8Array> {
	demandKey(masterKey);
	const failed = `Failed to decrypt chunk ${sha}:`;
	if (bytes.length <= headerLength + tagLength) {
		throw new PampaError("ENCRYPTION_PAYLOAD_INVALID", `${failed} Encrypted chunk payload is truncated.`);
	}
	if (!equalBytes(bytes.subarray(0, magic.length), magic)) {
		throw new PampaError("ENCRYPTION_FORMAT_UNRECOGNIZED", `${failed} Encrypted chunk payload has an unknown header.`);
	}
	const salt = bytes.subarray(magic.length, magic.length + saltLength);
	const iv = bytes.subarray(magic.length + saltLength, headerLength);
	const plain = await aead.open(deriveChunkKey(masterKey, salt), iv, bytes.subarray(headerLength), nothing);
	if (plain === undefined) throw new PampaError("ENCRYPTION_AUTH_FAILED", `${failed} authentication failed.`);
	return plain;
}

function demandKey(masterKey: Uint8Array): void {
	if (masterKey.length !== 32) throw new PampaError("ENCRYPTION_KEY_INVALID", "expected a master key of 32 bytes");
}
