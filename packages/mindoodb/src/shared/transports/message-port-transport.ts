import { type Duplex, type Transport, TransportError } from "@mindoodb/core";
import { type LineListener, MessageDuplex, type MessageLine } from "./message-duplex.js";
import type { TransportOptions } from "./transport-options.js";

/** A `MessagePort` of a browser or of `node:worker_threads`. */
export interface PlatformMessagePort {
	postMessage(message: unknown, transfer: ArrayBuffer[]): void;
	addEventListener(type: "message" | "close" | "messageerror", listener: (event: unknown) => void): void;
	start(): void;
	close(): void;
}

/**
 * A connection over a port that somebody on the other side speaks through in the same way: a worker, another window, a service worker.
 * The port belongs to the duplex from now on.
 */
export function messagePortDuplex(port: PlatformMessagePort, options: TransportOptions): Duplex {
	return new MessageDuplex(new MessagePortLine(port), options);
}

export interface MessagePortTransportOptions extends TransportOptions {
	/** A pair of connected ports: `() => new MessageChannel()`. */
	readonly channel: () => { readonly port1: PlatformMessagePort; readonly port2: PlatformMessagePort };
	/** Brings a port to the other side, which makes a `messagePortDuplex` of it: `worker.postMessage(port, [port])`. */
	readonly hand: (port: PlatformMessagePort) => void;
}

/** Connects by handing one port of a fresh pair to the other side. */
export function messagePortTransport({ channel, hand, ...options }: MessagePortTransportOptions): Transport {
	return {
		kind: "message-port",
		async connect({ signal } = {}) {
			signal?.throwIfAborted();
			const { port1, port2 } = channel();
			try {
				hand(port2);
			} catch (cause) {
				port1.close();
				throw new TransportError("message-port: the other side cannot be reached", { retryable: true, cause });
			}
			return messagePortDuplex(port1, options);
		},
	};
}

class MessagePortLine implements MessageLine {
	readonly mostBytes = 262_144;
	#listener: LineListener | undefined;
	readonly #port: PlatformMessagePort;

	constructor(port: PlatformMessagePort) {
		this.#port = port;
	}

	listen(listener: LineListener): void {
		this.#listener = listener;
		this.#port.addEventListener("message", (event) => this.#take((event as { readonly data: unknown }).data));
		this.#port.addEventListener("messageerror", () => this.#leave());
		this.#port.addEventListener("close", () => this.#leave());
		this.#port.start();
	}

	/** A copy is transferred: a clone would take the whole buffer along that a view looks at, and pooled buffers cannot be transferred. */
	send(message: Uint8Array | string): void {
		if (typeof message === "string") this.#port.postMessage(message, []);
		else {
			const bytes = new Uint8Array(message);
			this.#port.postMessage(bytes, [bytes.buffer]);
		}
	}

	/** Not every browser tells the other side of a port that was closed, so that is said before. */
	drop(): void {
		this.#listener = undefined;
		this.#port.postMessage("gone", []);
		this.#port.close();
	}

	#take(message: unknown): void {
		if (message === "gone") this.#leave();
		else if (typeof message === "string" || message instanceof Uint8Array) this.#listener?.onMessage(message);
		else this.#leave(new TransportError("message-port: expected bytes or text, found neither", { retryable: true }));
	}

	#leave(cause?: unknown): void {
		const listener = this.#listener;
		this.#listener = undefined;
		listener?.onGone(cause);
	}
}
