import { createCipheriv, createDecipheriv, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { hashRaw } from "@node-rs/argon2";
import type { PasswordKeys } from "../apack/platform.js";

/** RFC 3394, section 2.2.3.1. */
const initialValue = Buffer.alloc(8, 0xa6);
/** `Algorithm.Argon2id` and `Version.V0x13`, which are constants of its types alone. */
const argon2 = { algorithm: 2, version: 1, outputLen: 32 };
const derive = promisify(pbkdf2);

/** Keys out of passwords by Argon2 in native code and node:crypto, both beside the main thread. */
export function nodePasswordKeys(): PasswordKeys {
	return {
		async argon2id(password, salt, { memoryKiB, iterations, parallelism }) {
			const costs = { memoryCost: memoryKiB, timeCost: iterations, parallelism };
			return Uint8Array.from(await hashRaw(password, { ...argon2, ...costs, salt }));
		},
		pbkdf2Sha256: async (password, salt, iterations) =>
			Uint8Array.from(await derive(password, salt, iterations, 32, "sha256")),
		wrapKey(wrappingKey, key) {
			const wrapping = createCipheriv("id-aes256-wrap", wrappingKey, initialValue);
			return Uint8Array.from(Buffer.concat([wrapping.update(key), wrapping.final()]));
		},
		unwrapKey(wrappingKey, wrapped) {
			try {
				const unwrapping = createDecipheriv("id-aes256-wrap", wrappingKey, initialValue);
				return Uint8Array.from(Buffer.concat([unwrapping.update(wrapped), unwrapping.final()]));
			} catch {
				return undefined;
			}
		},
	};
}
