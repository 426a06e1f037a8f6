import { type AgreementKey, type Crypto, equalBytes, fromHex, UsageError } from "@mindoodb/core";
import { x25519 as noble } from "@noble/curves/ed25519.js";
import { checkAgreementKey, isZero } from "../shared/arguments.js";
import { bufferSource } from "./buffer-source.js";

/** X25519 as a platform or a library gives it. `Private` is its form of a private key. */
export interface X25519<Private> {
	/** @param privateKey 32 bytes. */
	importPrivate(privateKey: Uint8Array): Promise<Private>;
	/** Rejects or gives zeros when the result is all zero. @param publicKey 32 bytes. */
	agree(key: Private, publicKey: Uint8Array): Promise<Uint8Array>;
}

type Agreement = Pick<Crypto, "importAgreementKey" | "agree">;

/** RFC 7748 §4.1: u of the base point, of which a private key makes its public key. */
const basePoint = Uint8Array.of(9, ...new Uint8Array(31));

/** The platform's X25519 where it has one, `@noble/curves` where not. */
export async function webX25519(subtle: SubtleCrypto): Promise<Agreement> {
	const platform = platformX25519(subtle);
	return (await computesX25519(platform)) ? composeX25519(platform) : composeX25519(nobleX25519());
}

/** X25519 by WebCrypto (Secure Curves in the Web Cryptography API). */
export function platformX25519(subtle: SubtleCrypto): X25519<CryptoKey> {
	return {
		importPrivate(privateKey) {
			const pkcs8 = Uint8Array.of(...pkcs8Prefix, ...privateKey);
			return subtle.importKey("pkcs8", pkcs8, "X25519", false, ["deriveBits"]);
		},
		async agree(key, publicKey) {
			const other = await subtle.importKey("raw", bufferSource(publicKey), "X25519", false, []);
			return new Uint8Array(await subtle.deriveBits({ name: "X25519", public: other }, key, 256));
		},
	};
}

/** X25519 for platforms without one of their own. */
export function nobleX25519(): X25519<Uint8Array> {
	return {
		importPrivate: async (privateKey) => privateKey.slice(),
		agree: async (privateKey, publicKey) => noble.scalarMult(privateKey, publicKey),
	};
}

/** RFC 8410 §7: what stands before the 32 raw bytes in PKCS#8 DER. */
const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);

/** Puts our checks around an implementation. */
export function composeX25519<Private>(implementation: X25519<Private>): Agreement {
	const privateKeys = new WeakMap<AgreementKey, { readonly key: Private }>();

	return {
		async importAgreementKey(privateKey) {
			checkAgreementKey(privateKey);
			const key = await implementation.importPrivate(privateKey);
			const agreementKey: AgreementKey = { publicKey: await implementation.agree(key, basePoint) };
			privateKeys.set(agreementKey, { key });
			return agreementKey;
		},

		async agree(key, publicKey) {
			const held = privateKeys.get(key);
			if (held === undefined) throw new UsageError("agreement key: expected one that this adapter imported");
			if (publicKey.length !== 32) return undefined;
			try {
				const shared = await implementation.agree(held.key, publicKey);
				return isZero(shared) ? undefined : shared;
			} catch {
				return undefined;
			}
		},
	};
}

/** Whether an implementation is there and computes RFC 7748 §6.1, also under a public key whose highest bit is set (§5). */
export async function computesX25519<Private>(implementation: X25519<Private>): Promise<boolean> {
	try {
		const key = await implementation.importPrivate(fromHex(alicePrivate));
		for (const highestBit of [0, 0x80]) {
			const publicKey = fromHex(bobPublic);
			publicKey[31] = (publicKey[31] as number) | highestBit;
			if (!equalBytes(await implementation.agree(key, publicKey), fromHex(shared))) return false;
		}
		return true;
	} catch {
		return false;
	}
}

/** RFC 7748 §6.1. */
const alicePrivate = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
const bobPublic = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
