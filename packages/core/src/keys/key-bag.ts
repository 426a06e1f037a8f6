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

	/** All versions of a key with their times, newest first: to hand them over as they are. */
	getVersions(keyId: string): KeyVersion[] {
		return (this.#versions.get(keyId) ?? []).map(({ key, createdAt }) => ({ key: key.slice(), createdAt }));
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
		const fresh = this.#add(keyId, key, createdAt);
		if (fresh) this.#changed();
		return fresh;
	}

	/**
	 * Adds several versions of a key as one change, of which listeners are told once.
	 * @returns how many were not there before. @throws {UsageError} as `set` does; those before the one that did not fit are in.
	 */
	setMany(keyId: string, versions: readonly { readonly key: Uint8Array; readonly createdAt: number }[]): number {
		let added = 0;
		try {
			for (const { key, createdAt } of versions) if (this.#add(keyId, key, createdAt)) added++;
		} finally {
			if (added > 0) this.#changed();
		}
		return added;
	}

	/** How many further versions of a key find room; none under an id that no key can have. */
	roomFor(keyId: string): number {
		const idBytes = encodeUtf8(keyId).length;
		if (idBytes < 1 || idBytes > keyBagLimits.keyIdBytes) return 0;
		const versions = this.#versions.get(keyId);
		if (versions === undefined && this.#versions.size >= keyBagLimits.keyIds) return 0;
		return Math.min(keyBagLimits.versionsPerKeyId - (versions?.length ?? 0), keyBagLimits.versions - this.#count);
	}

	#add(keyId: string, key: Uint8Array, createdAt: number): boolean {
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
		return (await this.decryptAndImportVersions(keyId, [encryptedKey], { password, ...options })) > 0;
	}

	/**
	 * Takes in what `encryptAndExportVersions` made; nothing of it when one does not open.
	 * @returns how many were not there before. @throws {KeyError} `password`, `kdf-cost`, `key-mismatch`. @throws {FormatError}
	 */
	async decryptAndImportVersions(
		keyId: string,
		encryptedKeys: readonly EncryptedPrivateKey[],
		{ password, ...options }: KdfLimitOptions & { readonly password: string },
	): Promise<number> {
		const [first, ...others] = encryptedKeys.map((each) => parseEncryptedPrivateKey(each));
		if (first === undefined) return 0;
		const passwordKey = await unlockPasswordKey(this.#source, password, { encrypted: first, ...options });
		const versions = await Promise.all(
			[first, ...others].map(async (encrypted) => {
				const key = await passwordKey.open("symmetric", encrypted);
				if (key.length !== 32) throw new FormatError(`key: expected 32 bytes, found ${key.length}`, { keyId });
				return { key, createdAt: encrypted.createdAt };
			}),
		);
		const fresh = this.setMany(keyId, versions);
		await this.settled();
		return fresh;
	}

	/** The newest version of a key under a password of its own, to hand over. @throws {KeyError} `key-missing`, `kdf-cost`. */
	async encryptAndExportKey(
		keyId: string,
		{ password, ...options }: PasswordKeyOptions & { readonly password: string },
	): Promise<EncryptedPrivateKey> {
		const [newest] = await this.#export(keyId, 1, { password, ...options });
		return newest as EncryptedPrivateKey;
	}

	/** All versions of a key under one password, newest first. @throws {KeyError} `key-missing`, `kdf-cost`. */
	encryptAndExportVersions(
		keyId: string,
		options: PasswordKeyOptions & { readonly password: string },
	): Promise<EncryptedPrivateKey[]> {
		return this.#export(keyId, keyBagLimits.versionsPerKeyId, options);
	}

	async #export(
		keyId: string,
		most: number,
		{ password, ...options }: PasswordKeyOptions & { readonly password: string },
	): Promise<EncryptedPrivateKey[]> {
		const versions = this.#versions.get(keyId)?.slice(0, most);
		if (versions === undefined) throw new KeyError("key: expected one that the KeyBag holds", { keyId });
		const passwordKey = await createPasswordKey(this.#source, password, options);
		return Promise.all(versions.map(({ key, createdAt }) => passwordKey.seal("symmetric", key, createdAt)));
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

	/** Its content in the clear, for formats that seal it by themselves: CBOR as in key-bag-file.ts. */
	toBytes(): Uint8Array {
		return encodeKeyBag(this.#versions);
	}

	/** Inverse of `toBytes`. @throws {FormatError} */
	static fromBytes(source: KeySource, bytes: Uint8Array): KeyBag {
		const bag = new KeyBag(source);
		bag.#versions = decodeKeyBag(bytes);
		for (const versions of bag.#versions.values()) bag.#count += versions.length;
		return bag;
	}

	/** @returns the file of this KeyBag: UTF-8 JSON, all content encrypted. */
	async save(passwordKey: PasswordKey): Promise<Uint8Array> {
		let newest = 0;
		for (const versions of this.#versions.values()) newest = Math.max(newest, versions[0]?.createdAt ?? 0);
		return encodeUtf8(JSON.stringify(await passwordKey.seal("key-bag", this.toBytes(), newest)));
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
		return KeyBag.fromBytes(source, await passwordKey.open("key-bag", encrypted, keyBagLimits.fileBytes));
	}

	#changed(): void {
		const running = [...this.#listeners].map((listener) => listener());
		this.#settling = Promise.all([this.#settling, ...running]).then(() => {});
		// A failure waits for `settled`; it must not end the process before.
		this.#settling.catch(() => {});
	}
}
