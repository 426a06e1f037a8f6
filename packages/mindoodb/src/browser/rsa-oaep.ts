import { type Crypto, KeyError, type UnwrappingKey, UsageError } from "@mindoodb/core";
import { checkWrappedSize, rsaBits } from "../shared/arguments.js";
import { bufferSource } from "./buffer-source.js";

type RsaOaep = Pick<Crypto, "generateWrappingKeyPair" | "importUnwrappingKey" | "wrap" | "unwrap">;

const algorithm = { name: "RSA-OAEP", hash: "SHA-256" } as const;

/** RSA-OAEP with SHA-256 for hash and mask, by WebCrypto. */
export function webRsaOaep(subtle: SubtleCrypto): RsaOaep {
	const privateKeys = new WeakMap<UnwrappingKey, CryptoKey>();
	const parameters = (label: Uint8Array) => ({ name: "RSA-OAEP", label: bufferSource(label) });

	return {
		async generateWrappingKeyPair() {
			const publicExponent = Uint8Array.of(1, 0, 1);
			const kind = { ...algorithm, modulusLength: 3072, publicExponent };
			const pair = await subtle.generateKey(kind, true, ["encrypt", "decrypt"]);
			return {
				publicKey: new Uint8Array(await subtle.exportKey("spki", pair.publicKey)),
				privateKey: new Uint8Array(await subtle.exportKey("pkcs8", pair.privateKey)),
			};
		},

		async importUnwrappingKey(pkcs8) {
			const importPrivate = (extractable: boolean) =>
				subtle.importKey("pkcs8", bufferSource(pkcs8), algorithm, extractable, ["decrypt"]);
			const exportable = await importRsa(() => importPrivate(true));
			const { kty, n, e } = await subtle.exportKey("jwk", exportable);
			if (kty === undefined || n === undefined || e === undefined) throw badKey("unknown");
			const publicKey = await subtle.importKey("jwk", { kty, n, e }, algorithm, true, ["encrypt"]);
			const unwrappingKey: UnwrappingKey = { publicKey: new Uint8Array(await subtle.exportKey("spki", publicKey)) };
			privateKeys.set(unwrappingKey, await importPrivate(false));
			return unwrappingKey;
		},

		async wrap(publicKey, data, label) {
			const key = await importRsa(() =>
				subtle.importKey("spki", bufferSource(publicKey), algorithm, false, ["encrypt"]),
			);
			checkWrappedSize(data.length, modulusBits(key));
			return new Uint8Array(await subtle.encrypt(parameters(label), key, bufferSource(data)));
		},

		async unwrap(key, wrapped, label) {
			const privateKey = privateKeys.get(key);
			if (privateKey === undefined) throw new UsageError("unwrapping key: expected one that this adapter imported");
			// A platform that builds on OpenSSL also takes what lost its leading zeros; RFC 8017 §7.1.2 does not.
			if (wrapped.length * 8 !== modulusBits(privateKey)) return undefined;
			try {
				return new Uint8Array(await subtle.decrypt(parameters(label), privateKey, bufferSource(wrapped)));
			} catch {
				return undefined;
			}
		},
	};
}

async function importRsa(read: () => Promise<CryptoKey>): Promise<CryptoKey> {
	let key: CryptoKey;
	try {
		key = await read();
	} catch {
		throw new KeyError("RSA key: expected DER of an RSA key", { code: "key-mismatch" });
	}
	const bits = modulusBits(key);
	if (bits < rsaBits.least || bits > rsaBits.most) throw badKey(bits);
	return key;
}

function modulusBits(key: CryptoKey): number {
	return (key.algorithm as RsaHashedKeyAlgorithm).modulusLength;
}

function badKey(found: number | string): KeyError {
	return new KeyError(`RSA key: expected ${rsaBits.least} to ${rsaBits.most} bits`, { code: "key-mismatch", found });
}
