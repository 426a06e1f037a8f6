/** A heap that gives the entry with the lowest time first; equal times by hash, so that all replicas agree. */
export class EarliestFirst<E extends { readonly createdAt: number; readonly hash: string }> {
	readonly #heap: E[] = [];

	add(entry: E): void {
		const heap = this.#heap;
		let at = heap.push(entry) - 1;
		while (at > 0) {
			const parent = (at - 1) >> 1;
			if (!isBefore(entry, heap[parent] as E)) break;
			heap[at] = heap[parent] as E;
			at = parent;
		}
		heap[at] = entry;
	}

	take(): E | undefined {
		const heap = this.#heap;
		const first = heap[0];
		const last = heap.pop();
		if (first === undefined || last === undefined || heap.length === 0) return first;
		let at = 0;
		for (;;) {
			let child = 2 * at + 1;
			if (child >= heap.length) break;
			if (child + 1 < heap.length && isBefore(heap[child + 1] as E, heap[child] as E)) child++;
			if (!isBefore(heap[child] as E, last)) break;
			heap[at] = heap[child] as E;
			at = child;
		}
		heap[at] = last;
		return first;
	}
}

function isBefore<E extends { readonly createdAt: number; readonly hash: string }>(a: E, b: E): boolean {
	return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.hash < b.hash);
}
