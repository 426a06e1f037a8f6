/** Source of random bytes. Only adapters and the fakes of `@mindoodb/testing` implement it. */
export interface Random {
	/** @returns `length` fresh random bytes that belong to the caller. */
	randomBytes(length: number): Uint8Array;
}

/** An Ed25519 private key in the form that an adapter works with best; opaque everywhere else. */
export interface SigningKey {
	/** 32 raw bytes. */
	readonly publicKey: Uint8Array;
}

/** An RSA-OAEP private key in the form that an adapter works with best; opaque everywhere else. */
export interface UnwrappingKey {
	/** SPKI DER. */
	readonly publicKey: Uint8Array;
}

/** An X25519 private key in the form that an adapter works with best; opaque everywhere else. */
export interface AgreementKey {
	/** 32 raw bytes. */
	readonly publicKey: Uint8Array;
}

export interface KeyPairBytes {
	/** Ed25519: 32 raw bytes. RSA: SPKI DER. */
	readonly publicKey: Uint8Array;
	/** PKCS#8 DER. */
	readonly privateKey: Uint8Array;
}

export interface Argon2idCosts {
	readonly memoryKiB: number;
	readonly passes: number;
	readonly lanes: number;
}

export interface Signed {
	/** 32 raw bytes. */
	readonly publicKey: Uint8Array;
	readonly message: Uint8Array;
	/** 64 bytes. */
	readonly signature: Uint8Array;
}

/**
 * All cryptography that the database uses. Adapters are found in the package `mindoodb`; each passes `testCrypto`.
 *
 * Bulk forms answer in the order of their input and run up to 64 operations at once.
 */
export interface Crypto extends Random {
	/** SHA-256, 32 bytes. */
	sha256(data: Uint8Array): Promise<Uint8Array>;
	sha256Many(data: readonly Uint8Array[]): Promise<Uint8Array[]>;

	/** HMAC-SHA-256, 32 bytes. */
	hmac(key: Uint8Array, data: Uint8Array): Promise<Uint8Array>;

	/**
	 * AES-256-GCM with a 16-byte tag.
	 * @param key 32 bytes. Adapters may cache by identity of the array, so its bytes must not change.
	 * @param iv 12 bytes.
	 * @returns ciphertext ‖ tag.
	 */
	seal(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array): Promise<Uint8Array>;

	/** As `seal`, into `target`, which has 16 bytes more than the plaintext: large files would leave an array behind for each chunk. */
	sealInto(
		target: Uint8Array,
		key: Uint8Array,
		iv: Uint8Array,
		plaintext: Uint8Array,
		associatedData: Uint8Array,
	): Promise<void>;

	/** @returns the plaintext, or `undefined` when the tag does not fit. */
	open(
		key: Uint8Array,
		iv: Uint8Array,
		ciphertextAndTag: Uint8Array,
		associatedData: Uint8Array,
	): Promise<Uint8Array | undefined>;

	generateSigningKeyPair(): Promise<KeyPairBytes>;
	/** @throws {KeyError} `key-mismatch` when the bytes are not an Ed25519 PKCS#8 key. */
	importSigningKey(pkcs8: Uint8Array): Promise<SigningKey>;
	/** Ed25519, 64 bytes. */
	sign(key: SigningKey, message: Uint8Array): Promise<Uint8Array>;
	signMany(key: SigningKey, messages: readonly Uint8Array[]): Promise<Uint8Array[]>;

	/**
	 * Ed25519 as RFC 8032 §5.1.7 without the cofactor: R compared as bytes, S < L. A public key that is not canonical, not on
	 * the curve, or of small order never verifies. Replicas must not differ here, whatever their platform's library does.
	 */
	verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
	verifyMany(signed: readonly Signed[]): Promise<boolean[]>;
	/** Whether `publicKey` is 32 bytes, canonical, on the curve, and not of small order. */
	isValidSigningPublicKey(publicKey: Uint8Array): boolean;

	/** RSA-OAEP, 3,072 bits, SHA-256. */
	generateWrappingKeyPair(): Promise<KeyPairBytes>;
	/** @throws {KeyError} `key-mismatch` when the bytes are not an RSA PKCS#8 key of at least 2,048 bits. */
	importUnwrappingKey(pkcs8: Uint8Array): Promise<UnwrappingKey>;
	/** @param publicKey SPKI DER. @param label RSA-OAEP label; unwrapping under another label fails. */
	wrap(publicKey: Uint8Array, data: Uint8Array, label: Uint8Array): Promise<Uint8Array>;
	/** @returns the data, or `undefined` when key or label do not fit. */
	unwrap(key: UnwrappingKey, wrapped: Uint8Array, label: Uint8Array): Promise<Uint8Array | undefined>;

	/**
	 * X25519 (RFC 7748). A new key is made from 32 random bytes: each string of that length is a private key (§5).
	 * @param privateKey 32 raw bytes. @throws {KeyError} `key-mismatch` on another length.
	 */
	importAgreementKey(privateKey: Uint8Array): Promise<AgreementKey>;
	/**
	 * Public keys that are not canonical are taken as RFC 7748 §5 reads them.
	 * @param publicKey 32 raw bytes.
	 * @returns the 32 bytes that both sides come to, or `undefined` when they are all zero, whatever the private key is (a public key of small
	 * order, §6.1), or when the public key has another length.
	 */
	agree(key: AgreementKey, publicKey: Uint8Array): Promise<Uint8Array | undefined>;

	/** RFC 9106, version 0x13, 32 bytes. */
	argon2id(password: Uint8Array, salt: Uint8Array, costs: Argon2idCosts): Promise<Uint8Array>;
	/** RFC 8018 with HMAC-SHA-256, 32 bytes. */
	pbkdf2(password: Uint8Array, salt: Uint8Array, rounds: number): Promise<Uint8Array>;

	/** Raw DEFLATE (RFC 1951). */
	deflate(data: Uint8Array): Promise<Uint8Array>;
	/**
	 * Inverse of `deflate`.
	 * @param size exact size of the result in bytes; nothing larger is ever allocated.
	 * @returns `undefined` when the data is damaged, ends early, has trailing bytes, or unfolds to another size.
	 */
	inflate(data: Uint8Array, size: number): Promise<Uint8Array | undefined>;
	/** As `inflate` for data whose size nobody announced. @returns `undefined` also when it unfolds to more than `limit` bytes. */
	inflateAtMost(data: Uint8Array, limit: number): Promise<Uint8Array | undefined>;
}
