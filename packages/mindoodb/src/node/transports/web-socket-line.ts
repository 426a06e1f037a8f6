import type { WebSocket } from "ws";
import { type LineListener, type MessageLine, messageWindow } from "../../shared/transports/message-duplex.js";

/** Messages above this many bytes end the connection: what honest sides send is a quarter of it. */
export const mostMessageBytes = 1_048_576;

/**
 * Pings are answered as long as no more than this many bytes wait, a window and some answers: who pings and does not read is not answered for
 * ever.
 */
const mostWaitingForPong = messageWindow + 65_536;

/** A WebSocket of the package `ws`; made before it opens, so that no message is missed. */
export class WebSocketLine implements MessageLine {
	readonly mostBytes = 262_144;
	readonly remoteAddress: string | undefined;
	readonly #socket: WebSocket;
	#listener: LineListener | undefined;

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
		this.#socket.send(message, { binary: typeof message !== "string" });
	}

	drop(): void {
		this.#listener = undefined;
		this.#socket.terminate();
	}
}
