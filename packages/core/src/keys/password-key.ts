/**
 * Keys under a password.
 *
 * ikm = KDF(UTF-8 of NFC(password), salt), once per identity; key = HKDF(ikm, salt "mindoodb/1/password", info = purpose, 32);
 * AES-256-GCM under it with associated data CBOR[purpose, kdf name, costs…, salt].
 *
 * Source: docs/entry-format.md, "Password-protected keys".
 */
import { toBase64 } from "../bytes/base64.js";
import { encodeCbor } from "../bytes/cbor.js";
import { equalBytes } from "../bytes/compare.js";
import { concatBytes } from "../bytes/concat.js";
import { asciiBytes } from "../bytes/text.js";
import type { Crypto, Random } from "../crypto/crypto.js";
import { hkdfExpand, hkdfExtract } from "../crypto/hkdf.js";
import { KeyError } from "../errors.js";
import { base64Field, decodeJsonObject, integerField } from "./json-fields.js";
import {
	checkKdf,
	defaultKdf,
	derivePassword,
	equalKdf,
	type Kdf,
	type KdfLimitOptions,
	kdfCosts,
	parseKdf,
} from "./kdf.js";

/** What the functions of this folder need of an `Env`. */
export interface KeySource {
	readonly crypto: Crypto;
	readonly random: Random;
}

/** What a key under a password is for. One that was made for another purpose does not open. */
export type KeyPurpose = "signing" | "encryption" | "symmetric" | "key-bag" | "administration" | "recovery" | "device";

/** A key under a password, as JSON. Byte strings are standard base64 with padding. */
export interface EncryptedPrivateKey {
	readonly ciphertext: string;
	/** 12 bytes. */
	readonly iv: string;
	/** 16 bytes. */
	readonly tag: string;
	/** 16 bytes. */
	readonly salt: string;
	readonly kdf: Kdf;
	/** Milliseconds since 1970; not protected by the password. */
	readonly createdAt: number;
}

export interface PasswordKeyOptions extends KdfLimitOptions {
	/** @default Argon2id with 64 MiB, 3 passes, 4 lanes */
	readonly kdf?: Kdf;
}

/** Largest ciphertext of a single key: RSA with 8,192 bits takes under 5 KB. */
const keyBytes = 16 * 1024;

const passwordSalt = asciiBytes("mindoodb/1/password");

/**
 * A password after its slow derivation. One opens and seals everything of an identity: its signing key, its encryption key and
 * its KeyBag share salt and costs. It is as secret as the password and is never stored.
 */
export class PasswordKey {
	readonly kdf: Kdf;
	readonly #salt: Uint8Array;
	readonly #source: KeySource;
	readonly #pseudorandomKey: Uint8Array;
	readonly #keys = new Map<KeyPurpose, Promise<Uint8Array>>();

	/** Made by `createPasswordKey` and `unlockPasswordKey`. */
	private constructor(source: KeySource, kdf: Kdf, salt: Uint8Array, pseudorandomKey: Uint8Array) {
		this.#source = source;
		this.kdf = kdf;
		this.#salt = salt;
		this.#pseudorandomKey = pseudorandomKey;
	}

	/** @internal */
	static async derive(source: KeySource, password: string, kdf: Kdf, salt: Uint8Array): Promise<PasswordKey> {
		const inputKey = await derivePassword(source.crypto, password, kdf, salt);
		return new PasswordKey(source, kdf, salt, await hkdfExtract(source.crypto, passwordSalt, inputKey));
	}

	/** 16 bytes. */
	get salt(): Uint8Array {
		return this.#salt.slice();
	}

