import { encodeUtf8 } from "../bytes/utf8.js";
import { ApackError } from "./errors.js";
import type { EncryptionBlock, KdfParameters } from "./format/encryption-block.js";
import type { ApackLimits } from "./limits.js";
import type { ApackPlatform } from "./platform.js";

export const contentKeyLength = 32;
/** What the reference program uses. */
export const usualKdf: KdfParameters = { name: "argon2id", memoryKiB: 65_536, iterations: 3, parallelism: 4 };

/** @throws {ApackError} `limit` when an archive asks for more than the limits take. */
export function checkKdfCosts(kdf: KdfParameters, limits: ApackLimits): void {
	const check = (field: string, found: number, expected: number) => {
		if (found <= expected) return;
		throw new ApackError("limit", `${field} of the key derivation: expected at most ${expected}, found ${found}`, {
			field,
			expected,
			found,
		});
	};
	if (kdf.name === "pbkdf2-sha256") {
		check("iterations", kdf.iterations, limits.pbkdf2Iterations);
		return;
	}
	check("memory", kdf.memoryKiB, limits.argon2MemoryKiB);
	check("iterations", kdf.iterations, limits.argon2Iterations);
	check("memory times iterations", kdf.memoryKiB * kdf.iterations, limits.argon2Work);
}

/** @returns the key that wraps the content key. */
export function deriveWrappingKey(
	platform: ApackPlatform,
	password: string,
	{ kdf, salt }: Pick<EncryptionBlock, "kdf" | "salt">,
): Promise<Uint8Array> {
	const bytes = encodeUtf8(password);
	return kdf.name === "argon2id"
		? platform.keys.argon2id(bytes, salt, kdf)
		: platform.keys.pbkdf2Sha256(bytes, salt, kdf.iterations);
}

/** @returns the content key. @throws {ApackError} `limit`, or `key` when the password is wrong. */
export async function unlockBlock(
	block: EncryptionBlock,
	password: string,
	{ platform, limits }: { readonly platform: ApackPlatform; readonly limits: ApackLimits },
): Promise<Uint8Array> {
	checkKdfCosts(block.kdf, limits);
	const wrappingKey = await deriveWrappingKey(platform, password, block);
	const key = platform.keys.unwrapKey(wrappingKey, block.wrappedKey);
	if (key === undefined) throw new ApackError("key", "the password is wrong, or the encryption block was changed");
	return key;
}

/** @throws {ApackError} `key` */
export function checkKeyLength(key: Uint8Array): void {
	if (key.length === contentKeyLength) return;
	throw new ApackError("key", `key: expected ${contentKeyLength} bytes, found ${key.length}`, {
		expected: contentKeyLength,
		found: key.length,
	});
}
