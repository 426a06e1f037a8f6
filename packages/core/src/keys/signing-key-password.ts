/** Signing keys of a tenant, administration and recovery, from one password to another. */
import { equalBytes } from "../bytes/compare.js";
import { KeyError } from "../errors.js";
import type { EncryptedKeyPair, SigningPurpose, UnlockOptions } from "./key-pair.js";
import { parseEncryptedKeyPair } from "./key-pair.js";
import { createPasswordKey, type KeySource, type PasswordKeyOptions, unlockPasswordKey } from "./password-key.js";
import { decodeSigningKeyPem, encodeSigningKeyPem } from "./pem.js";

export interface ChangeKeyPasswordOptions extends PasswordKeyOptions {
	readonly oldPassword: string;
	readonly newPassword: string;
	/** What the key is for. @default "administration" */
	readonly purpose?: SigningPurpose;
}

/**
 * Puts a signing key under another password. Copies under the old password stay as they are, and as good as it is.
 * @throws {KeyError} `password`, `kdf-cost`; `key-mismatch` when the public key is not the private one's.
 */
export async function changeSigningKeyPassword(
	source: KeySource,
	pair: EncryptedKeyPair,
	{ oldPassword, newPassword, purpose = "administration", ...options }: ChangeKeyPasswordOptions,
): Promise<EncryptedKeyPair> {
	const { limits = {} } = options;
	const privateKey = await openSigningKeyBytes(source, pair, { password: oldPassword, purpose, limits });
	const { createdAt } = pair.privateKey;
	return sealSigningKeyBytes(source, privateKey, { password: newPassword, purpose, createdAt, ...options });
}

/** The private key itself, PKCS#8 DER. @throws {KeyError} as `changeSigningKeyPassword`. */
export async function openSigningKeyBytes(
	source: KeySource,
	pair: EncryptedKeyPair,
	{ password, purpose, ...options }: UnlockOptions & { readonly purpose: SigningPurpose },
): Promise<Uint8Array> {
	const { publicKey, privateKey: encrypted } = parseEncryptedKeyPair(pair);
	const passwordKey = await unlockPasswordKey(source, password, { encrypted, ...options });
	const privateKey = await passwordKey.open(purpose, encrypted);
	const found = (await source.crypto.importSigningKey(privateKey)).publicKey;
	if (!equalBytes(found, decodeSigningKeyPem(publicKey))) {
		throw new KeyError("key pair: expected the public key of this private key", { code: "key-mismatch" });
	}
	return privateKey;
}

/** @param privateKey PKCS#8 DER. @param options `createdAt`: milliseconds. */
export async function sealSigningKeyBytes(
	source: KeySource,
	privateKey: Uint8Array,
	{
		password,
		purpose,
		createdAt,
		...options
	}: PasswordKeyOptions & {
		readonly password: string;
		readonly purpose: SigningPurpose;
		readonly createdAt: number;
	},
): Promise<EncryptedKeyPair> {
	const { publicKey } = await source.crypto.importSigningKey(privateKey);
	const passwordKey = await createPasswordKey(source, password, options);
	return {
		publicKey: encodeSigningKeyPem(publicKey),
		privateKey: await passwordKey.seal(purpose, privateKey, createdAt),
	};
}
