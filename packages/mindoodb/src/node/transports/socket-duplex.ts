import type { Socket } from "node:net";
import type { Clock, Duplex, TransportError } from "@mindoodb/core";
import { abortedHere, broke, closedHere, closedThere } from "../../shared/transports/gone.js";
import { IncomingBytes } from "../../shared/transports/incoming-bytes.js";
import { defaultClosingTime } from "../../shared/transports/transport-options.js";
import { Records } from "./records.js";

/** Bytes that are read ahead of the reader before the socket is held back; what one read brings comes on top. */
const mostHeld = 524_288;

/** A duplex over a TCP or TLS socket that is connected. */
export class SocketDuplex implements Duplex {
	readonly remoteAddress?: string;
	readonly #socket: Socket;
	readonly #clock: Clock;
	readonly #closingTime: number;
	readonly #incoming = new IncomingBytes(() => this.#readOn());
	readonly #records = new Records();
	#closing = false;
	#gone: TransportError | undefined;
	#sending: Promise<void> = Promise.resolve();
	#wake: (() => void) | undefined;
	#cancelClosing = () => {};
	readonly #left: Promise<void>;

	constructor(socket: Socket, { clock, closingTime = defaultClosingTime }: { clock: Clock; closingTime?: number }) {
		this.#socket = socket;
		this.#clock = clock;
		this.#closingTime = closingTime;
		if (socket.remoteAddress !== undefined) this.remoteAddress = socket.remoteAddress;
		socket.setNoDelay(true);
		let cause: unknown;
		socket.on("data", (data) => this.#take(new Uint8Array(data.buffer, data.byteOffset, data.length)));
		socket.on("drain", () => this.#wake?.());
		socket.on("error", (error) => {
			cause = error;
		});
		this.#left = new Promise((resolve) => {
			socket.on("close", () => {
				this.#cancelClosing();
				this.#break(broke(cause));
				resolve();
			});
		});
	}

	get incoming(): AsyncIterable<Uint8Array> {
		return this.#incoming;
	}

	send(bytes: Uint8Array): Promise<void> {
		if (this.#gone !== undefined) return Promise.reject(this.#gone);
		if (this.#closing) return Promise.reject(closedHere());
		if (bytes.length === 0) return Promise.resolve();
		const sent = this.#sending.then(() => this.#write(bytes));
		// Whoever sent is told; the line of those behind goes on.
		this.#sending = sent.catch(() => {});
		return sent;
	}

	close(): Promise<void> {
		if (this.#closing) return this.#left;
		this.#closing = true;
		this.#incoming.discard();
		this.#incoming.end();
		this.#socket.resume();
		if (this.#gone !== undefined) this.#socket.destroy();
		else {
			this.#cancelClosing = this.#clock.after(this.#closingTime, () => this.abort());
			this.#sending.then(() => this.#socket.end(Records.end()));
		}
		return this.#left;
	}

	abort(): void {
		this.#incoming.discard();
		this.#break(abortedHere());
		this.#socket.destroy();
	}

	async #write(bytes: Uint8Array): Promise<void> {
		if (this.#gone !== undefined) throw this.#gone;
		this.#socket.cork();
		this.#socket.write(Records.start(bytes.length));
		const room = this.#socket.write(bytes);
		this.#socket.uncork();
		if (room) return;
		await new Promise<void>((resolve) => {
			this.#wake = resolve;
		});
		this.#wake = undefined;
		if (this.#gone !== undefined) throw this.#gone;
	}

	#take(bytes: Uint8Array): void {
		if (this.#closing) return;
		const result = this.#records.take(bytes, (piece) => this.#incoming.push(piece));
		if (result === "ended") {
			this.#incoming.end();
			this.#break(closedThere());
			// Answers with its own end of the stream, so that the closing side need not wait.
			this.#socket.end();
		} else if (this.#incoming.held >= mostHeld) this.#socket.pause();
	}

	#readOn(): void {
		if (this.#incoming.held < mostHeld / 2 && this.#socket.isPaused()) this.#socket.resume();
	}

	#break(error: TransportError): void {
		if (this.#gone !== undefined) return;
		this.#gone = error;
		this.#incoming.fail(error);
		this.#wake?.();
	}
}
