import type { Clock } from "../../env.js";
import { TransportError } from "../../errors.js";
import type { Duplex } from "../../transport.js";
import { AuthenticatedDuplex } from "./authenticated-duplex.js";
import { Channel } from "./channel.js";
import type { HandshakeEnv } from "./handshake.js";
import type { InitiateOptions } from "./initiate.js";

interface OpenOptions {
	readonly env: HandshakeEnv["env"] & { readonly clock: Clock };
	/** Milliseconds for the whole handshake. @default 10_000 */
	readonly timeLimit?: number;
	/** Gives the handshake up; without effect once the channel is open. */
	readonly signal?: AbortSignal;
}

export type OpenChannelOptions =
	| ({ readonly role: "initiator" } & InitiateOptions & OpenOptions)
	| ({ readonly role: "responder" } & HandshakeEnv & OpenOptions);

/**
 * Makes an encrypted and authenticated connection of any duplex: whatever is read from the result comes from the key that it names as its
 * peer. A responder's caller decides only then whether it keeps the tenant and what the peer may do.
 *
 * The duplex belongs to the channel from then on; when no channel comes about it is aborted.
 * @throws {VerifyError} when the other side does not prove a key, or an initiator's peer proves another one than expected.
 * @throws {FormatError} on what no side would send.
 * @throws {TransportError} when the connection ends, or the time is up.
 */
export async function openChannel(duplex: Duplex, options: OpenChannelOptions): Promise<AuthenticatedDuplex> {
	const { env, timeLimit = 10_000, signal } = options;
	const channel = options.role === "initiator" ? Channel.initiate(options) : Channel.accept(options);
	const incoming = duplex.incoming[Symbol.asyncIterator]();
	let giveUp: (reason: unknown) => void = () => {};
	const givenUp = new Promise<never>((_, reject) => {
		giveUp = reject;
	});
	const cancelTimer = env.clock.after(timeLimit, () =>
		giveUp(new TransportError(`channel: no handshake in ${timeLimit} ms`, { retryable: true, expected: timeLimit })),
	);
	const onAbort = () => giveUp(signal?.reason);
	signal?.addEventListener("abort", onAbort, { once: true });
	try {
		signal?.throwIfAborted();
		const early = await Promise.race([shakeHands(channel, duplex, incoming), givenUp]);
		return new AuthenticatedDuplex({ channel, duplex, incoming, early });
	} catch (error) {
		duplex.abort();
		throw error;
	} finally {
		cancelTimer();
		signal?.removeEventListener("abort", onAbort);
	}
}

/** @returns plaintext that came together with the end of the handshake. */
async function shakeHands(
	channel: Channel,
	duplex: Duplex,
	incoming: AsyncIterator<Uint8Array>,
): Promise<readonly Uint8Array[]> {
	const first = await channel.start();
	if (first.length > 0) await duplex.send(first);
	for (;;) {
		const { done, value } = await incoming.next();
		if (done === true) throw new TransportError("channel: the connection ended in the handshake", { retryable: true });
		const { reply, plaintext } = await channel.receive(value);
		if (reply.length > 0) await duplex.send(reply);
		if (channel.established !== undefined) return plaintext;
	}
}
