import { readUint, writeUint } from "../../bytes/big-endian.js";
import { concatBytes } from "../../bytes/concat.js";
import { FormatError, TransportError, UsageError } from "../../errors.js";
import { tagLength } from "../noise/cipher-state.js";
import { maxMessageLength } from "../noise/handshake-state.js";
import { accept } from "./accept.js";
import { ByteGatherer, type Input } from "./byte-gatherer.js";
import {
	type ChannelPeer,
	type Established,
	type Handshake,
	type HandshakeEnv,
	lengthBytes,
	nothing,
} from "./handshake.js";
import { type InitiateOptions, initiate } from "./initiate.js";

/** Bytes that went over a channel. */
export interface ChannelCounts {
	/** Plaintext. */
	readonly sent: number;
	readonly received: number;
	/** With handshake, lengths and tags: what the transport is given. */
	readonly wireSent: number;
	readonly wireReceived: number;
}

/** What a channel made of bytes from the other side. */
export interface Received {
	/** To be sent at once; empty when there is nothing to say. */
	readonly reply: Uint8Array;
	/** Pieces of the other side's stream, each with at least one byte. None before the channel is established. */
	readonly plaintext: readonly Uint8Array[];
}

/** Most bytes of plaintext in one message. */
export const maxPlaintextLength = maxMessageLength - tagLength;

/**
 * One side of an encrypted and authenticated connection, without I/O: bytes of the other side go in, bytes for it and plaintext come out.
 * Where the bytes are cut into pieces means nothing. After an error every call throws that error.
 */
export class Channel {
	readonly #handshake: Handshake;
	readonly #gatherer = new ByteGatherer();
	#established: Established | undefined;
	#failure: unknown;
	/** Bytes that come next: of the handshake; then the length of a message, and the message, in turn. */
	#want = 0;
	#lengthIsNext = true;
	readonly #counts = { sent: 0, received: 0, wireSent: 0, wireReceived: 0 };

	private constructor(handshake: Handshake) {
		this.#handshake = handshake;
	}

	static initiate(options: InitiateOptions): Channel {
		return new Channel(initiate(options));
	}

	static accept(options: HandshakeEnv): Channel {
		return new Channel(accept(options));
	}

	/** Once both sides have proved their keys; `undefined` before. */
	get established(): ChannelPeer | undefined {
		return this.#established;
	}

	get counts(): ChannelCounts {
		return { ...this.#counts };
	}

	/** To be called once, before anything else. @returns what is to be sent first; empty for a responder. */
	async start(): Promise<Uint8Array> {
		return this.#guard(() => this.#advance(nothing));
	}

	/**
	 * To be called with one piece after the other: each when the one before is through.
	 * @param bytes which are not held when the call is through.
	 * @throws {FormatError} on what no side would send.
	 * @throws {VerifyError} when something was changed, or the other side does not prove an expected key.
	 * @throws {TransportError} when the connection has carried as much as one key may.
	 */
	async receive(bytes: Uint8Array): Promise<Received> {
		return this.#guard(async () => {
			this.#counts.wireReceived += bytes.length;
			const input: Input = { bytes, offset: 0 };
			const replies: Uint8Array[] = [];
			const plaintext: Uint8Array[] = [];
			for (;;) {
				const piece = this.#gatherer.takeView(input, this.#want);
				if (piece === undefined) return { reply: concatBytes(...replies), plaintext };
				if (this.#established === undefined) replies.push(await this.#advance(piece));
				else if (this.#lengthIsNext) this.#expectMessage(readUint(piece, 0, lengthBytes));
				else plaintext.push(await this.#decrypt(this.#established, piece));
			}
		});
	}

	/**
	 * Messages of up to 65,519 bytes of plaintext each. Calls need not wait for each other, but what they give is to be sent in the order of
	 * the calls.
	 * @throws {UsageError} before the channel is established.
	 * @throws {TransportError} when the connection has carried as much as one key may.
	 */
	async encrypt(plaintext: Uint8Array): Promise<Uint8Array> {
		return this.#guard(async () => {
			if (this.#established === undefined) throw new UsageError("channel: expected to be established");
			const { outgoing } = this.#established;
			const messages = Math.ceil(plaintext.length / maxPlaintextLength);
			const wire = new Uint8Array(plaintext.length + messages * (lengthBytes + tagLength));
			const sealing: Promise<void>[] = [];
			for (let from = 0, at = 0; from < plaintext.length; from += maxPlaintextLength) {
				const piece = plaintext.subarray(from, from + maxPlaintextLength);
				at = writeUint(wire, at, piece.length + tagLength, lengthBytes);
				sealing.push(outgoing.encryptInto(wire.subarray(at, at + piece.length + tagLength), piece, nothing));
				at += piece.length + tagLength;
			}
			await Promise.all(sealing);
			this.#counts.sent += plaintext.length;
			this.#counts.wireSent += wire.length;
			return wire;
		});
	}

	/** To be called when the other side sends no more. @throws {TransportError} when it stopped in the middle of something. */
	end(): void {
		if (this.#established !== undefined && this.#lengthIsNext && this.#gatherer.filled === 0) return;
		throw new TransportError("channel: the connection ended in the middle of a message", { retryable: true });
	}

	async #advance(bytes: Uint8Array): Promise<Uint8Array> {
		const { done, value } = await this.#handshake.next(bytes);
		this.#counts.wireSent += value.send.length;
		if (done === true) {
			this.#established = value;
			this.#want = lengthBytes;
		} else this.#want = value.want;
		return value.send;
	}

	#expectMessage(length: number): void {
		if (length <= tagLength) throw new FormatError("channel: a message without content", { found: length });
		this.#want = length;
		this.#lengthIsNext = false;
	}

	async #decrypt({ incoming }: Established, message: Uint8Array): Promise<Uint8Array> {
		const plaintext = await incoming.decrypt(message, nothing);
		this.#counts.received += plaintext.length;
		this.#want = lengthBytes;
		this.#lengthIsNext = true;
		return plaintext;
	}

	async #guard<T>(work: () => Promise<T>): Promise<T> {
		if (this.#failure !== undefined) throw this.#failure;
		try {
			return await work();
		} catch (error) {
			if (!(error instanceof UsageError)) this.#failure ??= error;
			throw error;
		}
	}
}
