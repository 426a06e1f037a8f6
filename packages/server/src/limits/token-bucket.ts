import type { Clock } from "mindoodb";

export interface Rate {
	readonly perSecond: number;
	/** What may go through at once after a pause. */
	readonly burst: number;
}

/** A rate that may be exceeded for a moment. What goes through now may leave a debt that later ones wait for, so that nothing is too large. */
export class TokenBucket {
	readonly #clock: Clock;
	readonly #rate: Rate;
	#tokens: number;
	#at: number;

	constructor(clock: Clock, rate: Rate) {
		this.#clock = clock;
		this.#rate = rate;
		this.#tokens = rate.burst;
		this.#at = clock.now();
	}

	/** Lets `count` through. @returns milliseconds to wait before anything else goes through. */
	take(count: number): number {
		const { perSecond, burst } = this.#rate;
		const now = this.#clock.now();
		// A clock that was set back gives nothing, and takes nothing away.
		const gained = (Math.max(0, now - this.#at) / 1000) * perSecond;
		this.#at = now;
		this.#tokens = Math.min(burst, this.#tokens + gained) - count;
		return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / perSecond) * 1000);
	}
}

/** Resolves after a time, or at once when the signal ends it. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
	if (milliseconds <= 0 || signal.aborted) return Promise.resolve();
	return new Promise((resolve) => {
		const end = () => {
			cancel();
			signal.removeEventListener("abort", end);
			resolve();
		};
		const cancel = clock.after(milliseconds, end);
		signal.addEventListener("abort", end);
	});
}
