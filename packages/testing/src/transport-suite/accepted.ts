import type { Accept, Duplex } from "@mindoodb/core";

/** What a listener took, in the order in which it came. */
export class Accepted {
	readonly #waiting: ((duplex: Duplex) => void)[] = [];
	readonly #come: Duplex[] = [];
	readonly accept: Accept = (duplex) => {
		const next = this.#waiting.shift();
		if (next === undefined) this.#come.push(duplex);
		else next(duplex);
	};

	next(): Promise<Duplex> {
		const come = this.#come.shift();
		return come === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(come);
	}
}
