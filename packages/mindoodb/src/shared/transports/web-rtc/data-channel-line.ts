import type { LineListener, MessageLine } from "../message-duplex.js";
import type { DataChannel, PeerConnection } from "./peer-connection.js";

/** A data channel of its own connection; made before it opens, so that no message is missed. */
export class DataChannelLine implements MessageLine {
	/** What a side takes that does not say how much it takes (RFC 8841 §6.1). */
	readonly mostBytes = 65_536;
	readonly #connection: PeerConnection;
	readonly #channel: DataChannel;
	#listener: LineListener | undefined;

	constructor(connection: PeerConnection, channel: DataChannel) {
		this.#connection = connection;
		this.#channel = channel;
		channel.binaryType = "arraybuffer";
		channel.addEventListener("message", (event) => {
			const { data } = event as { readonly data: string | ArrayBuffer };
			this.#listener?.onMessage(typeof data === "string" ? data : new Uint8Array(data));
		});
		channel.addEventListener("close", () => this.#leave());
		channel.addEventListener("error", () => this.#leave());
		connection.addEventListener("connectionstatechange", () => {
			const { connectionState } = connection;
			if (connectionState === "failed" || connectionState === "closed") this.#leave();
		});
	}

	listen(listener: LineListener): void {
		this.#listener = listener;
	}

	send(message: Uint8Array | string): void {
		if (typeof message === "string") this.#channel.send(message);
		else this.#channel.send(message as Uint8Array<ArrayBuffer>);
	}

	drop(): void {
		this.#listener = undefined;
		this.#channel.close();
		this.#connection.close();
	}

	#leave(): void {
		const listener = this.#listener;
		this.#listener = undefined;
		listener?.onGone();
	}
}
