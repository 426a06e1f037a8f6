/** Pulls and pushes that are under way. */
export class Transfers {
	readonly #running = new Set<Promise<unknown>>();

	async run<T>(work: () => Promise<T>): Promise<T> {
		const transfer = work();
		this.#running.add(transfer);
		try {
			return await transfer;
		} finally {
			this.#running.delete(transfer);
		}
	}

	/** Resolves when none is under way any more. */
	async settled(): Promise<void> {
		while (this.#running.size > 0) await Promise.allSettled(this.#running);
	}
}
