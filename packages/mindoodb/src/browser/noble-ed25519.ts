import { equalBytes, hasReducedScalar } from "@mindoodb/core";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import type { Ed25519Signer, Ed25519Verifier } from "./ed25519-parts.js";

/** RFC 8410 §7: what stands before the 32 bytes of the seed in PKCS#8 DER. */
const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/**
 * Ed25519 for platforms without one of their own, or with one that verifies by another rule. Noble's own `verify` multiplies by
 * the cofactor; here the equation of RFC 8032 §5.1.7 is checked without it, on noble's points: encode([S]B − [k]A) = R.
 */
export function nobleEd25519(): Ed25519Signer<Uint8Array> & Ed25519Verifier<Uint8Array> {
	return {
		async generate() {
			const { secretKey, publicKey } = ed25519.keygen();
			const privateKey = new Uint8Array(pkcs8Prefix.length + 32);
			privateKey.set(pkcs8Prefix);
			privateKey.set(secretKey, pkcs8Prefix.length);
			return { publicKey, privateKey };
		},

		async importPrivate(pkcs8) {
			const prefix = pkcs8.subarray(0, pkcs8Prefix.length);
			if (pkcs8.length !== pkcs8Prefix.length + 32 || !equalBytes(prefix, pkcs8Prefix)) {
				throw new TypeError("expected PKCS#8 of Ed25519");
			}
			const key = pkcs8.slice(pkcs8Prefix.length);
			return { key, publicKey: ed25519.getPublicKey(key) };
		},

		sign: async (key, message) => ed25519.sign(message, key),
		importPublic: async (publicKey) => publicKey,
		verify: async (publicKey, message, signature) => verifyWithoutCofactor(publicKey, message, signature),
	};
}

function verifyWithoutCofactor(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
	if (!hasReducedScalar(signature)) return false;
	const { Point } = ed25519;
	const r = signature.subarray(0, 32);
	const hash = sha512.create().update(r).update(publicKey).update(message).digest();
	const k = Point.Fn.create(littleEndian(hash));
	const s = littleEndian(signature.subarray(32));
	const difference = Point.BASE.multiplyUnsafe(s).subtract(Point.fromBytes(publicKey).multiplyUnsafe(k));
	return equalBytes(difference.toBytes(), r);
}

function littleEndian(bytes: Uint8Array): bigint {
	let value = 0n;
	for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
	return value;
}
