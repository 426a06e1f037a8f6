/** From the signature of a wallet to the keys of a profile. dm3 derives everything from that one signature, so that it can be found again. */
import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64, toBase64 } from "../../bytes/base64.js";
import { Dm3Error } from "../dm3-error.js";
import { sha256Text, utf8Of } from "../text/sha256-text.js";

/** Ed25519 (RFC 8032). */
export interface Ed25519 {
	/** @param seed 32 bytes. @returns the public key, 32 bytes. */
	publicKey(seed: Uint8Array): Promise<Uint8Array>;
	/** @returns the detached signature, 64 bytes. */
	sign(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array>;
}

/** What opens a user's conversations. */
export interface StorageKeys {
	/** The storage encryption key, 32 bytes. */
	readonly storageKey: Uint8Array;
	/** base64 text of the signature over the user's own ENS name; leads to the root container. */
	readonly signature: string;
}

/** base64 texts, as a dm3 profile has them. */
export interface SigningKeyPair {
	readonly publicKey: string;
	/** 64 bytes: seed ‖ public key. */
	readonly privateKey: string;
}

/** The nonce that profiles without one of their own use. */
export const defaultStorageNonce = sha256Text("dm3_default_nonce");

/**
 * The text that a wallet signs (EIP-191) to give the storage key.
 * @param address the account's address with its checksum.
 */
export function storageKeyMessage(address: string, nonce: string = defaultStorageNonce): string {
	return [
		"dm3.chat wants you to sign in with your Ethereum account:",
		address,
		"",
		"Connect the DM3 MESSENGER with your wallet. Keys for secure communication are derived from this signature.",
		"",
		"(There is no paid transaction initiated. The signature is used off-chain only.)",
		"",
		"URI: https://dm3.chat",
		"Version: 1",
		`Nonce: ${nonce}`,
	].join("\n");
}

/**
 * @param walletSignature the wallet's signature over `storageKeyMessage` as "0x" and hex digits. Its *text* is hashed, as the reference
 * does, so upper-case digits give another key.
 * @returns the storage encryption key, 32 bytes.
 */
export function deriveStorageKey(walletSignature: string): Uint8Array {
	return sha256(utf8Of(walletSignature));
}

/** The signing keys of a profile: the storage key is the seed. */
export async function deriveSigningKeys(storageKey: Uint8Array, ed25519: Ed25519): Promise<SigningKeyPair> {
	const seed = checkStorageKey(storageKey);
	const publicKey = await ed25519.publicKey(seed);
	const privateKey = new Uint8Array(64);
	privateKey.set(seed);
	privateKey.set(publicKey, 32);
	return { publicKey: toBase64(publicKey), privateKey: toBase64(privateKey) };
}

/** @returns base64 text of the signature over the name, as it is given. */
export async function signName(storageKey: Uint8Array, name: string, ed25519: Ed25519): Promise<string> {
	return toBase64(await ed25519.sign(checkStorageKey(storageKey), utf8Of(name)));
}

/** @param ownName the user's ENS name. */
export async function deriveStorageKeys(
	walletSignature: string,
	ownName: string,
	ed25519: Ed25519,
): Promise<StorageKeys> {
	const storageKey = deriveStorageKey(walletSignature);
	return { storageKey, signature: await signName(storageKey, ownName, ed25519) };
}

/** @param text base64 of 32 bytes. @throws {Dm3Error} `argument` */
export function decodeStorageKey(text: string): Uint8Array {
	const key = fromBase64(text);
	if (key === undefined) throw new Dm3Error("argument", "storage key: expected base64");
	return checkStorageKey(key);
}

/** @throws {Dm3Error} `argument` unless it has 32 bytes. */
export function checkStorageKey(key: Uint8Array): Uint8Array {
	if (key.length === 32) return key;
	throw new Dm3Error("argument", "storage key: expected 32 bytes", { expected: 32, found: key.length });
}
