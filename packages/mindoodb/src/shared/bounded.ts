/** Operations that a bulk form keeps under way at once. */
const bulkInFlight = 64;

/** Runs `work` over `items`, at most `width` at once, and answers in the order given. The first failure rejects. */
export async function mapBounded<T, R>(
	items: readonly T[],
	work: (item: T) => Promise<R>,
	width: number = bulkInFlight,
): Promise<R[]> {
	const results = new Array<R>(items.length);
	let next = 0;
	const worker = async () => {
		while (next < items.length) {
			const index = next++;
			results[index] = await work(items[index] as T);
		}
	};
	await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
	return results;
}
