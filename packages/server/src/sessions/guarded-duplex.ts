import type { Clock, Duplex } from "mindoodb";
import { pause, type TokenBucket } from "../limits/token-bucket.js";

export interface GuardOptions {
	readonly clock: Clock;
	/** Milliseconds in which the other side has to send something, while we wait for it. */
	readonly idleTime: number;
	/** Milliseconds in which the other side has to take what it is sent. */
	readonly stalledTime: number;
	readonly onBytes: (direction: "in" | "out", bytes: number) => void;
	/** Told before the connection is ended because of the other side's silence. */
	readonly onSilence: (kind: "idle" | "stalled") => void;
}

/** A connection whose bytes are counted and held back by a rate, and which ends when the other side stays silent or reads nothing. */
export class GuardedDuplex implements Duplex {
	readonly incoming: AsyncIterable<Uint8Array>;
	readonly remoteAddress?: string;
	readonly #inner: Duplex;
	readonly #options: GuardOptions;
	readonly #ended = new AbortController();
	#rate: TokenBucket | undefined;
	#waitingSince: number | undefined;
	#sendingSince: number | undefined;

	constructor(inner: Duplex, options: GuardOptions) {
		this.#inner = inner;
		if (inner.remoteAddress !== undefined) this.remoteAddress = inner.remoteAddress;
		this.#options = options;
		this.incoming = this.#guarded();
		this.#watch();
	}

	/** From here on what comes is held back by this rate. */
	limitBy(rate: TokenBucket): void {
		this.#rate = rate;
	}

	async send(bytes: Uint8Array): Promise<void> {
		this.#options.onBytes("out", bytes.length);
		this.#sendingSince ??= this.#options.clock.now();
		try {
			await this.#inner.send(bytes);
		} finally {
			this.#sendingSince = undefined;
		}
	}

	async close(): Promise<void> {
		await this.#inner.close();
		this.#ended.abort();
	}

	abort(): void {
		this.#inner.abort();
		this.#ended.abort();
	}

	async *#guarded(): AsyncGenerator<Uint8Array> {
		const { clock, onBytes } = this.#options;
		try {
			this.#waitingSince = clock.now();
			for await (const bytes of this.#inner.incoming) {
				this.#waitingSince = undefined;
				onBytes("in", bytes.length);
				await pause(clock, this.#rate?.take(bytes.length) ?? 0, this.#ended.signal);
				yield bytes;
				this.#waitingSince = clock.now();
			}
		} finally {
			this.#waitingSince = undefined;
			this.#ended.abort();
		}
	}

	#watch(): void {
		const { clock, idleTime, stalledTime, onSilence } = this.#options;
		const every = Math.ceil(Math.min(idleTime, stalledTime) / 4);
		const look = () => {
			const now = clock.now();
			const idle = this.#waitingSince !== undefined && now - this.#waitingSince > idleTime;
			const stalled = this.#sendingSince !== undefined && now - this.#sendingSince > stalledTime;
			if (idle || stalled) {
				onSilence(stalled ? "stalled" : "idle");
				this.abort();
			} else cancel = clock.after(every, look);
		};
		let cancel = clock.after(every, look);
		this.#ended.signal.addEventListener("abort", () => cancel());
	}
}
