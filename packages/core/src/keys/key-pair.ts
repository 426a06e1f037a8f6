/** Key pairs whose private half stands under a password. Source: docs/entry-format.md, "Password-protected keys". */
import { equalBytes } from "../bytes/compare.js";
import type { SigningKey, UnwrappingKey } from "../crypto/crypto.js";
import { KeyError } from "../errors.js";
import { decodeJsonObject, textField } from "./json-fields.js";
import type { KdfLimitOptions } from "./kdf.js";
import {
	createPasswordKey,
	type EncryptedPrivateKey,
	type KeySource,
	type PasswordKey,
	type PasswordKeyOptions,
	parseEncryptedPrivateKey,
	unlockPasswordKey,
} from "./password-key.js";
import { decodePublicKeyPem, decodeSigningKeyPem, encodePublicKeyPem, encodeSigningKeyPem } from "./pem.js";

/** A `KeySource` that can also tell the time. Every `Env` is one. */
export interface KeyMaker extends KeySource {
	readonly clock: { now(): number };
}

export interface EncryptedKeyPair {
	/** PEM of SPKI DER. */
	readonly publicKey: string;
	/** PKCS#8 DER under a password. */
	readonly privateKey: EncryptedPrivateKey;
}

/** What a signing key is for: a user's own, or the tenant's administration or recovery key. */
export type SigningPurpose = "signing" | "administration" | "recovery";

/** Makes an Ed25519 key pair under a password of its own. */
export async function createSigningKeyPair(
	env: KeyMaker,
	password: string,
	{ purpose = "signing", ...options }: PasswordKeyOptions & { readonly purpose?: SigningPurpose } = {},
): Promise<EncryptedKeyPair> {
	return makeSigningKeyPair(env, await createPasswordKey(env, password, options), purpose);
}

/** Makes an RSA-OAEP key pair of 3,072 bits under a password of its own. */
export async function createEncryptionKeyPair(
	env: KeyMaker,
	password: string,
	options: PasswordKeyOptions = {},
): Promise<EncryptedKeyPair> {
	return makeEncryptionKeyPair(env, await createPasswordKey(env, password, options));
}

/** Makes a random 32-byte key under a password of its own, to hand over and to import into a KeyBag. */
export async function createSymmetricEncryptedPrivateKey(
	env: KeyMaker,
	password: string,
	options: PasswordKeyOptions = {},
): Promise<EncryptedPrivateKey> {
	const passwordKey = await createPasswordKey(env, password, options);
	return passwordKey.seal("symmetric", env.random.randomBytes(32), env.clock.now());
}

/** @throws {KeyError} `password`, `kdf-cost`; `key-mismatch` when the public key is not the private one's. @throws {FormatError} */
export async function unlockSigningKeyPair(
	source: KeySource,
	pair: EncryptedKeyPair,
	{ password, purpose = "signing", ...options }: UnlockOptions & { readonly purpose?: SigningPurpose },
): Promise<SigningKey> {
	const { privateKey: encrypted } = parseEncryptedKeyPair(pair);
	return openSigningKey(source, pair, await unlockPasswordKey(source, password, { encrypted, ...options }), purpose);
}

export interface UnlockOptions extends KdfLimitOptions {
	readonly password: string;
}

/** Reads and checks every field of the JSON form. @throws {FormatError} */
export function parseEncryptedKeyPair(value: unknown): EncryptedKeyPair {
	const fields = decodeJsonObject(value, "key pair", ["publicKey", "privateKey"]);
	return { publicKey: textField(fields, "publicKey"), privateKey: parseEncryptedPrivateKey(fields.privateKey) };
}

export async function makeSigningKeyPair(
	env: KeyMaker,
	passwordKey: PasswordKey,
	purpose: SigningPurpose,
): Promise<EncryptedKeyPair> {
	const { publicKey, privateKey } = await env.crypto.generateSigningKeyPair();
	return {
		publicKey: encodeSigningKeyPem(publicKey),
		privateKey: await passwordKey.seal(purpose, privateKey, env.clock.now()),
	};
}

export async function makeEncryptionKeyPair(env: KeyMaker, passwordKey: PasswordKey): Promise<EncryptedKeyPair> {
	const { publicKey, privateKey } = await env.crypto.generateWrappingKeyPair();
	return {
		publicKey: encodePublicKeyPem(publicKey),
		privateKey: await passwordKey.seal("encryption", privateKey, env.clock.now()),
	};
}

export async function openSigningKey(
	{ crypto }: KeySource,
	pair: EncryptedKeyPair,
	passwordKey: PasswordKey,
	purpose: SigningPurpose,
): Promise<SigningKey> {
	const announced = decodeSigningKeyPem(pair.publicKey);
	const key = await crypto.importSigningKey(await passwordKey.open(purpose, pair.privateKey));
	checkSamePublicKey(key.publicKey, announced);
	return key;
}

export async function openUnwrappingKey(
	{ crypto }: KeySource,
	pair: EncryptedKeyPair,
	passwordKey: PasswordKey,
): Promise<UnwrappingKey> {
	const announced = decodePublicKeyPem(pair.publicKey);
	const key = await crypto.importUnwrappingKey(await passwordKey.open("encryption", pair.privateKey));
	checkSamePublicKey(key.publicKey, announced);
	return key;
}

function checkSamePublicKey(found: Uint8Array, announced: Uint8Array): void {
	if (equalBytes(found, announced)) return;
	throw new KeyError("key pair: expected the public key of this private key", { code: "key-mismatch" });
}
