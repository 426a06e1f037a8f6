import { equalBytes } from "../bytes/compare.js";
import { encodeUtf8 } from "../bytes/text.js";
import { FormatError, KeyError, UsageError } from "../errors.js";
import type { KdfLimitOptions } from "./kdf.js";
import {
	checkCounts,
	checkVersion,
	decodeKeyBag,
	encodeKeyBag,
	type KeyVersion,
	keyBagLimits,
	parseKeyBagFile,
} from "./key-bag-file.js";
import {
	createPasswordKey,
	type EncryptedPrivateKey,
	type KeySource,
	PasswordKey,
	type PasswordKeyOptions,
	parseEncryptedPrivateKey,
	unlockPasswordKey,
} from "./password-key.js";

/** Told after each change; what it returns is awaited by `settled`. */
export type KeyBagListener = () => Promise<void>;

/** 32-byte keys by id, several versions of each, newest first. Keys go in and come out as copies. */
export class KeyBag {
	readonly #source: KeySource;
	#versions: Map<string, KeyVersion[]> = new Map();
	#count = 0;
	readonly #listeners = new Set<KeyBagListener>();
	#settling: Promise<void> = Promise.resolve();

	/** An empty KeyBag. @param source every `Env` is one. */
	constructor(source: KeySource) {
		this.#source = source;
	}

	/** The newest version of a key. */
	get(keyId: string): Uint8Array | undefined {
		return this.#versions.get(keyId)?.[0]?.key.slice();
	}

	/** All versions of a key, newest first. */
	getAllKeys(keyId: string): Uint8Array[] {
		return (this.#versions.get(keyId) ?? []).map(({ key }) => key.slice());
	}

	/** Ids in the order in which they came in. */
	listKeys(): string[] {
		return [...this.#versions.keys()];
	}

	/** Whether a version of this key is here; with `key`, whether that version is. */
	has(keyId: string, key?: Uint8Array): boolean {
		const versions = this.#versions.get(keyId);
		return key === undefined
			? versions !== undefined
			: (versions ?? []).some((version) => equalBytes(version.key, key));
	}

	/**
	 * Adds a version of a key. Of two versions with equal `createdAt` the one set later counts as newer.
	 * @param key 32 bytes. @param createdAt milliseconds since 1970.
	 * @returns false when this version was there before; it keeps its place.
	 * @throws {UsageError} when a limit is reached, or an argument is not what it should be.
	 */
	set(keyId: string, key: Uint8Array, createdAt: number): boolean {
		const refuse = (message: string) => new UsageError(message, { keyId });
		checkVersion(keyId, key, createdAt, refuse);
		if (this.has(keyId, key)) return false;
		const versions = this.#versions.get(keyId);
		checkCounts(this.#versions.size + (versions ? 0 : 1), (versions?.length ?? 0) + 1, this.#count + 1, refuse);
		const version = { key: key.slice(), createdAt };
		if (versions === undefined) {
			this.#versions.set(keyId, [version]);
		} else {
			const place = versions.findIndex((other) => other.createdAt <= createdAt);
			versions.splice(place < 0 ? versions.length : place, 0, version);
		}
		this.#count++;
		this.#changed();
		return true;
	}

	/** Removes all versions of a key. What is encrypted under them cannot be read here any more. @returns whether there were any. */
	deleteKey(keyId: string): boolean {
		this.#count -= this.#versions.get(keyId)?.length ?? 0;
		if (!this.#versions.delete(keyId)) return false;
		this.#changed();
		return true;
	}

	/**
	 * Takes in a key that somebody made by `createSymmetricEncryptedPrivateKey` or `encryptAndExportKey`; resolves once listeners
	 * are done.
	 * @returns false when it was there before. @throws {KeyError} `password`, `kdf-cost`. @throws {FormatError}
	 */
	async decryptAndImportKey(
		keyId: string,
		encryptedKey: EncryptedPrivateKey,
		{ password, ...options }: KdfLimitOptions & { readonly password: string },
	): Promise<boolean> {
		const encrypted = parseEncryptedPrivateKey(encryptedKey);
		const passwordKey = await unlockPasswordKey(this.#source, password, { encrypted, ...options });
		const key = await passwordKey.open("symmetric", encrypted);
		if (key.length !== 32) throw new FormatError(`key: expected 32 bytes, found ${key.length}`, { keyId });
		const fresh = this.set(keyId, key, encrypted.createdAt);
		await this.settled();
		return fresh;
	}

	/** The newest version of a key under a password of its own, to hand over. @throws {KeyError} `key-missing`, `kdf-cost`. */
	async encryptAndExportKey(
		keyId: string,
		{ password, ...options }: PasswordKeyOptions & { readonly password: string },
	): Promise<EncryptedPrivateKey> {
		const version = this.#versions.get(keyId)?.[0];
		if (version === undefined) throw new KeyError("key: expected one that the KeyBag holds", { keyId });
		const passwordKey = await createPasswordKey(this.#source, password, options);
		return passwordKey.seal("symmetric", version.key, version.createdAt);
	}

	/** Tells an owner of every change, so that it can save. @returns a function that ends it. */
	onChange(listener: KeyBagListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Resolves when listeners have dealt with all changes so far. @throws the first failure of a listener, once. */
	async settled(): Promise<void> {
		const settling = this.#settling;
		try {
			await settling;
		} finally {
			if (this.#settling === settling) this.#settling = Promise.resolve();
		}
	}

	/** @returns the file of this KeyBag: UTF-8 JSON, all content encrypted. */
	async save(passwordKey: PasswordKey): Promise<Uint8Array> {
		let newest = 0;
		for (const versions of this.#versions.values()) newest = Math.max(newest, versions[0]?.createdAt ?? 0);
		return encodeUtf8(JSON.stringify(await passwordKey.seal("key-bag", encodeKeyBag(this.#versions), newest)));
	}

	/**
	 * Opens a saved KeyBag.
	 * @param unlock the identity's password key, or the password.
	 * @throws {KeyError} `password`, `key-mismatch`, `kdf-cost`. @throws {FormatError} when the file is damaged.
	 */
	static async load(
		source: KeySource,
		file: Uint8Array,
		unlock: PasswordKey | ({ readonly password: string } & KdfLimitOptions),
	): Promise<KeyBag> {
		const encrypted = parseKeyBagFile(file);
		let passwordKey = unlock;
		if (!(passwordKey instanceof PasswordKey)) {
			const { password, ...options } = passwordKey;
			passwordKey = await unlockPasswordKey(source, password, { encrypted, ...options });
		}
		const bag = new KeyBag(source);
		bag.#versions = decodeKeyBag(await passwordKey.open("key-bag", encrypted, keyBagLimits.fileBytes));
		for (const versions of bag.#versions.values()) bag.#count += versions.length;
		return bag;
	}

	#changed(): void {
		const running = [...this.#listeners].map((listener) => listener());
		this.#settling = Promise.all([this.#settling, ...running]).then(() => {});
		// A failure waits for `settled`; it must not end the process before.
		this.#settling.catch(() => {});
	}
}
