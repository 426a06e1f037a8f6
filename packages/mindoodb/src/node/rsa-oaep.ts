import {
	constants,
	createPrivateKey,
	createPublicKey,
	type KeyObject,
	privateDecrypt,
	publicEncrypt,
} from "node:crypto";
import { type Crypto, KeyError, type UnwrappingKey, UsageError } from "@mindoodb/core";
import { checkWrappedSize, rsaBits } from "../shared/arguments.js";
import { plainBytes } from "./bytes.js";

type RsaOaep = Pick<Crypto, "importUnwrappingKey" | "wrap" | "unwrap">;

/** RSA-OAEP with SHA-256 for hash and mask. */
export function rsaOaep(): RsaOaep {
	const privateKeys = new WeakMap<UnwrappingKey, KeyObject>();

	return {
		async importUnwrappingKey(pkcs8) {
			const key = importRsa(() => createPrivateKey({ key: pkcs8 as Buffer, format: "der", type: "pkcs8" }));
			const unwrappingKey: UnwrappingKey = {
				publicKey: plainBytes(createPublicKey(key).export({ format: "der", type: "spki" })),
			};
			privateKeys.set(unwrappingKey, key);
			return unwrappingKey;
		},

		async wrap(publicKey, data, label) {
			const key = importRsa(() => createPublicKey({ key: publicKey as Buffer, format: "der", type: "spki" }));
			checkWrappedSize(data.length, key.asymmetricKeyDetails?.modulusLength ?? 0);
			return plainBytes(publicEncrypt({ key, ...padding, oaepLabel: label as Buffer }, data));
		},

		async unwrap(key, wrapped, label) {
			const privateKey = privateKeys.get(key);
			if (privateKey === undefined) throw new UsageError("unwrapping key: expected one that this adapter imported");
			// OpenSSL also takes what lost its leading zeros; RFC 8017 §7.1.2 does not.
			if (wrapped.length * 8 !== privateKey.asymmetricKeyDetails?.modulusLength) return undefined;
			try {
				return plainBytes(privateDecrypt({ key: privateKey, ...padding, oaepLabel: label as Buffer }, wrapped));
			} catch {
				return undefined;
			}
		},
	};
}

const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" } as const;

function importRsa(read: () => KeyObject): KeyObject {
	let key: KeyObject;
	try {
		key = read();
	} catch {
		throw new KeyError("RSA key: expected DER of an RSA key", { code: "key-mismatch" });
	}
	const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
	if (key.asymmetricKeyType !== "rsa" || bits < rsaBits.least || bits > rsaBits.most) {
		throw new KeyError(`RSA key: expected ${rsaBits.least} to ${rsaBits.most} bits`, {
			code: "key-mismatch",
			found: key.asymmetricKeyType === "rsa" ? bits : (key.asymmetricKeyType ?? "unknown"),
		});
	}
	return key;
}
