/** Resolves when a count has not moved for a while of the event loop, whatever that is in time. */
export async function stalled(count: () => number): Promise<void> {
	for (let before = -1, turns = 0; turns < 20; turns++) {
		const now = count();
		if (now !== before) turns = 0;
		before = now;
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}
