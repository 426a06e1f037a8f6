import type { Aead, Random } from "../ports.js";

/** Zstandard. The caller has checked the frame (`checkZstdFrame`), so `size` bytes are enough. */
export interface Zstd {
	/** @param level 1 (fast) to 22. @returns one frame. */
	compress(bytes: Uint8Array, level: number): Uint8Array;
	/** @returns `undefined` when the frame is damaged; the caller checks the length. */
	decompress(frame: Uint8Array, size: number): Uint8Array | undefined;
}

/** Makes a key out of a password, and wraps keys. All keys have 32 bytes. */
export interface PasswordKeys {
	/** RFC 9106, version 0x13, no secret, no associated data. */
	argon2id(
		password: Uint8Array,
		salt: Uint8Array,
		costs: { readonly memoryKiB: number; readonly iterations: number; readonly parallelism: number },
	): Promise<Uint8Array>;
	pbkdf2Sha256(password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Uint8Array>;
	/** RFC 3394 with the initial value of its section 2.2.3.1. @returns 40 bytes. */
	wrapKey(wrappingKey: Uint8Array, key: Uint8Array): Uint8Array;
	/** @returns `undefined` when the wrapping key is another one, or the bytes were changed. */
	unwrapKey(wrappingKey: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined;
}

/** What archives need of where they are read and written: `nodeApack()` of `@mindoodb/formats/node`, elsewhere `portableApack()`. */
export interface ApackPlatform {
	readonly random: Random;
	/** Milliseconds since 1970. */
	readonly now: () => number;
	/** IEEE CRC-32. */
	readonly crc32: (bytes: Uint8Array) => number;
	/** The low 32 bits of XXH3-64 with seed 0. */
	readonly xxh3: (bytes: Uint8Array) => number;
	readonly aesGcm: Aead;
	readonly chaCha20Poly1305: Aead;
	readonly keys: PasswordKeys;
	readonly zstd: Zstd;
	/** Makes a raw LZ4 block; absent where there is no compressor. Reading needs none. */
	readonly compressLz4?: (bytes: Uint8Array) => Uint8Array;
}
