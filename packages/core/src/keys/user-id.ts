/** A user's identity: a name, a signing key and an encryption key, the private halves under one password. */
import { encodeUtf8 } from "../bytes/text.js";
import type { SigningKey, UnwrappingKey } from "../crypto/crypto.js";
import { FormatError, UsageError } from "../errors.js";
import { decodeJsonObject, textField } from "./json-fields.js";
import { equalKdf } from "./kdf.js";
import {
	type EncryptedKeyPair,
	type KeyMaker,
	makeEncryptionKeyPair,
	makeSigningKeyPair,
	openSigningKey,
	openUnwrappingKey,
	parseEncryptedKeyPair,
	type UnlockOptions,
} from "./key-pair.js";
import {
	createPasswordKey,
	type KeySource,
	type PasswordKey,
	type PasswordKeyOptions,
	unlockPasswordKey,
} from "./password-key.js";
import { decodePublicKeyPem, decodeSigningKeyPem } from "./pem.js";

/** What others may know of a user. Plain JSON. */
export interface PublicUserId {
	/** NFC, 1 to 256 bytes of UTF-8. */
	readonly username: string;
	/** Ed25519, PEM of SPKI DER. */
	readonly userSigningPublicKey: string;
	/** RSA-OAEP, PEM of SPKI DER. */
	readonly userEncryptionPublicKey: string;
}

/** A user's own identity. Plain JSON; both private keys stand under one password, with one salt and one KDF. */
export interface PrivateUserId {
	readonly username: string;
	readonly userSigningKeyPair: EncryptedKeyPair;
	readonly userEncryptionKeyPair: EncryptedKeyPair;
}

/** An identity while it is in use. */
export interface UnlockedUser {
	readonly username: string;
	readonly signingKey: SigningKey;
	readonly unwrappingKey: UnwrappingKey;
	/** Opens and seals the KeyBag of the same identity without a second slow derivation. */
	readonly passwordKey: PasswordKey;
}

/** A `PublicUserId` as bytes. */
export interface UserPublicKeys {
	readonly username: string;
	/** 32 raw bytes. */
	readonly signingKey: Uint8Array;
	/** SPKI DER. */
	readonly encryptionKey: Uint8Array;
}

const usernameBytes = 256;
/** Control characters, line ends, and marks that turn the direction of writing. */
const unshowable = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/**
 * Makes a new identity: Ed25519 and RSA-OAEP with 3,072 bits.
 * @param username is brought to NFC. @throws {UsageError} when it is empty, ill-formed, longer than 256 bytes, or holds control characters.
 */
export async function createUserId(
	env: KeyMaker,
	username: string,
	{ password, ...options }: PasswordKeyOptions & { readonly password: string },
): Promise<PrivateUserId> {
	const name = checkUsername(username.normalize("NFC"), (message) => new UsageError(message, { field: "username" }));
	const passwordKey = await createPasswordKey(env, password, options);
	const userSigningKeyPair = await makeSigningKeyPair(env, passwordKey, "signing");
	return { username: name, userSigningKeyPair, userEncryptionKeyPair: await makeEncryptionKeyPair(env, passwordKey) };
}

/** The part of an identity to give to others. */
export function toPublicUserId(userId: PrivateUserId): PublicUserId {
	return {
		username: userId.username,
		userSigningPublicKey: userId.userSigningKeyPair.publicKey,
		userEncryptionPublicKey: userId.userEncryptionKeyPair.publicKey,
	};
}

/**
 * Opens an identity with one slow derivation.
 * @throws {KeyError} `password`, `kdf-cost`, `key-mismatch`. @throws {FormatError} on a damaged identity.
 */
export async function unlockUserId(
	source: KeySource,
	userId: PrivateUserId,
	{ password, ...options }: UnlockOptions,
): Promise<UnlockedUser> {
	const { username, userSigningKeyPair, userEncryptionKeyPair } = parsePrivateUserId(userId);
	const passwordKey = await unlockPasswordKey(source, password, {
		encrypted: userSigningKeyPair.privateKey,
		...options,
	});
	return {
		username,
		signingKey: await openSigningKey(source, userSigningKeyPair, passwordKey, "signing"),
		unwrappingKey: await openUnwrappingKey(source, userEncryptionKeyPair, passwordKey),
		passwordKey,
	};
}

