import { type Clock, type Duplex, TransportError } from "@mindoodb/core";
import { abortedHere, broke, closedHere, closedThere } from "./gone.js";
import { IncomingBytes } from "./incoming-bytes.js";
import { defaultClosingTime, type TransportOptions } from "./transport-options.js";

/** Bytes that may be under way to a reader that has not taken them. */
export const messageWindow = 1_048_576;

/** What was taken is told in steps of this many bytes: below the window, so that nobody waits for ever, and rarely, so that it costs little. */
const creditStep = messageWindow / 4;

/** Carries messages whole and in order; how many wait at the reader's side it does not care. */
export interface MessageLine {
	/** The largest message that it carries; at most half of the window. */
	readonly mostBytes: number;
	readonly remoteAddress?: string | undefined;
	/** May throw when the line is gone. */
	send(message: Uint8Array | string): void;
	/** Ends the line now. Never throws, and tells the listener nothing more. */
	drop(): void;
	/** Told of all messages from the first on, and once when the line is gone. */
	listen(listener: LineListener): void;
}

export interface LineListener {
	onMessage(message: Uint8Array | string): void;
	onGone(cause?: unknown): void;
}

interface Sending {
	rest: Uint8Array;
	readonly sent: () => void;
	readonly failed: (error: TransportError) => void;
}

/**
 * A duplex over messages. Messages of bytes are the stream; messages of text tell `end` (nothing follows, answered by `end`) or, in decimal,
 * how many more bytes the reader took. Not more than the window is under way untaken (docs/decisions/0059).
 */
export class MessageDuplex implements Duplex {
	readonly remoteAddress?: string;
	readonly #line: MessageLine;
	readonly #clock: Clock;
	readonly #closingTime: number;
	readonly #incoming = new IncomingBytes((bytes) => this.#giveCredit(bytes));
	readonly #sendings: Sending[] = [];
	/** Bytes sent of which the other side has not told that they were taken. */
	#untaken = 0;
	/** Bytes taken here that the other side was not told of. */
	#untold = 0;
	#closing = false;
	#sentEnd = false;
	#ended = false;
	#gone: TransportError | undefined;
	#cancelClosing = () => {};
	readonly #left: Promise<void>;
	#leave = () => {};

	constructor(line: MessageLine, { clock, closingTime = defaultClosingTime }: TransportOptions) {
		this.#line = line;
		this.#clock = clock;
		this.#closingTime = closingTime;
		if (line.remoteAddress !== undefined) this.remoteAddress = line.remoteAddress;
		this.#left = new Promise((resolve) => {
			this.#leave = resolve;
		});
		line.listen({
			onMessage: (message) => (typeof message === "string" ? this.#takeWord(message) : this.#takeBytes(message)),
			onGone: (cause) => this.#break(broke(cause)),
		});
	}

	get incoming(): AsyncIterable<Uint8Array> {
		return this.#incoming;
	}

	send(bytes: Uint8Array): Promise<void> {
		const gone = this.#gone ?? (this.#closing ? closedHere() : this.#ended ? closedThere() : undefined);
		if (gone !== undefined) return Promise.reject(gone);
		if (bytes.length === 0) return Promise.resolve();
		return new Promise((sent, failed) => {
			this.#sendings.push({ rest: bytes, sent, failed });
			this.#sendWaiting();
		});
	}

	close(): Promise<void> {
		if (this.#closing) return this.#left;
		this.#closing = true;
		this.#incoming.discard();
		this.#incoming.end();
		// The other side was answered already and waits for nothing.
		if (this.#ended) this.#break(closedHere());
		else {
			this.#limitClosing();
			this.#sendWaiting();
		}
		return this.#left;
	}

	abort(): void {
		this.#incoming.discard();
		this.#break(abortedHere());
	}

	#takeBytes(bytes: Uint8Array): void {
		if (this.#closing) return;
		this.#incoming.push(bytes);
		if (this.#ended) this.#breakRule("nothing after the end", "bytes");
		else if (this.#incoming.held > messageWindow) this.#breakRule(messageWindow, this.#incoming.held);
	}

	#takeWord(word: string): void {
		const taken = /^[1-9][0-9]{0,6}$/.test(word) ? Number(word) : 0;
		if (word === "end") this.#takeEnd();
		else if (taken === 0 || taken > this.#untaken) this.#breakRule("a number of bytes that were sent", "another word");
		else {
			this.#untaken -= taken;
			this.#sendWaiting();
		}
	}

	#takeEnd(): void {
		this.#ended = true;
		this.#incoming.end();
		for (const { failed } of this.#sendings.splice(0)) failed(closedThere());
		if (this.#sentEnd) this.#break(closedThere());
		else {
			this.#limitClosing();
			this.#sendEnd();
		}
	}

	#sendWaiting(): void {
		for (let first = this.#sendings[0]; first !== undefined; first = this.#sendings[0]) {
			const size = Math.min(first.rest.length, this.#line.mostBytes);
			if (this.#untaken + size > messageWindow) return;
			this.#untaken += size;
			if (!this.#say(first.rest.subarray(0, size))) return;
			first.rest = first.rest.subarray(size);
			if (first.rest.length > 0) continue;
			this.#sendings.shift();
			first.sent();
		}
		if (this.#closing) this.#sendEnd();
	}

	#sendEnd(): void {
		if (this.#sentEnd) return;
		this.#sentEnd = true;
		this.#say("end");
	}

	#giveCredit(bytes: number): void {
		this.#untold += bytes;
		if (this.#untold < creditStep || this.#ended || this.#gone !== undefined) return;
		const told = this.#untold;
		this.#untold = 0;
		this.#say(String(told));
	}

	#say(message: Uint8Array | string): boolean {
		try {
			this.#line.send(message);
			return true;
		} catch (cause) {
			this.#break(broke(cause));
			return false;
		}
	}

	#limitClosing(): void {
		this.#cancelClosing();
		this.#cancelClosing = this.#clock.after(this.#closingTime, () => this.abort());
	}

	#breakRule(expected: string | number, found: string | number): void {
		const message = `connection: the other side broke its rules: expected ${expected}, found ${found}`;
		this.#break(new TransportError(message, { retryable: true, expected, found }));
	}

	#break(error: TransportError): void {
		if (this.#gone !== undefined) return;
		this.#gone = error;
		this.#cancelClosing();
		this.#incoming.fail(error);
		for (const { failed } of this.#sendings.splice(0)) failed(error);
		this.#line.drop();
		this.#leave();
	}
}
