import type { Clock } from "../../env.js";

export interface ProbeParts {
	readonly clock: Clock;
	/** Silence after which the other side is asked whether it is there, milliseconds. */
	readonly quiet: number;
	/** Silence after that which ends the session, milliseconds. */
	readonly answer: number;
	readonly ask: () => void;
	readonly onSilent: () => void;
}

/** Finds out that the other side is gone though nobody said so. */
export class Probe {
	readonly #parts: ProbeParts;
	#cancel = () => {};
	#heard = false;

	constructor(parts: ProbeParts) {
		this.#parts = parts;
		this.#wait();
	}

	/** Something came. */
	heard(): void {
		this.#heard = true;
	}

	end(): void {
		this.#cancel();
	}

	// What came meanwhile does not set the timer anew: that would be work for every piece of bytes.
	#wait(): void {
		this.#heard = false;
		this.#cancel = this.#parts.clock.after(this.#parts.quiet, () => {
			if (this.#heard) this.#wait();
			else this.#ask();
		});
	}

	#ask(): void {
		this.#parts.ask();
		this.#cancel = this.#parts.clock.after(this.#parts.answer, () => {
			if (this.#heard) this.#wait();
			else this.#parts.onSilent();
		});
	}
}
