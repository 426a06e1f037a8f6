import { concatBytes } from "../../bytes/concat.js";
import { encodeUtf8 } from "../../bytes/text.js";
import type { Crypto } from "../../crypto/crypto.js";
import { hkdfExpand, hkdfExtract } from "../../crypto/hkdf.js";
import { CipherState, tagLength } from "./cipher-state.js";

const nothing = new Uint8Array(0);

/** SymmetricState of the Noise framework (revision 34, §5.2) with SHA-256: chaining key, handshake hash, and the cipher of the moment. */
export class SymmetricState {
	readonly #crypto: Crypto;
	#chainingKey: Uint8Array;
	#hash: Uint8Array;
	#cipher: CipherState | undefined;

	private constructor(crypto: Crypto, hash: Uint8Array) {
		this.#crypto = crypto;
		this.#chainingKey = hash;
		this.#hash = hash;
	}

	/** InitializeSymmetric. @param protocolName ASCII. */
	static async start(crypto: Crypto, protocolName: string): Promise<SymmetricState> {
		const name = encodeUtf8(protocolName);
		return new SymmetricState(
			crypto,
			name.length <= 32 ? concatBytes(name, new Uint8Array(32 - name.length)) : await crypto.sha256(name),
		);
	}

	/** Covers everything that both sides have sent; the same on both. */
	get handshakeHash(): Uint8Array {
		return this.#hash.slice();
	}

	async mixHash(data: Uint8Array): Promise<void> {
		this.#hash = await this.#crypto.sha256(concatBytes(this.#hash, data));
	}

	async mixKey(inputKey: Uint8Array): Promise<void> {
		const [chainingKey, key] = await this.#derive(inputKey, 2);
		this.#chainingKey = chainingKey;
		this.#cipher = new CipherState(this.#crypto, key);
	}

	/** For pre-shared keys. */
	async mixKeyAndHash(inputKey: Uint8Array): Promise<void> {
		const [chainingKey, hashed, key] = await this.#derive(inputKey, 3);
		this.#chainingKey = chainingKey;
		await this.mixHash(hashed);
		this.#cipher = new CipherState(this.#crypto, key);
	}

	/** @returns the plaintext itself before the first key. */
	async encryptAndHash(plaintext: Uint8Array): Promise<Uint8Array> {
		const sealed = this.#cipher === undefined ? plaintext.slice() : new Uint8Array(plaintext.length + tagLength);
		await this.#cipher?.encryptInto(sealed, plaintext, this.#hash);
		await this.mixHash(sealed);
		return sealed;
	}

	/** @throws {VerifyError} when it does not open. */
	async decryptAndHash(ciphertext: Uint8Array): Promise<Uint8Array> {
		const plaintext = (await this.#cipher?.decrypt(ciphertext, this.#hash)) ?? ciphertext.slice();
		await this.mixHash(ciphertext);
		return plaintext;
	}

	/** @returns the ciphers of what the initiator sends and of what the responder sends. */
	async split(): Promise<readonly [CipherState, CipherState]> {
		const [initiator, responder] = await this.#derive(nothing, 2);
		return [new CipherState(this.#crypto, initiator), new CipherState(this.#crypto, responder)];
	}

	/** Bytes that encryption adds at the moment. */
	get tagLength(): number {
		return this.#cipher === undefined ? 0 : tagLength;
	}

	/** HKDF of §4.3, which is that of RFC 5869 without info. */
	async #derive(inputKey: Uint8Array, count: 2): Promise<readonly [Uint8Array, Uint8Array]>;
	async #derive(inputKey: Uint8Array, count: 3): Promise<readonly [Uint8Array, Uint8Array, Uint8Array]>;
	async #derive(inputKey: Uint8Array, count: number): Promise<readonly Uint8Array[]> {
		const pseudorandomKey = await hkdfExtract(this.#crypto, this.#chainingKey, inputKey);
		const output = await hkdfExpand(this.#crypto, pseudorandomKey, nothing, 32 * count);
		return Array.from({ length: count }, (_, i) => output.slice(32 * i, 32 * (i + 1)));
	}
}
