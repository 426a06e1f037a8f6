import { type Argon2idCosts, KeyError, UsageError } from "@mindoodb/core";

/** @throws {UsageError} unless the key has 32 and the initialisation vector 12 bytes. */
export function checkKey(key: Uint8Array, iv: Uint8Array): void {
	if (key.length !== 32) {
		throw new UsageError(`AES-256-GCM key: expected 32 bytes, found ${key.length}`, {
			expected: 32,
			found: key.length,
		});
	}
	if (iv.length !== 12) {
		throw new UsageError(`AES-256-GCM iv: expected 12 bytes, found ${iv.length}`, { expected: 12, found: iv.length });
	}
}

/** @throws {UsageError} unless the target has room for the ciphertext and its tag, and for no more. */
export function checkTarget(target: Uint8Array, plaintext: Uint8Array): void {
	if (target.length !== plaintext.length + 16) {
		throw new UsageError(`AES-256-GCM target: expected ${plaintext.length + 16} bytes, found ${target.length}`, {
			expected: plaintext.length + 16,
			found: target.length,
		});
	}
}

/** @throws {KeyError} `key-mismatch` unless an X25519 private key has 32 bytes. */
export function checkAgreementKey(privateKey: Uint8Array): void {
	if (privateKey.length === 32) return;
	throw new KeyError(`X25519 private key: expected 32 bytes, found ${privateKey.length}`, {
		code: "key-mismatch",
		expected: 32,
		found: privateKey.length,
	});
}

/** Whether all bytes are zero, in time that depends on the length alone. */
export function isZero(bytes: Uint8Array): boolean {
	let seen = 0;
	for (const byte of bytes) seen |= byte;
	return seen === 0;
}

/** What RFC 9106 §3.1 allows, and an empty password, which not every library takes. @throws {UsageError} */
export function checkArgon2idCosts(password: Uint8Array, salt: Uint8Array, costs: Argon2idCosts): void {
	const { memoryKiB, passes, lanes } = costs;
	if (password.length === 0) throw new UsageError("argon2id: expected a password of at least 1 byte");
	if (salt.length < 8) {
		throw new UsageError(`argon2id salt: expected at least 8 bytes, found ${salt.length}`, { found: salt.length });
	}
	if (!isCount(lanes) || !isCount(passes) || !isCount(memoryKiB) || lanes > 255 || memoryKiB < 8 * lanes) {
		throw new UsageError("argon2id: expected 1 to 255 lanes, at least 1 pass and 8 KiB of memory for each lane");
	}
}

/** @throws {UsageError} */
export function checkPbkdf2Rounds(rounds: number): void {
	if (!isCount(rounds)) throw new UsageError("pbkdf2: expected at least 1 round", { found: rounds });
}

/** Largest message that RSA-OAEP with SHA-256 takes under a modulus of `modulusBits`. @throws {UsageError} */
export function checkWrappedSize(length: number, modulusBits: number): void {
	const most = Math.ceil(modulusBits / 8) - 66;
	if (length > most) {
		throw new UsageError(`RSA-OAEP: expected at most ${most} bytes, found ${length}`, {
			expected: most,
			found: length,
		});
	}
}

/** Sizes of RSA keys that all adapters take, in bits. */
export const rsaBits = { least: 2048, most: 8192 } as const;

function isCount(value: number): boolean {
	return Number.isSafeInteger(value) && value >= 1 && value <= 0xffff_ffff;
}
