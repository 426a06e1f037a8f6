/**
 * What carries the bytes between two replicas. Nobody trusts it: the channel above encrypts and authenticates. Adapters are found in the
 * package `mindoodb`; each passes `testTransport` of `@mindoodb/testing`.
 */

/** One connection: a duplex of bytes, reliable and in order. Where it is cut into pieces means nothing. */
export interface Duplex {
	/**
	 * What the other side sends, for one reader; one that stopped may go on later. Ends when the other side closed, or this one; throws a
	 * `TransportError` when the connection broke, after what had come until then. Bytes that nobody takes hold the other side back: at most
	 * 1 MiB of them is kept here.
	 */
	readonly incoming: AsyncIterable<Uint8Array>;
	/** Resolves when there is room for more; the bytes belong to the duplex from then on. @throws {TransportError} when the connection is gone. */
	send(bytes: Uint8Array): Promise<void>;
	/**
	 * Sends what is waiting, then closes; a second call does nothing. Never throws. What the other side still sends is lost. A side that does
	 * not take what is waiting is waited for some seconds.
	 */
	close(): Promise<void>;
	/** Ends the connection now; what is waiting is lost. The other side sees that it broke. */
	abort(): void;
	/** Where the other side is, for limits and counts by address, where the transport can tell. Never logged in full. */
	readonly remoteAddress?: string;
}

/** A way to reach one other replica, again and again. */
export interface Transport {
	/** For people: `ws`, `tcp`, `memory` ... */
	readonly kind: string;
	/** @throws {TransportError} `retryable` when another try may succeed; the signal's reason when it was aborted. */
	connect(options?: { readonly signal?: AbortSignal }): Promise<Duplex>;
}

/** Takes a connection over. Must not throw. */
export type Accept = (duplex: Duplex) => void;

/** Accepts connections until it is closed. */
export interface Listener {
	/** Where it can be reached, as a client has to write it. */
	readonly address: string;
	/** Takes no more connections; those that are open stay. */
	close(): Promise<void>;
}
