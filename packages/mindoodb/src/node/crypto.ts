import {
	createCipheriv,
	createDecipheriv,
	createHash,
	createHmac,
	generateKeyPair,
	hash as hashOnce,
	pbkdf2 as pbkdf2Callback,
	randomBytes,
	randomFillSync,
} from "node:crypto";
import { promisify } from "node:util";
import type { Argon2idCosts, Crypto, KeyPairBytes } from "@mindoodb/core";
import { hashRaw } from "@node-rs/argon2";
import { checkArgon2idCosts, checkKey, checkPbkdf2Rounds, checkTarget } from "../shared/arguments.js";
import { latin1Bytes, plainBytes } from "./bytes.js";
import { deflateRaw, inflateRaw, inflateRawAtMost } from "./deflate.js";
import { ed25519 } from "./ed25519.js";
import { rsaOaep } from "./rsa-oaep.js";
import { x25519 } from "./x25519.js";

/**
 * SHA-256 by a short string, because every `Buffer` that comes from OpenSSL has memory of its own to be made and collected: that
 * costs more than the hash of a small entry. `hash` is missing before Node 20.12 and 21.7.
 */
const sha256 =
	typeof hashOnce === "function"
		? (data: Uint8Array) => latin1Bytes(hashOnce("sha256", data, "binary"))
		: (data: Uint8Array) => plainBytes(createHash("sha256").update(data).digest());

const generate = promisify(generateKeyPair);
const pbkdf2 = promisify(pbkdf2Callback);
const tagLength = 16;

/** Random bytes up to this length, initialization vectors and ids, are cut from a larger draw; keys never are. */
const smallDraw = 16;

function randomSource(): (length: number) => Uint8Array {
	const drawn = new Uint8Array(4096);
	let used = drawn.length;
	return (length) => {
		if (length > smallDraw) return plainBytes(randomBytes(length));
		if (used + length > drawn.length) {
			randomFillSync(drawn);
			used = 0;
		}
		used += length;
		const bytes = drawn.slice(used - length, used);
		drawn.fill(0, used - length, used);
		return bytes;
	};
}

function encrypt(
	target: Uint8Array,
	key: Uint8Array,
	iv: Uint8Array,
	plaintext: Uint8Array,
	associatedData: Uint8Array,
): void {
	checkKey(key, iv);
	const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: tagLength });
	cipher.setAAD(associatedData);
	target.set(cipher.update(plaintext));
	cipher.final();
	target.set(cipher.getAuthTag(), plaintext.length);
}

/**
 * Cryptography by `node:crypto`, `node:zlib` and `@node-rs/argon2`.
 *
 * What takes a few microseconds runs at once; signatures in bulk, key derivation, key generation and large DEFLATE data go
 * through the thread pool, which others may widen by UV_THREADPOOL_SIZE.
 */
export function nodeCrypto(): Crypto {
	return {
		...ed25519(),
		...rsaOaep(),
		...x25519(),

		randomBytes: randomSource(),

		sha256: async (data) => sha256(data),
		sha256Many: async (data) => data.map(sha256),
		hmac: async (key, data) => plainBytes(createHmac("sha256", key).update(data).digest()),

		async seal(key, iv, plaintext, associatedData) {
			const sealed = new Uint8Array(plaintext.length + tagLength);
			encrypt(sealed, key, iv, plaintext, associatedData);
			return sealed;
		},

		async sealInto(target, key, iv, plaintext, associatedData) {
			checkTarget(target, plaintext);
			encrypt(target, key, iv, plaintext, associatedData);
		},

		async open(key, iv, ciphertextAndTag, associatedData) {
			checkKey(key, iv);
			const end = ciphertextAndTag.length - tagLength;
			if (end < 0) return undefined;
			const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: tagLength });
			decipher.setAAD(associatedData);
			decipher.setAuthTag(ciphertextAndTag.subarray(end));
			const plaintext = decipher.update(ciphertextAndTag.subarray(0, end));
			try {
				decipher.final();
			} catch {
				return undefined;
			}
			return plainBytes(plaintext);
		},

		generateSigningKeyPair: async (): Promise<KeyPairBytes> => {
			const { publicKey, privateKey } = await generate("ed25519");
			return {
				// The last 32 bytes of the SPKI form are the raw key (RFC 8410 §4).
				publicKey: plainBytes(publicKey.export({ format: "der", type: "spki" })).slice(-32),
				privateKey: plainBytes(privateKey.export({ format: "der", type: "pkcs8" })),
			};
		},

		generateWrappingKeyPair: async (): Promise<KeyPairBytes> => {
			const { publicKey, privateKey } = await generate("rsa", { modulusLength: 3072, publicExponent: 65_537 });
			return {
				publicKey: plainBytes(publicKey.export({ format: "der", type: "spki" })),
				privateKey: plainBytes(privateKey.export({ format: "der", type: "pkcs8" })),
			};
		},

		async argon2id(password: Uint8Array, salt: Uint8Array, costs: Argon2idCosts) {
			checkArgon2idCosts(password, salt, costs);
			const derived = await hashRaw(password, {
				// 2 = Algorithm.Argon2id, 1 = Version.V0x13: the package declares them as const enums, which erased types cannot read.
				algorithm: 2,
				version: 1,
				salt,
				memoryCost: costs.memoryKiB,
				timeCost: costs.passes,
				parallelism: costs.lanes,
				outputLen: 32,
			});
			return plainBytes(derived);
		},

		async pbkdf2(password, salt, rounds) {
			checkPbkdf2Rounds(rounds);
			return plainBytes(await pbkdf2(password, salt, rounds, 32, "sha256"));
		},

		deflate: deflateRaw,
		inflate: inflateRaw,
		inflateAtMost: inflateRawAtMost,
	};
}