/**
 * Puts both private keys under another password. The identity given stays as it is.
 *
 * A KeyBag of the identity must be saved again with the `passwordKey` returned, before the old identity is thrown away.
 * @throws {KeyError} `password` when the old one is wrong, `kdf-cost`.
 */
export async function changePassword(
	source: KeySource,
	userId: PrivateUserId,
	{
		oldPassword,
		newPassword,
		kdf,
		limits = {},
	}: PasswordKeyOptions & { readonly oldPassword: string; readonly newPassword: string },
): Promise<{ readonly userId: PrivateUserId; readonly passwordKey: PasswordKey }> {
	const { username, userSigningKeyPair, userEncryptionKeyPair } = parsePrivateUserId(userId);
	const { passwordKey: old } = await unlockUserId(source, userId, { password: oldPassword, limits });
	const fresh = await createPasswordKey(source, newPassword, { ...(kdf === undefined ? {} : { kdf }), limits });
	const reseal = async (pair: EncryptedKeyPair, purpose: "signing" | "encryption"): Promise<EncryptedKeyPair> => ({
		publicKey: pair.publicKey,
		privateKey: await fresh.seal(purpose, await old.open(purpose, pair.privateKey), pair.privateKey.createdAt),
	});
	return {
		userId: {
			username,
			userSigningKeyPair: await reseal(userSigningKeyPair, "signing"),
			userEncryptionKeyPair: await reseal(userEncryptionKeyPair, "encryption"),
		},
		passwordKey: fresh,
	};
}

/** Reads and checks every field of the JSON form. @throws {FormatError} */
export function parsePrivateUserId(value: unknown): PrivateUserId {
	const fields = decodeJsonObject(value, "user id", ["username", "userSigningKeyPair", "userEncryptionKeyPair"]);
	const userSigningKeyPair = parseEncryptedKeyPair(fields.userSigningKeyPair);
	const userEncryptionKeyPair = parseEncryptedKeyPair(fields.userEncryptionKeyPair);
	decodeSigningKeyPem(userSigningKeyPair.publicKey);
	decodePublicKeyPem(userEncryptionKeyPair.publicKey);
	const [signing, encryption] = [userSigningKeyPair.privateKey, userEncryptionKeyPair.privateKey];
	if (signing.salt !== encryption.salt || !equalKdf(signing.kdf, encryption.kdf)) {
		throw new FormatError("user id: expected one salt and one kdf for both keys", { field: "salt" });
	}
	return { username: usernameField(fields.username), userSigningKeyPair, userEncryptionKeyPair };
}

/** Reads and checks every field of the JSON form. @throws {FormatError} */
export function parsePublicUserId(value: unknown): PublicUserId {
	const names = ["username", "userSigningPublicKey", "userEncryptionPublicKey"];
	const fields = decodeJsonObject(value, "user id", names);
	const userSigningPublicKey = textField(fields, "userSigningPublicKey");
	const userEncryptionPublicKey = textField(fields, "userEncryptionPublicKey");
	decodeSigningKeyPem(userSigningPublicKey);
	decodePublicKeyPem(userEncryptionPublicKey);
	return { username: usernameField(fields.username), userSigningPublicKey, userEncryptionPublicKey };
}

/** The keys of a user as bytes. @throws {FormatError} */
export function userPublicKeys(userId: PublicUserId): UserPublicKeys {
	const { username, userSigningPublicKey, userEncryptionPublicKey } = parsePublicUserId(userId);
	return {
		username,
		signingKey: decodeSigningKeyPem(userSigningPublicKey),
		encryptionKey: decodePublicKeyPem(userEncryptionPublicKey),
	};
}

function usernameField(value: unknown): string {
	const refuse = (message: string) => new FormatError(message, { field: "username" });
	if (typeof value !== "string") throw refuse("username: expected text");
	return checkUsername(value, refuse);
}

function checkUsername(username: string, refuse: (message: string) => Error): string {
	let length: number;
	try {
		length = encodeUtf8(username).length;
	} catch {
		throw refuse("username: expected well-formed text");
	}
	if (length < 1 || length > usernameBytes)
		throw refuse(`username: expected 1 to ${usernameBytes} bytes, found ${length}`);
	// Shown where people compare words and grant rights: a name must not write over what stands around it.
	if (unshowable.test(username)) throw refuse("username: expected no control characters");
	if (username.normalize("NFC") !== username) throw refuse("username: expected Unicode normalization form C");
	return username;
}
