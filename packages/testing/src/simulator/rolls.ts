import { seededRandom } from "../tenant-fixture/seeded-random.js";

/** Chance that a seed decides: the same rolls in every run. */
export class Rolls {
	readonly #random: ReturnType<typeof seededRandom>;

	constructor(seed: number) {
		this.#random = seededRandom(seed);
	}

	/** A whole number from 0 up to `below`, exclusive. */
	below(below: number): number {
		const [a = 0, b = 0, c = 0] = this.#random.randomBytes(3);
		return (a * 65_536 + b * 256 + c) % below;
	}

	/** A whole number, both ends included. */
	between(least: number, most: number): number {
		return least + this.below(most - least + 1);
	}

	/** Whether something happens that happens once in `times`. */
	once(times: number): boolean {
		return this.below(times) === 0;
	}

	pick<T>(from: readonly T[]): T {
		return from[this.below(from.length)] as T;
	}

	/** Other rolls that depend on these. */
	fork(): Rolls {
		return new Rolls(this.below(2 ** 24));
	}
}
