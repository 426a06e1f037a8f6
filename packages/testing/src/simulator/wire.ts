import { concatBytes, type Duplex, TransportError } from "@mindoodb/core";
import { never, type Process } from "./machine.js";
import type { Rolls } from "./rolls.js";
import type { World } from "./world.js";

/** Bytes that may be under way to a reader that does not take them. */
const windowBytes = 1 << 20;

export interface WireOptions {
	readonly world: World;
	readonly rolls: Rolls;
	/** Longest time that a piece is under way, milliseconds. */
	readonly slowest: number;
	/** Sees all bytes. */
	readonly onBytes: (bytes: Uint8Array) => void;
	/** Told when both ends are done. */
	readonly onEnd: () => void;
}

/** One connection of two processes: a reliable stream of bytes each way, cut into pieces anywhere, until it is cut. */
export class Wire {
	readonly ends: readonly [WireEnd, WireEnd];
	readonly #options: WireOptions;
	#cut = false;

	constructor(options: WireOptions, one: Process, other: Process) {
		this.#options = options;
		const onDone = () => {
			if (this.ends.every((end) => end.done)) options.onEnd();
		};
		this.ends = [new WireEnd(this, options, one, onDone), new WireEnd(this, options, other, onDone)];
		for (const [i, end] of this.ends.entries()) end.other = this.ends[1 - i] as WireEnd;
	}

	get isCut(): boolean {
		return this.#cut;
	}

	/** From now on nothing arrives. Each end learns of it in its own time, or never. @param except an end that needs not be told. */
	cut({ except, silent = false }: { readonly except?: WireEnd; readonly silent?: boolean } = {}): void {
		if (this.#cut) return;
		this.#cut = true;
		const { world, rolls, slowest } = this.#options;
		for (const end of this.ends) {
			// Hours are what a connection that nobody ends properly takes to be noticed.
			const delay = rolls.below(slowest + 1) + (silent && rolls.once(2) ? 7_200_000 : 0);
			if (end !== except) world.after(delay, () => end.break());
		}
	}
}

/** What one side holds of a wire. */
export class WireEnd implements Duplex {
	readonly incoming: AsyncIterable<Uint8Array>;
	other!: WireEnd;
	readonly #wire: Wire;
	readonly #options: WireOptions;
	readonly #process: Process;
	readonly #onDone: () => void;
	readonly #received: Uint8Array[] = [];
	readonly #waiting: (() => void)[] = [];
	#untaken = 0;
	#lastArrival = 0;
	#closing = false;
	#ended = false;
	#error: TransportError | undefined;
	#wake = () => {};
	#left = () => {};
	readonly #gone: Promise<void>;

	constructor(wire: Wire, options: WireOptions, process: Process, onDone: () => void) {
		this.#wire = wire;
		this.#options = options;
		this.#process = process;
		this.#onDone = onDone;
		process.connections++;
		this.#gone = new Promise((resolve) => {
			this.#left = resolve;
		});
		process.onDeath(() => {
			wire.cut({ except: this });
			this.break();
		});
		this.incoming = { [Symbol.asyncIterator]: () => this.#read() };
	}

	/** Whether it is over for this side. */
	get done(): boolean {
		return this.#error !== undefined;
	}

	async send(bytes: Uint8Array): Promise<void> {
		if (!this.#process.alive) return never;
		if (this.#error !== undefined || this.#closing || this.#ended) throw this.#error ?? gone();
		if (bytes.length === 0) return;
		this.#untaken += bytes.length;
		const sent = bytes.slice();
		this.#options.onBytes(sent);
		const { rolls } = this.#options;
		const pieces = rolls.once(4) ? 1 + rolls.below(4) : 1;
		for (let from = 0, left = pieces; from < sent.length; left--) {
			const size = left <= 1 ? sent.length - from : 1 + rolls.below(sent.length - from);
			const piece = sent.subarray(from, from + size);
			this.#deliver(() => this.other.#take(piece));
			from += size;
		}
		while (this.#untaken > windowBytes && this.#error === undefined) {
			await new Promise<void>((resolve) => this.#waiting.push(resolve));
		}
		if (!this.#process.alive) return never;
		if (this.#error !== undefined) throw this.#error;
	}

	close(): Promise<void> {
		if (this.#closing || this.#error !== undefined) return this.#gone;
		this.#closing = true;
		this.#received.length = 0;
		this.#wake();
		if (this.#ended) this.break();
		else this.#deliver(() => this.other.#end());
		// A side that does not answer is waited for some seconds.
		this.#options.world.after(5000, () => this.abort());
		return this.#gone;
	}

	abort(): void {
		if (this.#error !== undefined) return;
		this.#wire.cut({ except: this });
		this.break();
	}

	/** It is over, whatever is under way. */
	break(): void {
		if (this.#error !== undefined) return;
		this.#error = gone();
		this.#process.connections--;
		this.#wake();
		for (const each of this.#waiting.splice(0)) each();
		this.#left();
		this.#onDone();
	}

	#deliver(arrive: () => void): void {
		const { world, rolls, slowest } = this.#options;
		this.#lastArrival = Math.max(this.#lastArrival, world.now + rolls.below(slowest + 1));
		world.after(this.#lastArrival - world.now, () => {
			if (!this.#wire.isCut) arrive();
		});
	}

	#take(piece: Uint8Array): void {
		if (this.#closing) {
			this.other.#taken(piece.length);
			return;
		}
		this.#received.push(piece);
		this.#wake();
	}

	#taken(bytes: number): void {
		this.#untaken -= bytes;
		if (this.#untaken <= windowBytes) for (const each of this.#waiting.splice(0)) each();
	}

	/** The other side closed. */
	#end(): void {
		this.#ended = true;
		this.#wake();
		if (this.#closing) {
			this.break();
			this.other.break();
		} else
			this.#deliver(() => {
				// Its reader has the end; nothing it still sends would be read.
				this.other.break();
			});
	}

	async *#read(): AsyncGenerator<Uint8Array> {
		for (;;) {
			if (!this.#process.alive) await never;
			if (this.#received.length > 0) {
				const bytes = concatBytes(...this.#received.splice(0));
				this.other.#taken(bytes.length);
				yield bytes;
			} else if (this.#closing || this.#ended) return;
			else if (this.#error !== undefined) throw this.#error;
			else {
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
			}
		}
	}
}

function gone(): TransportError {
	return new TransportError("simulated: the connection is gone", { retryable: true });
}
