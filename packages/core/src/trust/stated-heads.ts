import type { CausalOrder } from "./causal-order.js";

/**
 * The heads of the directory that an entry states when there are more than it can name. Fewer heads say less about what the author
 * knew, never more; what they must say is that the author may write. So the first ones know the author's newest grants, which know
 * the older ones, and the revocations that they lift. The others are those that know most.
 * Source: docs/decisions/0015-joining-heads.md.
 * @param heads numbers of the causal order.
 * @param grants numbers of all grants that count of the author's key.
 */
export function statedHeads(
	heads: readonly number[],
	{ order, grants, most }: { readonly order: CausalOrder; readonly grants: readonly number[]; readonly most: number },
): number[] {
	const stated = new Set<number>();
	for (const grant of newestOf(grants, order)) {
		if (stated.size === most) break;
		if (order.isInPast(grant, [...stated])) continue;
		const head = heads.find((each) => order.isInPast(grant, [each]));
		if (head !== undefined) stated.add(head);
	}
	const others = heads.filter((head) => !stated.has(head)).map((head) => ({ head, knows: order.sizeOfPast(head) }));
	others.sort((a, b) => b.knows - a.knows);
	return [...stated, ...others.slice(0, most - stated.size).map(({ head }) => head)];
}

/** Those that lie in no other one's past. Nothing has a higher number than what knows it. */
function newestOf(entries: readonly number[], order: CausalOrder): number[] {
	const newest: number[] = [];
	for (const entry of [...entries].sort((a, b) => b - a)) if (!order.isInPast(entry, newest)) newest.push(entry);
	return newest;
}
