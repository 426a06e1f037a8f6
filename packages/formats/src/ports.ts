/** What a format needs of the platform. The database's own crypto adapters satisfy `Random` and `Aead`; `formats/node` has all of them. */

/** Source of random bytes. */
export interface Random {
	/** @returns `length` fresh random bytes that belong to the caller. */
	randomBytes(length: number): Uint8Array;
}

/** Authenticated encryption with a 32-byte key, a 12-byte nonce and a 16-byte tag. */
export interface Aead {
	/** @returns ciphertext ‖ tag. */
	seal(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array): Promise<Uint8Array>;
	/** @returns the plaintext, or `undefined` when the tag does not fit. */
	open(
		key: Uint8Array,
		iv: Uint8Array,
		ciphertextAndTag: Uint8Array,
		associatedData: Uint8Array,
	): Promise<Uint8Array | undefined>;
}

/** Bytes that can be read anywhere: a file, memory, a `Blob`, a range of an HTTP resource. */
export interface ByteSource {
	/** Bytes in all. */
	readonly size: number;
	/** @returns the bytes `[offset, offset + length)`; fewer only when the source ends before. */
	read(offset: number, length: number): Promise<Uint8Array>;
}

/** A folder whose files are small enough to be read whole. Names have no separators. */
export interface Folder {
	/** @returns `undefined` when there is no such file. */
	read(name: string): Promise<Uint8Array | undefined>;
	/** Replaces a file whole or not at all: whoever reads meanwhile, or after a crash, finds the old bytes or the new ones. */
	write(name: string, bytes: Uint8Array): Promise<void>;
	/** Silent when there is no such file. */
	delete(name: string): Promise<void>;
	/** Names of the files, in no order. */
	list(): Promise<readonly string[]>;
}
