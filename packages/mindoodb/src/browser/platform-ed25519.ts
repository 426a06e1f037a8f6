import { fromBase64Url } from "@mindoodb/core";
import { bufferSource } from "./buffer-source.js";
import type { Ed25519Signer, Ed25519Verifier } from "./ed25519-parts.js";

/** Ed25519 by WebCrypto (Secure Curves in the Web Cryptography API). */
export function platformEd25519(subtle: SubtleCrypto): Ed25519Signer<CryptoKey> & Ed25519Verifier<CryptoKey> {
	return {
		async generate() {
			const pair = (await subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
			return {
				publicKey: new Uint8Array(await subtle.exportKey("raw", pair.publicKey)),
				privateKey: new Uint8Array(await subtle.exportKey("pkcs8", pair.privateKey)),
			};
		},

		async importPrivate(pkcs8) {
			// Only the JSON form tells the public key of a private one.
			const { x } = await subtle.exportKey(
				"jwk",
				await subtle.importKey("pkcs8", bufferSource(pkcs8), "Ed25519", true, ["sign"]),
			);
			const key = await subtle.importKey("pkcs8", bufferSource(pkcs8), "Ed25519", false, ["sign"]);
			return { key, publicKey: fromBase64Url(x ?? "") };
		},

		sign: async (key, message) => new Uint8Array(await subtle.sign("Ed25519", key, bufferSource(message))),
		importPublic: (publicKey) => subtle.importKey("raw", bufferSource(publicKey), "Ed25519", false, ["verify"]),
		verify: (key, message, signature) => subtle.verify("Ed25519", key, bufferSource(signature), bufferSource(message)),
	};
}
