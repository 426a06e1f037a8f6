import { type Compression, compressions } from "../chunk-codec.js";
import { encryptionOverhead } from "../chunk-rules.js";
import { ApackError } from "../errors.js";
import { type CipherName, ciphers, encodeEncryptionBlock, type KdfParameters } from "../format/encryption-block.js";
import { type ChecksumName, chunkSizes } from "../format/file-header.js";
import { defaultLimits } from "../limits.js";
import { checkKdfCosts, checkKeyLength, contentKeyLength, deriveWrappingKey, usualKdf } from "../password.js";
import type { ApackPlatform } from "../platform.js";

/** What the key derivation takes at least, and the reference program with it. */
const leastPbkdf2Iterations = 100_000;

/** A key of 32 bytes, or a password that a fresh key is wrapped with. */
export type ArchiveEncryption =
	| { readonly cipher: CipherName; readonly key: Uint8Array }
	| {
			readonly cipher: CipherName;
			readonly password: string;
			/** @default Argon2id with 64 MiB, 3 passes, 4 lanes */
			readonly kdf?: KdfParameters;
	  };

export interface ArchiveOptions {
	readonly platform: ApackPlatform;
	/** A container has any number of entries and a table of contents; a stream one entry. @default "container" */
	readonly form?: "container" | "stream";
	/** Bytes, 1,024 to 67,108,864 (with encryption 28 fewer). @default 262,144 */
	readonly chunkSize?: number;
	/** @default "xxh3" */
	readonly checksum?: ChecksumName;
	/** @default none */
	readonly compression?: Compression;
	readonly encryption?: ArchiveEncryption;
}

/** @throws {ApackError} `usage`, `limit` or `unsupported` */
export function checkArchiveOptions({ platform, chunkSize, checksum, compression, encryption }: ArchiveOptions): void {
	// The reference reader takes 64 MiB as the most that a chunk may have stored.
	const most = chunkSizes.most - (encryption === undefined ? 0 : encryptionOverhead);
	if (chunkSize !== undefined && !(Number.isInteger(chunkSize) && chunkSize >= chunkSizes.least && chunkSize <= most)) {
		throw new ApackError("usage", `chunkSize: expected ${chunkSizes.least} to ${most} bytes`, { field: "chunkSize" });
	}
	if (checksum !== undefined && checksum !== "crc32" && checksum !== "xxh3")
		throw new ApackError("usage", "checksum: expected crc32 or xxh3");
	if (compression !== undefined && !Object.hasOwn(compressions, compression.method)) {
		throw new ApackError("usage", "compression: expected zstd, lz4 or none");
	}
	if (
		compression?.method === "zstd" &&
		!(Number.isInteger(compression.level) && compression.level >= 1 && compression.level <= 22)
	) {
		throw new ApackError("usage", "level of zstd: expected 1 to 22", { field: "level" });
	}
	if (compression?.method === "lz4" && platform.compressLz4 === undefined) {
		throw new ApackError("unsupported", "this platform has no LZ4 compressor", { field: "compression" });
	}
	if (encryption !== undefined && !Object.hasOwn(ciphers, encryption.cipher)) {
		throw new ApackError("usage", "cipher: expected aes-256-gcm or chacha20-poly1305");
	}
}

/** @returns the content key, and the encryption block that a password needs. @throws {ApackError} `key`, `usage` or `limit` */
export async function prepareEncryption(
	platform: ApackPlatform,
	encryption: ArchiveEncryption,
): Promise<{ readonly key: Uint8Array; readonly block: Uint8Array | undefined }> {
	if ("key" in encryption) {
		checkKeyLength(encryption.key);
		return { key: encryption.key.slice(), block: undefined };
	}
	const { cipher, password, kdf = usualKdf } = encryption;
	if (password === "") throw new ApackError("key", "password: expected at least one character");
	checkKdfCosts(kdf, defaultLimits);
	if (kdf.name === "pbkdf2-sha256" && kdf.iterations < leastPbkdf2Iterations) {
		throw new ApackError("usage", `iterations of PBKDF2: expected at least ${leastPbkdf2Iterations}`);
	}
	const salt = platform.random.randomBytes(kdf.name === "argon2id" ? 16 : 32);
	const key = platform.random.randomBytes(contentKeyLength);
	const wrappedKey = platform.keys.wrapKey(await deriveWrappingKey(platform, password, { kdf, salt }), key);
	return { key, block: encodeEncryptionBlock({ cipher, kdf, salt, wrappedKey }) };
}
