import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { type AgreementKey, type Crypto, UsageError } from "@mindoodb/core";
import { checkAgreementKey, isZero } from "../shared/arguments.js";
import { plainBytes } from "./bytes.js";

/** RFC 8410 §7: what stands before the 32 raw bytes in PKCS#8 DER. */
const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);

/** X25519 by OpenSSL. Public keys go in and out as JWK (RFC 8037): OpenSSL 3.0 takes ten times as long to read or write DER. */
export function x25519(): Pick<Crypto, "importAgreementKey" | "agree"> {
	const privateKeys = new WeakMap<AgreementKey, KeyObject>();

	return {
		async importAgreementKey(privateKey) {
			checkAgreementKey(privateKey);
			const der = Buffer.concat([pkcs8Prefix, privateKey]);
			const imported = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
			der.fill(0);
			const { x = "" } = createPublicKey(imported).export({ format: "jwk" });
			const key: AgreementKey = { publicKey: plainBytes(Buffer.from(x, "base64url")) };
			privateKeys.set(key, imported);
			return key;
		},

		async agree(key, publicKey) {
			const privateKey = privateKeys.get(key);
			if (privateKey === undefined) throw new UsageError("agreement key: expected one that this adapter imported");
			if (publicKey.length !== 32) return undefined;
			const x = Buffer.from(publicKey).toString("base64url");
			const other = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
			let shared: Uint8Array;
			try {
				shared = plainBytes(diffieHellman({ privateKey, publicKey: other }));
			} catch {
				// OpenSSL gives no result that is all zero.
				return undefined;
			}
			return isZero(shared) ? undefined : shared;
		},
	};
}
