/**
 * The encryption block, behind the file header of an archive that opens with a password.
 *
 * | offset | size | field | value |
 * |---:|---:|---|---|
 * | 0 | 4 | magic | "ENCR" |
 * | 4 | 1 | key derivation | 0 Argon2id, 1 PBKDF2-HMAC-SHA-256 |
 * | 5 | 1 | cipher | 1 AES-256-GCM, 2 ChaCha20-Poly1305 |
 * | 6 | 2 | zeros | |
 * | 8 | 4 | passes of Argon2id, rounds of PBKDF2 | |
 * | 12 | 4 | memory of Argon2id in KiB | 0 for PBKDF2 |
 * | 16 | 4 | lanes of Argon2id | 0 for PBKDF2 |
 * | 20 | 2 | length of the salt, S | 8 … 256 (PBKDF2 from 16) |
 * | 22 | 2 | length of the wrapped key | 40 |
 * | 24 | S | salt | |
 * | 24 + S | 40 | content key under AES key wrap (RFC 3394), whatever the cipher | |
 * | 64 + S | 0 … 7 | zeros up to a multiple of 8 | |
 */
import { FieldReader, FieldWriter } from "../../bytes/little-endian.js";
import { ApackError } from "../errors.js";
import { expectField, expectLength, expectMagic, expectWithin, expectZeros, magicBytes } from "./field-checks.js";

export const encryptionBlockMagic = "ENCR";
export const encryptionBlockFixedLength = 24;
const wrappedKeyLength = 40;

export const ciphers = { "aes-256-gcm": 1, "chacha20-poly1305": 2 } as const;
export type CipherName = keyof typeof ciphers;

export type KdfParameters =
	| { readonly name: "argon2id"; readonly memoryKiB: number; readonly iterations: number; readonly parallelism: number }
	| { readonly name: "pbkdf2-sha256"; readonly iterations: number };

export interface EncryptionBlock {
	readonly cipher: CipherName;
	readonly kdf: KdfParameters;
	readonly salt: Uint8Array;
	/** 40 bytes. */
	readonly wrappedKey: Uint8Array;
}

export function encodeEncryptionBlock({ cipher, kdf, salt, wrappedKey }: EncryptionBlock): Uint8Array {
	const argon2 = kdf.name === "argon2id";
	return new FieldWriter(padded(encryptionBlockFixedLength + salt.length + wrappedKey.length))
		.put(magicBytes(encryptionBlockMagic))
		.u8(argon2 ? 0 : 1)
		.u8(ciphers[cipher])
		.u16(0)
		.u32(kdf.iterations)
		.u32(argon2 ? kdf.memoryKiB : 0)
		.u32(argon2 ? kdf.parallelism : 0)
		.u16(salt.length)
		.u16(wrappedKey.length)
		.put(salt)
		.put(wrappedKey).bytes;
}

/** @param fixed the first 24 bytes. @returns bytes of the whole block. @throws {ApackError} `malformed` */
export function encryptionBlockLength(fixed: Uint8Array): number {
	expectMagic(fixed, encryptionBlockMagic, 64);
	const fields = new FieldReader(fixed, 20);
	const saltLength = fields.u16();
	expectWithin(saltLength, 8, 256, { field: "saltLength" });
	expectField(fields.u16(), wrappedKeyLength, { field: "wrappedKeyLength" });
	return padded(encryptionBlockFixedLength + saltLength + wrappedKeyLength);
}

/** @throws {ApackError} `truncated`, `malformed` or `unsupported`. */
export function decodeEncryptionBlock(bytes: Uint8Array): EncryptionBlock {
	expectLength(bytes, encryptionBlockLength(bytes), "encryption block");
	const fields = new FieldReader(bytes, 4);
	const [kdfId, cipherId] = [fields.u8(), fields.u8()];
	expectZeros(fields.view(2), { field: "reserved bytes of the encryption block" });
	const [iterations, memoryKiB, parallelism, saltLength] = [fields.u32(), fields.u32(), fields.u32(), fields.u16()];
	fields.u16();
	const [salt, wrappedKey] = [fields.view(saltLength).slice(), fields.view(wrappedKeyLength).slice()];
	expectZeros(bytes.subarray(fields.position), { field: "padding of the encryption block" });
	expectWithin(iterations, 1, 0x7f_ff_ff_ff, { field: "iterations" });
	return { cipher: cipherOf(cipherId), kdf: kdfOf(kdfId, { iterations, memoryKiB, parallelism }), salt, wrappedKey };
}

/** @throws {ApackError} `unsupported` */
export function cipherOf(id: number): CipherName {
	for (const [name, known] of Object.entries(ciphers)) if (known === id) return name as CipherName;
	throw new ApackError("unsupported", `cipher: expected 1 or 2, found ${id}`, { field: "cipher", found: id });
}

function kdfOf(id: number, costs: { iterations: number; memoryKiB: number; parallelism: number }): KdfParameters {
	if (id === 1) return { name: "pbkdf2-sha256", iterations: costs.iterations };
	if (id !== 0)
		throw new ApackError("unsupported", `key derivation: expected 0 or 1, found ${id}`, { field: "kdf", found: id });
	// RFC 9106, section 3.1: at least 8 KiB for each lane.
	expectWithin(costs.parallelism, 1, 255, { field: "parallelism" });
	expectWithin(costs.memoryKiB, 8 * costs.parallelism, 0x7f_ff_ff_ff, { field: "memory" });
	return { name: "argon2id", ...costs };
}

const padded = (length: number) => (length + 7) & ~7;
