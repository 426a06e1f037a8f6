import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import type { Aead } from "../../ports.js";

/** ChaCha20-Poly1305 (RFC 8439) in plain JavaScript, for platforms whose own cryptography lacks it. */
export const chacha20Poly1305: Aead = {
	async seal(key, iv, plaintext, associatedData) {
		return chacha20poly1305(key, iv, associatedData).encrypt(plaintext);
	},
	async open(key, iv, ciphertextAndTag, associatedData) {
		try {
			return chacha20poly1305(key, iv, associatedData).decrypt(ciphertextAndTag);
		} catch {
			return undefined;
		}
	},
};
