import type { LineListener, MessageLine } from "../../shared/transports/message-duplex.js";

/** The part of the platform's `WebSocket` that is used. */
export interface PlatformWebSocket {
	binaryType: string;
	send(data: string | Uint8Array<ArrayBuffer>): void;
	addEventListener(type: "open" | "message" | "close" | "error", listener: (event: unknown) => void): void;
	close(): void;
}

/** A WebSocket of the platform; made before it opens, so that no message is missed. */
export class PlatformWebSocketLine implements MessageLine {
	readonly mostBytes = 262_144;
	readonly #socket: PlatformWebSocket;
	#listener: LineListener | undefined;

	constructor(socket: PlatformWebSocket) {
		this.#socket = socket;
		socket.binaryType = "arraybuffer";
		socket.addEventListener("message", (event) => {
			const { data } = event as { readonly data: string | ArrayBuffer };
			this.#listener?.onMessage(typeof data === "string" ? data : new Uint8Array(data));
		});
		socket.addEventListener("close", () => {
			const listener = this.#listener;
			this.#listener = undefined;
			listener?.onGone();
		});
	}

	listen(listener: LineListener): void {
		this.#listener = listener;
	}

	send(message: Uint8Array | string): void {
		this.#socket.send(message as string | Uint8Array<ArrayBuffer>);
	}

	drop(): void {
		this.#listener = undefined;
		this.#socket.close();
	}
}
