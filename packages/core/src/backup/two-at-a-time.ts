/** Carries out numbered work in order, with the next piece begun while one is used: reading and signatures wait for other threads. */
export async function* twoAtATime<T>(count: number, work: (index: number) => Promise<T>): AsyncGenerator<T> {
	let next: Promise<T> | undefined;
	try {
		for (let index = 0; index < count; index++) {
			const current = next ?? work(index);
			next = index + 1 < count ? work(index + 1) : undefined;
			// Whoever awaits it gets the error.
			next?.catch(() => {});
			yield await current;
		}
	} finally {
		await next?.catch(() => {});
	}
}
