/**
 * Does a task for each item, at most so many at a time. After one has failed no other begins.
 * @throws what the first one threw, when all that had begun are done.
 */
export async function atATime<T>(items: readonly T[], most: number, task: (item: T) => Promise<void>): Promise<void> {
	const waiting = items.values();
	let failed: { readonly error: unknown } | undefined;
	const takeTurns = async () => {
		for (const item of waiting) {
			if (failed !== undefined) return;
			try {
				await task(item);
			} catch (error) {
				failed ??= { error };
			}
		}
	};
	await Promise.all(Array.from({ length: Math.min(most, items.length) }, takeTurns));
	if (failed !== undefined) throw failed.error;
}
