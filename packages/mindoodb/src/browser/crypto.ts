import { type Crypto, UsageError } from "@mindoodb/core";
import { argon2id } from "hash-wasm";
import { checkArgon2idCosts, checkKey, checkPbkdf2Rounds, checkTarget } from "../shared/arguments.js";
import { mapBounded } from "../shared/bounded.js";
import { bufferSource } from "./buffer-source.js";
import { deflateRawStream } from "./deflate.js";
import { webEd25519 } from "./ed25519.js";
import { inflateBounded } from "./inflate.js";
import { webRsaOaep } from "./rsa-oaep.js";
import { webX25519 } from "./x25519.js";

/** Most bytes that `getRandomValues` gives at once (Web Cryptography §10.1.1). */
const randomQuota = 65_536;

/**
 * Cryptography by WebCrypto and `hash-wasm`, for browsers, workers and every runtime that has them.
 *
 * At its start it tries the platform's Ed25519 on cases in which libraries differ; where the platform does not follow
 * docs/entry-format.md, or has no Ed25519, `@noble/curves` takes its place. The same with X25519.
 *
 * Argon2id holds the thread while it runs: an application that cannot wait opens identities in a worker.
 */
export async function webCrypto(): Promise<Crypto> {
	const { subtle } = globalThis.crypto;
	if (subtle === undefined) throw new UsageError("WebCrypto: expected a secure context (https or localhost)");
	const aesKeys = new WeakMap<Uint8Array, Promise<CryptoKey>>();

	function aesKey(key: Uint8Array): Promise<CryptoKey> {
		let imported = aesKeys.get(key);
		if (imported === undefined) {
			imported = subtle.importKey("raw", bufferSource(key), "AES-GCM", false, ["encrypt", "decrypt"]);
			aesKeys.set(key, imported);
		}
		return imported;
	}

	const aesGcm = (iv: Uint8Array, associatedData: Uint8Array): AesGcmParams => ({
		name: "AES-GCM",
		iv: bufferSource(iv),
		additionalData: bufferSource(associatedData),
		tagLength: 128,
	});

	const sha256 = async (data: Uint8Array) => new Uint8Array(await subtle.digest("SHA-256", bufferSource(data)));

	async function inflateAtMost(data: Uint8Array, limit: number): Promise<Uint8Array | undefined> {
		return inflateBounded(data, limit);
	}

	return {
		...(await webEd25519(subtle)),
		...webRsaOaep(subtle),
		...(await webX25519(subtle)),

		randomBytes(length) {
			const bytes = new Uint8Array(length);
			for (let at = 0; at < length; at += randomQuota) {
				globalThis.crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + randomQuota)));
			}
			return bytes;
		},

		sha256,
		sha256Many: (data) => mapBounded(data, sha256),

		async hmac(key, data) {
			// WebCrypto takes no empty key. HMAC fills keys up with zeros, so one zero byte is the same key.
			const raw = key.length === 0 ? new Uint8Array(1) : bufferSource(key);
			const hmacKey = await subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
			return new Uint8Array(await subtle.sign("HMAC", hmacKey, bufferSource(data)));
		},

		async seal(key, iv, plaintext, associatedData) {
			checkKey(key, iv);
			const parameters = aesGcm(iv, associatedData);
			return new Uint8Array(await subtle.encrypt(parameters, await aesKey(key), bufferSource(plaintext)));
		},

		async sealInto(target, key, iv, plaintext, associatedData) {
			checkKey(key, iv);
			checkTarget(target, plaintext);
			const parameters = aesGcm(iv, associatedData);
			target.set(new Uint8Array(await subtle.encrypt(parameters, await aesKey(key), bufferSource(plaintext))));
		},

		async open(key, iv, ciphertextAndTag, associatedData) {
			checkKey(key, iv);
			if (ciphertextAndTag.length < 16) return undefined;
			const imported = await aesKey(key);
			try {
				return new Uint8Array(
					await subtle.decrypt(aesGcm(iv, associatedData), imported, bufferSource(ciphertextAndTag)),
				);
			} catch {
				return undefined;
			}
		},

		async argon2id(password, salt, costs) {
			checkArgon2idCosts(password, salt, costs);
			return argon2id({
				password,
				salt,
				memorySize: costs.memoryKiB,
				iterations: costs.passes,
				parallelism: costs.lanes,
				hashLength: 32,
				outputType: "binary",
			});
		},

		async pbkdf2(password, salt, rounds) {
			checkPbkdf2Rounds(rounds);
			const key = await subtle.importKey("raw", bufferSource(password), "PBKDF2", false, ["deriveBits"]);
			const parameters = { name: "PBKDF2", hash: "SHA-256", salt: bufferSource(salt), iterations: rounds };
			return new Uint8Array(await subtle.deriveBits(parameters, key, 256));
		},

		deflate: deflateRawStream,

		async inflate(data, size) {
			const result = await inflateAtMost(data, size);
			return result?.length === size ? result : undefined;
		},
		inflateAtMost,
	};
}
