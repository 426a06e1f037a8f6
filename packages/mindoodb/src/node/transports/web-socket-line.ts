import type { WebSocket } from "ws";
import { type LineListener, type MessageLine, messageWindow } from "../../shared/transports/message-duplex.js";

/** Messages above this many bytes end the connection: what honest sides send is a quarter of it. */
export const mostMessageBytes = 1_048_576;

/**
 * Pings are answered as long as no more than this many bytes wait, a window and some answers: who pings and does not read is not answered for
 * ever.
 */
const mostWaitingForPong = messageWindow + 65_536;

/** Bytes that go out as one message: what is cut in the middle of a message is lost whole. */
const mostTogether = 16_384;

/** A WebSocket of the package `ws`; made before it opens, so that no message is missed. */
export class WebSocketLine implements MessageLine {
	readonly mostBytes = 262_144;
	readonly remoteAddress: string | undefined;
	readonly #socket: WebSocket;
	#listener: LineListener | undefined;
	/**
	 * Small messages of one turn of the event loop go out as one: each costs a call into the kernel, in which the other side is woken, and as
	 * much there.
	 */
	readonly #waiting: Uint8Array[] = [];
	#waitingBytes = 0;

	constructor(socket: WebSocket, remoteAddress?: string) {
		this.#socket = socket;
		this.remoteAddress = remoteAddress;
		let cause: unknown;
		socket.on("message", (data, isBinary) => {
			const bytes = data as Buffer;
			this.#listener?.onMessage(
				isBinary ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes.toString("latin1"),
			);
		});
		socket.on("ping", (data) => {
			if (socket.bufferedAmount < mostWaitingForPong) socket.pong(data);
		});
		socket.on("error", (error) => {
			cause = error;
		});
		socket.on("close", () => {
			const listener = this.#listener;
			this.#listener = undefined;
			listener?.onGone(cause);
		});
	}

	listen(listener: LineListener): void {
		this.#listener = listener;
	}

	send(message: Uint8Array | string): void {
		if (typeof message === "string") {
			this.#flush();
			this.#socket.send(message, { binary: false });
			return;
		}
		if (this.#waitingBytes + message.length > mostTogether) this.#flush();
		if (this.#waiting.length === 0) setImmediate(() => this.#flush());
		this.#waiting.push(message);
		this.#waitingBytes += message.length;
	}

	#flush(): void {
		const [first, ...others] = this.#waiting.splice(0);
		this.#waitingBytes = 0;
		if (first === undefined) return;
		this.#socket.send(others.length === 0 ? first : Buffer.concat([first, ...others]), { binary: true });
	}

	drop(): void {
		this.#waiting.length = 0;
		this.#listener = undefined;
		this.#socket.terminate();
	}
}
