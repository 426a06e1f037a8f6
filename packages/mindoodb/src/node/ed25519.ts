import { createPrivateKey, createPublicKey, type KeyObject, sign as signNow, verify as verifyNow } from "node:crypto";
import {
	type Crypto,
	isUsableEd25519Point,
	isUsableEd25519Signature,
	KeyError,
	LruMap,
	type Signed,
	type SigningKey,
	UsageError,
} from "@mindoodb/core";
import { mapBounded } from "../shared/bounded.js";
import { bytesToken, plainBytes } from "./bytes.js";

/** Below these a bulk call is quicker without the thread pool (measured, 2 cores: a trip costs some 35 microseconds). */
const bulkSign = 8;
const bulkVerify = 4;

/** Public keys whose check and import are remembered: some 600 bytes each. */
const cachedKeys = 4096;

type Ed25519 = Pick<
	Crypto,
	"importSigningKey" | "sign" | "signMany" | "verify" | "verifyMany" | "isValidSigningPublicKey"
>;

/** Ed25519 by OpenSSL, which compares R as bytes and demands S < L; points of small order, which its versions treat differently, our checks refuse. */
export function ed25519(): Ed25519 {
	const privateKeys = new WeakMap<SigningKey, KeyObject>();
	const publicKeys = new LruMap<string, KeyObject | "refused">(cachedKeys);

	function lookUp(publicKey: Uint8Array): KeyObject | undefined {
		if (publicKey.length !== 32) return undefined;
		const token = bytesToken(publicKey);
		const known = publicKeys.get(token);
		if (known !== undefined) return known === "refused" ? undefined : known;
		const key = isUsableEd25519Point(publicKey) ? importPublicKey(publicKey) : undefined;
		publicKeys.set(token, key ?? "refused");
		return key;
	}

	function privateKeyOf(key: SigningKey): KeyObject {
		const found = privateKeys.get(key);
		if (found === undefined) throw new UsageError("signing key: expected one that this adapter imported");
		return found;
	}

	function verifySoon({ publicKey, message, signature }: Signed): Promise<boolean> {
		const key = lookUp(publicKey);
		if (key === undefined || !isUsableEd25519Signature(signature)) return Promise.resolve(false);
		return new Promise((resolve, reject) => {
			verifyNow(null, message, key, signature, (error, result) => (error ? reject(error) : resolve(result)));
		});
	}

	function verifyAtOnce({ publicKey, message, signature }: Signed): boolean {
		const key = lookUp(publicKey);
		return key !== undefined && isUsableEd25519Signature(signature) && verifyNow(null, message, key, signature);
	}

	return {
		async importSigningKey(pkcs8) {
			let key: KeyObject;
			try {
				key = createPrivateKey({ key: pkcs8 as Buffer, format: "der", type: "pkcs8" });
			} catch {
				// OpenSSL's reason is left out: it can quote what it read.
				throw new KeyError("signing key: expected an Ed25519 key in PKCS#8 DER", { code: "key-mismatch" });
			}
			if (key.asymmetricKeyType !== "ed25519") {
				throw new KeyError("signing key: expected Ed25519", {
					code: "key-mismatch",
					expected: "ed25519",
					found: key.asymmetricKeyType ?? "unknown",
				});
			}
			const publicKey = plainBytes(createPublicKey(key).export({ format: "der", type: "spki" })).slice(-32);
			const signingKey: SigningKey = { publicKey };
			privateKeys.set(signingKey, key);
			return signingKey;
		},

		sign: async (key, message) => plainBytes(signNow(null, message, privateKeyOf(key))),

		async signMany(key, messages) {
			const privateKey = privateKeyOf(key);
			if (messages.length < bulkSign) return messages.map((message) => plainBytes(signNow(null, message, privateKey)));
			return mapBounded(
				messages,
				(message) =>
					new Promise<Uint8Array>((resolve, reject) => {
						signNow(null, message, privateKey, (error, signature) =>
							error ? reject(error) : resolve(plainBytes(signature)),
						);
					}),
			);
		},

		verify: async (publicKey, message, signature) => verifyAtOnce({ publicKey, message, signature }),

		verifyMany: async (signed) =>
			signed.length < bulkVerify ? signed.map(verifyAtOnce) : mapBounded(signed, verifySoon),

		isValidSigningPublicKey: (publicKey) => lookUp(publicKey) !== undefined,
	};
}

/** RFC 8410 §4: what stands before the 32 raw bytes in SPKI DER. */
const spkiPrefix = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

function importPublicKey(publicKey: Uint8Array): KeyObject {
	const spki = new Uint8Array(spkiPrefix.length + 32);
	spki.set(spkiPrefix);
	spki.set(publicKey, spkiPrefix.length);
	return createPublicKey({ key: spki as Buffer, format: "der", type: "spki" });
}
