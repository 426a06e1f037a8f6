import { writeUint } from "../../bytes/big-endian.js";
import type { Crypto } from "../../crypto/crypto.js";
import { TransportError, VerifyError } from "../../errors.js";

/** Bytes that encryption adds. */
export const tagLength = 16;

/**
 * Messages under one key. Noise would allow 2^64 - 1; behind 2^32 messages of 65,519 bytes (2^44 blocks) AES-GCM leaves an attacker an
 * advantage of 2^-41, and 281 TB have gone over one connection, which then has to be made anew.
 */
const mostMessages = 2 ** 32;

/** CipherState of the Noise framework (revision 34, §5.1) with AESGCM (§12.3): a key and the number of the next message. */
export class CipherState {
	readonly #crypto: Crypto;
	readonly #key: Uint8Array;
	#next: number;

	/** @param key 32 bytes. @param next number of the first message. */
	constructor(crypto: Crypto, key: Uint8Array, next = 0) {
		this.#crypto = crypto;
		this.#key = key;
		this.#next = next;
	}

	/**
	 * The number is taken at once: messages are numbered in the order of the calls, also when they are not awaited.
	 * @param target 16 bytes longer than the plaintext.
	 * @throws {TransportError} when the key has been used up.
	 */
	async encryptInto(target: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array): Promise<void> {
		const nonce = nonceOf(this.#takeNumber());
		await this.#crypto.sealInto(target, this.#key, nonce, plaintext, associatedData);
	}

	/** @throws {VerifyError} when the message was not made under this key and number; the number stays then. */
	async decrypt(ciphertext: Uint8Array, associatedData: Uint8Array): Promise<Uint8Array> {
		const number = this.#takeNumber();
		const plaintext = await this.#crypto.open(this.#key, nonceOf(number), ciphertext, associatedData);
		if (plaintext !== undefined) return plaintext;
		this.#next = number;
		throw new VerifyError("channel: a message does not open", { code: "signature" });
	}

	#takeNumber(): number {
		if (this.#next >= mostMessages) {
			throw new TransportError(`channel: more than ${mostMessages} messages on one connection`, { retryable: true });
		}
		return this.#next++;
	}
}

/** §12.3: 32 zero bits, then the number in 64 bits, most significant byte first. */
function nonceOf(number: number): Uint8Array {
	const nonce = new Uint8Array(12);
	writeUint(nonce, 4, number, 8);
	return nonce;
}
