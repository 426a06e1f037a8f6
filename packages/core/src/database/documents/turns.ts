/** One task at a time for each document. */
export class Turns {
	readonly #turns = new Map<number, Promise<unknown>>();

	/** Whether somebody has, or waits for, the turn of a document. */
	has(document: number): boolean {
		return this.#turns.has(document);
	}

	/** Turns of several documents are taken at once, so that no two tasks wait for each other. */
	take<T>(documents: readonly number[], task: () => Promise<T>): Promise<T> {
		const before = Promise.all(documents.map((document) => this.#turns.get(document)));
		const turn = before.then(task);
		const settled = turn.then(
			() => undefined,
			() => undefined,
		);
		for (const document of documents) this.#turns.set(document, settled);
		settled.then(() => {
			for (const document of documents) if (this.#turns.get(document) === settled) this.#turns.delete(document);
		});
		return turn;
	}
}
