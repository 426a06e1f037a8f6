import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import type { Aead } from "../../ports.js";

const makers = { "aes-256-gcm": gcm, "chacha20-poly1305": chacha20poly1305 };

/** Authenticated encryption in JavaScript alone. */
export function portableAead(cipher: keyof typeof makers): Aead {
	const make = makers[cipher];
	return {
		async seal(key, iv, plaintext, associatedData) {
			return make(key, iv, associatedData).encrypt(plaintext);
		},
		async open(key, iv, ciphertextAndTag, associatedData) {
			try {
				return make(key, iv, associatedData).decrypt(ciphertextAndTag);
			} catch {
				return undefined;
			}
		},
	};
}
