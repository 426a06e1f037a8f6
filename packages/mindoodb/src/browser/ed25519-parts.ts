/** Making, importing and using private keys. `Private` is the implementation's form of a key. */
export interface Ed25519Signer<Private> {
	generate(): Promise<{ readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }>;
	/** Rejects when the bytes are not an Ed25519 PKCS#8 key. */
	importPrivate(pkcs8: Uint8Array): Promise<{ readonly key: Private; readonly publicKey: Uint8Array }>;
	sign(key: Private, message: Uint8Array): Promise<Uint8Array>;
}

/** Verification under keys that passed our own check. `Public` is the implementation's form of a key. */
export interface Ed25519Verifier<Public> {
	importPublic(publicKey: Uint8Array): Promise<Public>;
	verify(key: Public, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}
