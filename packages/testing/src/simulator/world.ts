/** Time that passes only when something is due. */

interface Due {
	readonly at: number;
	readonly task: () => void;
	cancelled: boolean;
}

/** Lets everything that can go on without waiting for time go on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Virtual time and what is due in it. Nothing runs beside anything else: one thing that is due happens, and what follows from it comes to
 * rest before the next. So a run depends on its seed alone, and an hour costs nothing.
 */
export class World {
	/** Milliseconds since the world began. */
	now = 0;
	/** Calls into thread pools that have not come back. */
	busy = 0;
	/** Things that have happened. */
	events = 0;
	readonly #due: Due[] = [];
	readonly #trace: ((line: string) => void) | undefined;

	/** @param trace gets a line for everything worth one. */
	constructor(trace?: (line: string) => void) {
		this.#trace = trace;
	}

	/** @returns a function that takes it back. */
	after(delay: number, task: () => void): () => void {
		const due: Due = { at: this.now + Math.max(0, delay), task, cancelled: false };
		let place = this.#due.length;
		while (place > 0 && (this.#due[place - 1] as Due).at > due.at) place--;
		this.#due.splice(place, 0, due);
		return () => {
			due.cancelled = true;
		};
	}

	/** Lets an amount of time pass. */
	async pass(milliseconds: number): Promise<void> {
		const end = this.now + milliseconds;
		await this.#settle();
		while (await this.#next(end));
		this.now = Math.max(this.now, end);
	}

	/**
	 * Lets time pass until something has come to its end.
	 * @param most milliseconds. @throws {Stuck} when it has not by then.
	 */
	async until<T>(what: Promise<T>, most: number, name: string): Promise<T> {
		let ended = false;
		const end = () => {
			ended = true;
		};
		what.then(end, end);
		const latest = this.now + most;
		await this.#settle();
		while (!ended) if (!(await this.#next(latest)) && !ended) throw new Stuck(name);
		return what;
	}

	/** @param text a line of the trace; made only when somebody reads it. */
	tell(text: () => string): void {
		this.#trace?.(`${String(this.now).padStart(8)} ${text()}`);
	}

	async #next(latest: number): Promise<boolean> {
		let due = this.#due[0];
		while (due?.cancelled) {
			this.#due.shift();
			due = this.#due[0];
		}
		if (due === undefined || due.at > latest) return false;
		this.#due.shift();
		this.now = Math.max(this.now, due.at);
		this.events++;
		due.task();
		await this.#settle();
		return true;
	}

	async #settle(): Promise<void> {
		do await turn();
		while (this.busy > 0);
	}
}

/** Something did not come to its end, though time went by. */
export class Stuck extends Error {
	constructor(what: string) {
		super(`${what} did not come to its end`);
		this.name = "Stuck";
	}
}
