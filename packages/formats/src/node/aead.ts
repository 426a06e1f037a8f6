import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Aead } from "../ports.js";

const tagLength = 16;

/** Authenticated encryption by node:crypto. */
export function nodeAead(cipher: "aes-256-gcm" | "chacha20-poly1305"): Aead {
	// Both ciphers have the same methods; the types know them by the name of the first.
	const name = cipher as "chacha20-poly1305";
	const options = { authTagLength: tagLength };
	return {
		async seal(key, iv, plaintext, associatedData) {
			const sealing = createCipheriv(name, key, iv, options);
			sealing.setAAD(associatedData, { plaintextLength: plaintext.length });
			const output = new Uint8Array(plaintext.length + tagLength);
			output.set(sealing.update(plaintext));
			sealing.final();
			output.set(sealing.getAuthTag(), plaintext.length);
			return output;
		},
		async open(key, iv, ciphertextAndTag, associatedData) {
			const length = ciphertextAndTag.length - tagLength;
			if (length < 0) return undefined;
			const opening = createDecipheriv(name, key, iv, options);
			opening.setAuthTag(ciphertextAndTag.subarray(length));
			opening.setAAD(associatedData, { plaintextLength: length });
			const plaintext = opening.update(ciphertextAndTag.subarray(0, length));
			try {
				opening.final();
			} catch {
				return undefined;
			}
			return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
		},
	};
}
