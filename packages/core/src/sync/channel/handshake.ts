import { readUint, writeUint } from "../../bytes/big-endian.js";
import { concatBytes } from "../../bytes/concat.js";
import type { Crypto, Random } from "../../crypto/crypto.js";
import { FormatError } from "../../errors.js";
import { tagLength } from "../noise/cipher-state.js";
import type { Transport } from "../noise/handshake-state.js";
import { type ChannelIdentity, proofLength } from "./proof.js";
import type { TicketBook } from "./ticket-book.js";

/** What a handshake of either role needs. */
export interface HandshakeEnv {
	readonly env: { readonly crypto: Crypto; readonly random: Random };
	readonly identity: ChannelIdentity;
	/** Where tickets are taken from; without one nothing is resumed. */
	readonly tickets?: TicketBook;
}

/** With whom a channel speaks, and for what. */
export interface ChannelPeer {
	/** Signing key of the other side, which it has proved; hex. */
	readonly peer: string;
	/** Tenant that the initiator asked for; hex. That the responder keeps it is not said. */
	readonly tenantRoot: string;
	/** Whether a ticket stood in for the proofs: the peer's standing may have changed since. */
	readonly resumed: boolean;
}

/** What a handshake comes to. */
export interface Established extends ChannelPeer, Transport {
	/** Bytes that go out before anything else. */
	readonly send: Uint8Array;
}

/** What a handshake sends, and how many bytes it wants next. */
export interface Step {
	readonly send: Uint8Array;
	readonly want: number;
}

/** One side of a handshake, without I/O: it is resumed with exactly the bytes that it wants. */
export type Handshake = AsyncGenerator<Step, Established, Uint8Array>;

/** Bytes of the length that stands before each message. */
export const lengthBytes = 2;
export const nothing = new Uint8Array(0);

const keyLength = 32;

/** Bytes of the Noise messages; what is encrypted has a tag. They never vary: longer ones are refused before they are waited for. */
export const messageLengths = {
	/** e */
	first: keyLength,
	/** e, s, proof */
	second: keyLength + (keyLength + tagLength) + (proofLength + tagLength),
	/** s, proof */
	third: keyLength + tagLength + (proofLength + tagLength),
	/** e, nothing; both messages of a resumption */
	resumption: keyLength + tagLength,
} as const;

/** A message as it travels: uint16, most significant byte first, then the message. */
export function framed(message: Uint8Array): Uint8Array {
	const length = new Uint8Array(lengthBytes);
	writeUint(length, 0, message.length, lengthBytes);
	return concatBytes(length, message);
}

/** Sends, then takes the length of a message. */
export async function* takeLength(send: Uint8Array): AsyncGenerator<Step, number, Uint8Array> {
	return readUint(yield { send, want: lengthBytes }, 0, lengthBytes);
}

/** Sends, then takes a message of one length. @throws {FormatError} on any other length. */
export async function* takeMessage(send: Uint8Array, length: number): AsyncGenerator<Step, Uint8Array, Uint8Array> {
	const found = yield* takeLength(send);
	if (found !== length) throw unexpectedLength(length, found);
	return yield { send: nothing, want: length };
}

export function unexpectedLength(expected: number, found: number): FormatError {
	return new FormatError("channel: a handshake message of another length", { expected, found });
}
