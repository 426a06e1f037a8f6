import type { Row } from "@mindoodb/core";

interface Waiting {
	/** What is asked for before it begins gets the same answer. */
	next: Promise<readonly Row[]> | undefined;
	running: Promise<unknown> | undefined;
}

/**
 * Reads that are the same and wait for the same reason are one statement: when something was appended, every session asks where the store
 * stands and for the rows behind what it has told. One of a kind is under way at a time; whoever asks meanwhile gets the next one, so no
 * answer is older than its question.
 */
export class JoinedReads {
	readonly #kinds = new Map<string, Waiting>();

	/** @param kind the same for the same rows. @returns rows that belong to the caller. */
	async get(kind: string, read: () => Promise<readonly Row[]>): Promise<Row[]> {
		const waiting = this.#kinds.get(kind) ?? { next: undefined, running: undefined };
		this.#kinds.set(kind, waiting);
		const isFirst = waiting.next === undefined;
		waiting.next ??= this.#begin(kind, waiting, read);
		const rows = await waiting.next;
		return isFirst ? [...rows] : rows.map(([key, value]) => [key.slice(), value.slice()] as const);
	}

	async #begin(kind: string, waiting: Waiting, read: () => Promise<readonly Row[]>): Promise<readonly Row[]> {
		await (waiting.running ?? new Promise((resolve) => setImmediate(resolve)));
		waiting.next = undefined;
		const reading = read();
		const running = reading.then(
			() => undefined,
			() => undefined,
		);
		waiting.running = running;
		void running.then(() => {
			if (waiting.running !== running) return;
			waiting.running = undefined;
			if (waiting.next === undefined) this.#kinds.delete(kind);
		});
		return reading;
	}
}
