/** Runs `task` at its first call and answers every later one with the same result; after a failure it may be tried again. */
export function once(task: () => Promise<void>): () => Promise<void> {
	let running: Promise<void> | undefined;
	return () => {
		running ??= task().catch((error: unknown) => {
			running = undefined;
			throw error;
		});
		return running;
	};
}
