import { type Clock, LruMap } from "mindoodb";
import type { ServerLimits } from "./server-limits.js";
import { TokenBucket } from "./token-bucket.js";

/** The rates of one signing key, which all its sessions share. */
export interface KeyRates {
	readonly bytes: TokenBucket;
	readonly entries: TokenBucket;
}

/** Keys whose rates are remembered, so that coming again gives nothing. */
const mostKeys = 10_000;

export class RatesOfKeys {
	readonly #clock: Clock;
	readonly #limits: ServerLimits;
	readonly #rates = new LruMap<string, KeyRates>(mostKeys);

	constructor(clock: Clock, limits: ServerLimits) {
		this.#clock = clock;
		this.#limits = limits;
	}

	of(publicKey: string): KeyRates {
		const known = this.#rates.get(publicKey);
		if (known !== undefined) return known;
		const { bytes, entries } = this.#limits;
		const rates = { bytes: new TokenBucket(this.#clock, bytes), entries: new TokenBucket(this.#clock, entries) };
		this.#rates.set(publicKey, rates);
		return rates;
	}
}