	/** @param createdAt milliseconds since 1970. */
	async seal(purpose: KeyPurpose, plaintext: Uint8Array, createdAt: number): Promise<EncryptedPrivateKey> {
		const { crypto, random } = this.#source;
		const iv = random.randomBytes(12);
		const sealed = await crypto.seal(await this.#keyFor(purpose), iv, plaintext, this.#associatedData(purpose));
		return {
			ciphertext: toBase64(sealed.subarray(0, -16)),
			iv: toBase64(iv),
			tag: toBase64(sealed.subarray(-16)),
			salt: toBase64(this.#salt),
			kdf: this.kdf,
			createdAt,
		};
	}

	/** @throws {KeyError} `password`, or `key-mismatch` when salt or costs are those of another password key. */
	async open(purpose: KeyPurpose, encrypted: EncryptedPrivateKey, mostBytes: number = keyBytes): Promise<Uint8Array> {
		const fields = decodeEncrypted(encrypted, mostBytes);
		if (!equalKdf(fields.kdf, this.kdf) || !equalBytes(fields.salt, this.#salt)) {
			throw new KeyError("password: expected the salt and costs of this identity", { code: "key-mismatch" });
		}
		const key = await this.#keyFor(purpose);
		const sealed = concatBytes(fields.ciphertext, fields.tag);
		const plaintext = await this.#source.crypto.open(key, fields.iv, sealed, this.#associatedData(purpose));
		if (plaintext === undefined) {
			throw new KeyError(
				`password: it does not open this ${purpose} key, or the key is for another purpose or damaged`,
				{
					code: "password",
					expected: purpose,
				},
			);
		}
		return plaintext;
	}

	#keyFor(purpose: KeyPurpose): Promise<Uint8Array> {
		let key = this.#keys.get(purpose);
		if (key === undefined) {
			key = hkdfExpand(this.#source.crypto, this.#pseudorandomKey, asciiBytes(purpose));
			this.#keys.set(purpose, key);
		}
		return key;
	}

	#associatedData(purpose: KeyPurpose): Uint8Array {
		return encodeCbor([purpose, this.kdf.name, ...kdfCosts(this.kdf), this.#salt]);
	}
}

/** Derives a new password key under a random salt. @throws {KeyError} `kdf-cost` */
export async function createPasswordKey(
	source: KeySource,
	password: string,
	{ kdf = defaultKdf, limits = {} }: PasswordKeyOptions = {},
): Promise<PasswordKey> {
	checkKdf(kdf, limits);
	return PasswordKey.derive(source, password, kdf, source.random.randomBytes(16));
}

/**
 * Derives the password key that `encrypted` was made with. Whether the password is right shows when it opens something.
 * @throws {KeyError} `kdf-cost` when the costs that it states are outside the limits.
 */
export async function unlockPasswordKey(
	source: KeySource,
	password: string,
	{ encrypted, limits = {} }: { readonly encrypted: EncryptedPrivateKey } & KdfLimitOptions,
): Promise<PasswordKey> {
	const { kdf, salt } = decodeSaltAndKdf(encrypted);
	checkKdf(kdf, limits);
	return PasswordKey.derive(source, password, kdf, salt);
}

/** Reads and checks every field of the JSON form. @param most bytes of ciphertext, @default 16 KiB. @throws {FormatError} */
export function parseEncryptedPrivateKey(value: unknown, most: number = keyBytes): EncryptedPrivateKey {
	const { kdf, createdAt } = decodeEncrypted(value, most);
	const { ciphertext, iv, tag, salt } = value as EncryptedPrivateKey;
	return { ciphertext, iv, tag, salt, kdf, createdAt };
}

function decodeEncrypted(value: unknown, most: number) {
	const { fields, kdf, salt } = decodeSaltAndKdf(value);
	return {
		ciphertext: base64Field(fields, "ciphertext", 0, most),
		iv: base64Field(fields, "iv", 12, 12),
		tag: base64Field(fields, "tag", 16, 16),
		salt,
		kdf,
		createdAt: integerField(fields, "createdAt"),
	};
}

function decodeSaltAndKdf(value: unknown) {
	const names = ["ciphertext", "iv", "tag", "salt", "kdf", "createdAt"];
	const fields = decodeJsonObject(value, "encrypted key", names);
	return { fields, kdf: parseKdf(fields.kdf), salt: base64Field(fields, "salt", 16, 16) };
}
