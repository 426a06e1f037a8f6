import type { Duplex } from "../../transport.js";
import { type Channel, type ChannelCounts, maxPlaintextLength } from "./channel.js";
import type { ChannelPeer } from "./handshake.js";

/** Messages that are encrypted before the transport has taken the ones before: about a mebibyte. */
const messagesAtOnce = 16;

interface Parts {
	/** Established. */
	readonly channel: Channel;
	readonly duplex: Duplex;
	/** The duplex's one reader. */
	readonly incoming: AsyncIterator<Uint8Array>;
	/** Plaintext that came with the end of the handshake. */
	readonly early: readonly Uint8Array[];
}

/** A duplex whose bytes nobody between the two sides can read or change, and whose other side is known. It carries plaintext. */
export class AuthenticatedDuplex implements Duplex, ChannelPeer {
	readonly peer: string;
	readonly tenantRoot: string;
	readonly resumed: boolean;
	readonly incoming: AsyncIterable<Uint8Array>;
	readonly remoteAddress?: string;
	readonly #channel: Channel;
	readonly #duplex: Duplex;
	#sending: Promise<void> = Promise.resolve();

	/** For `openChannel`. */
	constructor({ channel, duplex, incoming, early }: Parts) {
		const { peer, tenantRoot, resumed } = channel.established as ChannelPeer;
		this.peer = peer;
		this.tenantRoot = tenantRoot;
		this.resumed = resumed;
		if (duplex.remoteAddress !== undefined) this.remoteAddress = duplex.remoteAddress;
		this.#channel = channel;
		this.#duplex = duplex;
		this.incoming = decrypting({ channel, duplex, incoming, early });
	}

	/** Bytes so far, the handshake's too. */
	get counts(): ChannelCounts {
		return this.#channel.counts;
	}

	/**
	 * Resolves when there is room for more. What is sent one after the other arrives so, also when it is not awaited.
	 * @param bytes which must not change until then.
	 * @throws {TransportError} when the connection is gone.
	 */
	send(bytes: Uint8Array): Promise<void> {
		const sent = this.#sending.then(() => this.#send(bytes));
		// Behind a message that was lost the other side could open nothing: what waits fails with it. Whoever sent it is told.
		sent.catch(() => {});
		this.#sending = sent;
		return sent;
	}

	/** Sends what is waiting, then closes. */
	async close(): Promise<void> {
		await this.#sending.catch(() => {});
		await this.#duplex.close();
	}

	abort(): void {
		this.#duplex.abort();
	}

	async #send(bytes: Uint8Array): Promise<void> {
		const length = messagesAtOnce * maxPlaintextLength;
		for (let from = 0; from < bytes.length; from += length) {
			await this.#duplex.send(await this.#channel.encrypt(bytes.subarray(from, from + length)));
		}
	}
}

/**
 * Takes more from the duplex only when what came before was taken, so that a slow reader holds the other side back. An end in the middle
 * of a message is no end but a broken connection; an end between two is what whoever cuts the connection can feign.
 */
async function* decrypting({ channel, duplex, incoming, early }: Parts): AsyncGenerator<Uint8Array, void, undefined> {
	try {
		yield* early;
		for (;;) {
			const { done, value } = await incoming.next();
			if (done === true) return channel.end();
			yield* (await channel.receive(value)).plaintext;
		}
	} catch (error) {
		duplex.abort();
		throw error;
	} finally {
		await incoming.return?.();
	}
}
