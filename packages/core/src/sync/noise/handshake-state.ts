import { concatBytes } from "../../bytes/concat.js";
import type { AgreementKey, Crypto, Random } from "../../crypto/crypto.js";
import { FormatError, UsageError, VerifyError } from "../../errors.js";
import type { CipherState } from "./cipher-state.js";
import type { Pattern, Token } from "./patterns.js";
import { SymmetricState } from "./symmetric-state.js";

/** Most bytes of a Noise message (§3). */
export const maxMessageLength = 65_535;
const keyLength = 32;

export interface HandshakeOptions {
	readonly crypto: Crypto;
	/** Gives the ephemeral key. */
	readonly random: Random;
	readonly pattern: Pattern;
	readonly initiator: boolean;
	readonly prologue: Uint8Array;
	/** This side's static key, where the pattern sends one. */
	readonly staticKey?: AgreementKey;
	/** The pre-shared key, 32 bytes, where the pattern has one. */
	readonly psk?: Uint8Array;
}

/** Ciphers of one side, once the handshake is done. */
export interface Transport {
	readonly outgoing: CipherState;
	readonly incoming: CipherState;
}

/**
 * HandshakeState of the Noise framework (revision 34, §5.3), for patterns without pre-messages. Messages are written and read in turn; after an
 * error the handshake is of no use any more.
 */
export class HandshakeState {
	readonly #options: HandshakeOptions;
	readonly #symmetric: SymmetricState;
	#ephemeral: AgreementKey | undefined;
	#remoteEphemeral: Uint8Array | undefined;
	#remoteStatic: Uint8Array | undefined;
	#done = 0;

	private constructor(options: HandshakeOptions, symmetric: SymmetricState) {
		this.#options = options;
		this.#symmetric = symmetric;
	}

	static async start(options: HandshakeOptions): Promise<HandshakeState> {
		const symmetric = await SymmetricState.start(options.crypto, options.pattern.protocolName);
		await symmetric.mixHash(options.prologue);
		return new HandshakeState(options, symmetric);
	}

	/** The other side's static key, once it was read. 32 raw bytes. */
	get remoteStatic(): Uint8Array | undefined {
		return this.#remoteStatic;
	}

	get handshakeHash(): Uint8Array {
		return this.#symmetric.handshakeHash;
	}

	/** @throws {UsageError} out of turn. */
	async writeMessage(payload: Uint8Array): Promise<Uint8Array> {
		const parts: Uint8Array[] = [];
		for (const token of this.#takeTurn(true)) {
			if (token === "e") parts.push(await this.#writeEphemeral());
			else if (token === "s") parts.push(await this.#symmetric.encryptAndHash(this.#staticKey().publicKey));
			else await this.#mix(token);
		}
		parts.push(await this.#symmetric.encryptAndHash(payload));
		const message = concatBytes(...parts);
		if (message.length > maxMessageLength)
			throw new UsageError("Noise: a payload that is too long", { found: payload.length });
		return message;
	}

	/**
	 * @returns the payload.
	 * @throws {UsageError} out of turn.
	 * @throws {FormatError} when the message is too short or too long.
	 * @throws {VerifyError} when it was changed, or made for another handshake, or its key is of small order.
	 */
	async readMessage(message: Uint8Array): Promise<Uint8Array> {
		if (message.length > maxMessageLength) throw lengthError(message.length);
		let rest = message;
		const take = (length: number): Uint8Array => {
			if (rest.length < length) throw lengthError(message.length);
			const taken = rest.slice(0, length);
			rest = rest.subarray(length);
			return taken;
		};
		for (const token of this.#takeTurn(false)) {
			if (token === "e") await this.#readEphemeral(take(keyLength));
			else if (token === "s") {
				this.#remoteStatic = await this.#symmetric.decryptAndHash(take(keyLength + this.#symmetric.tagLength));
			} else await this.#mix(token);
		}
		return this.#symmetric.decryptAndHash(rest);
	}

	/** @throws {UsageError} before the last message. */
	async split(): Promise<Transport> {
		if (this.#done < this.#options.pattern.messages.length) throw new UsageError("Noise: the handshake is not done");
		const [initiator, responder] = await this.#symmetric.split();
		return this.#options.initiator
			? { outgoing: initiator, incoming: responder }
			: { outgoing: responder, incoming: initiator };
	}

	#takeTurn(writing: boolean): readonly Token[] {
		const tokens = this.#options.pattern.messages[this.#done];
		const initiatorsTurn = this.#done % 2 === 0;
		if (tokens === undefined || (initiatorsTurn === this.#options.initiator) !== writing) {
			throw new UsageError("Noise: a message out of turn");
		}
		this.#done++;
		return tokens;
	}

	async #writeEphemeral(): Promise<Uint8Array> {
		const { crypto, random } = this.#options;
		this.#ephemeral = await crypto.importAgreementKey(random.randomBytes(keyLength));
		await this.#mixEphemeral(this.#ephemeral.publicKey);
		return this.#ephemeral.publicKey;
	}

	async #readEphemeral(publicKey: Uint8Array): Promise<void> {
		this.#remoteEphemeral = publicKey;
		await this.#mixEphemeral(publicKey);
	}

	/** §9.2: with a pre-shared key ephemerals go into the key too, else two handshakes could begin under the same one. */
	async #mixEphemeral(publicKey: Uint8Array): Promise<void> {
		await this.#symmetric.mixHash(publicKey);
		if (this.#options.psk !== undefined) await this.#symmetric.mixKey(publicKey);
	}

	async #mix(token: Exclude<Token, "e" | "s">): Promise<void> {
		const { psk, initiator } = this.#options;
		if (token === "psk") {
			if (psk?.length !== keyLength) throw new UsageError("Noise: expected a pre-shared key of 32 bytes");
			await this.#symmetric.mixKeyAndHash(psk);
		} else if (token === "ee") await this.#agree(this.#ephemeral, this.#remoteEphemeral);
		else if ((token === "es") === initiator) await this.#agree(this.#ephemeral, this.#remoteStatic);
		else await this.#agree(this.#staticKey(), this.#remoteEphemeral);
	}

	async #agree(own: AgreementKey | undefined, remote: Uint8Array | undefined): Promise<void> {
		if (own === undefined || remote === undefined) throw new UsageError("Noise: a key that was not sent yet");
		const shared = await this.#options.crypto.agree(own, remote);
		// §12.1 leaves this to the protocol. A key of small order contributes nothing: whoever sends one wants a shared key that others know.
		if (shared === undefined) throw new VerifyError("channel: a key of small order", { code: "signature" });
		await this.#symmetric.mixKey(shared);
	}

	#staticKey(): AgreementKey {
		if (this.#options.staticKey === undefined) throw new UsageError("Noise: this pattern wants a static key");
		return this.#options.staticKey;
	}
}

function lengthError(found: number): FormatError {
	return new FormatError("Noise: a message of another length", { found });
}
