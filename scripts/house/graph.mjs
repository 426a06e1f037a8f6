// Circles among files.

/**
 * The strongly connected parts of a graph that hold more than one node, or one that points at itself (Tarjan's algorithm
 * without recursion, so that a long chain cannot exhaust the stack).
 * @param {ReadonlyMap<string, Iterable<string>>} edges
 * @returns {string[][]} each sorted, ready to be shown
 */
export function findCircles(edges) {
	/** @type {Map<string, { index: number, low: number, open: boolean }>} */
	const seen = new Map();
	/** @type {string[]} */
	const stack = [];
	/** @type {string[][]} */
	const circles = [];
	for (const root of edges.keys()) {
		if (seen.has(root)) continue;
		const work = [enter(root)];
		for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
			const next = frame.rest.next();
			if (!next.done) {
				const known = seen.get(next.value);
				if (known === undefined) work.push(enter(next.value));
				else if (known.open) frame.mark.low = Math.min(frame.mark.low, known.index);
				continue;
			}
			work.pop();
			const above = work.at(-1);
			if (above !== undefined) above.mark.low = Math.min(above.mark.low, frame.mark.low);
			if (frame.mark.low === frame.mark.index) leave(frame.node);
		}
	}
	return circles;

	/** @param {string} node */
	function enter(node) {
		const mark = { index: seen.size, low: seen.size, open: true };
		seen.set(node, mark);
		stack.push(node);
		return { node, mark, rest: (edges.get(node) ?? [])[Symbol.iterator]() };
	}

	/** @param {string} node */
	function leave(node) {
		const part = stack.splice(stack.lastIndexOf(node));
		for (const member of part) /** @type {{ open: boolean }} */ (seen.get(member)).open = false;
		const pointsAtItself = [...(edges.get(node) ?? [])].includes(node);
		if (part.length > 1 || pointsAtItself) circles.push(part.sort());
	}
}
