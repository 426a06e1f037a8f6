import type { Random } from "../../crypto/crypto.js";

export interface BackOffOptions {
	/** Longest wait before the second try, milliseconds. @default 500 */
	readonly first?: number;
	/** Longest wait at all, milliseconds. @default 60,000 */
	readonly most?: number;
}

/**
 * How long to wait before another try: anything up to a bound that doubles with each failure, so that the many who lost one server at the
 * same moment do not all come back at another. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
 */
export class BackOff {
	readonly #random: Random;
	readonly #first: number;
	readonly #most: number;
	#failures = 0;

	constructor(random: Random, { first = 500, most = 60_000 }: BackOffOptions = {}) {
		this.#random = random;
		this.#first = first;
		this.#most = most;
	}

	/** Failures since the last success. */
	get failures(): number {
		return this.#failures;
	}

	/** After a failure. @param least milliseconds that the other side asked for. @returns milliseconds to wait. */
	next(least = 0): number {
		const bound = Math.min(this.#most, this.#first * 2 ** Math.min(this.#failures++, 30));
		const [a = 0, b = 0, c = 0, d = 0] = this.#random.randomBytes(4);
		const fraction = (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32;
		return least + Math.floor(fraction * bound);
	}

	/** After a success. */
	reset(): void {
		this.#failures = 0;
	}
}
