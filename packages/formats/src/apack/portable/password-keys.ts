import { aeskw } from "@noble/ciphers/aes.js";
import { pbkdf2Async } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { PasswordKeys } from "../platform.js";

export function portablePasswordKeys(): PasswordKeys {
	return {
		async argon2id(password, salt, { memoryKiB, iterations, parallelism }) {
			const { argon2id } = await import("hash-wasm");
			const costs = { iterations, parallelism, memorySize: memoryKiB };
			return argon2id({ password, salt, ...costs, hashLength: 32, outputType: "binary" });
		},
		pbkdf2Sha256: (password, salt, iterations) => pbkdf2Async(sha256, password, salt, { c: iterations, dkLen: 32 }),
		wrapKey: (wrappingKey, key) => aeskw(wrappingKey).encrypt(key),
		unwrapKey(wrappingKey, wrapped) {
			try {
				return aeskw(wrappingKey).decrypt(wrapped);
			} catch {
				return undefined;
			}
		},
	};
}
