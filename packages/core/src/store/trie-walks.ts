/** Ways through the reconciliation index, from its root down. The nodes of one depth are read at once. */
import { compareBytes } from "../bytes/compare.js";
import { addKey, addSum, digitOf, emptySum, type InnerNode, lowerBound, type Sum, type TrieNode } from "./trie-node.js";

/** Reads nodes by their paths. */
export type LoadNodes = (paths: readonly (readonly number[])[]) => Promise<readonly TrieNode[]>;

/** Keys from `from` to below `upper`, to the end without it. */
export interface KeySpan {
	readonly from: Uint8Array;
	readonly upper: Uint8Array | undefined;
}

/** One of several ways down that are gone together. */
interface Step {
	/** Which of the questions it answers. */
	readonly index: number;
	readonly digits: readonly number[];
}

/** Goes all ways down at once. @param visit takes a node and tells which of its children come next. */
async function descend(
	load: LoadNodes,
	ways: number,
	visit: (node: TrieNode, step: Step) => readonly number[],
): Promise<void> {
	let steps: Step[] = Array.from({ length: ways }, (_, index) => ({ index, digits: [] }));
	while (steps.length > 0) {
		const nodes = await load(steps.map(({ digits }) => digits));
		steps = steps.flatMap((step, at) =>
			visit(nodes[at] as TrieNode, step).map((digit) => ({ index: step.index, digits: [...step.digits, digit] })),
		);
	}
}

/** Sums of all keys below each bound, of all keys where it is `undefined`. */
export async function sumsBelow(load: LoadNodes, bounds: readonly (Uint8Array | undefined)[]): Promise<Sum[]> {
	const sums = bounds.map(emptySum);
	await descend(load, bounds.length, (node, { index, digits }) => {
		const [bound, sum] = [bounds[index], sums[index] as Sum];
		if (node.kind === "leaf") {
			const end = bound === undefined ? node.keys.length : lowerBound(node.keys, bound);
			for (let i = 0; i < end; i++) addKey(sum, node.keys[i] as Uint8Array);
			return [];
		}
		const digit = bound === undefined ? node.slots.length : digitOf(bound, digits.length);
		for (let i = 0; i < digit; i++) {
			const slot = node.slots[i];
			if (slot !== undefined) addSum(sum, slot);
		}
		return node.slots[digit] === undefined ? [] : [digit];
	});
	return sums;
}

/** Keys that so many others stand before; those behind the last key are left out. */
export async function keysAt(load: LoadNodes, ranks: readonly number[]): Promise<Uint8Array[]> {
	const left = [...ranks];
	const found: (Uint8Array | undefined)[] = ranks.map(() => undefined);
	await descend(load, ranks.length, (node, { index }) => {
		if (node.kind === "leaf") {
			found[index] = node.keys[left[index] as number];
			return [];
		}
		const digit = node.slots.findIndex((slot) => {
			if (slot === undefined) return false;
			if ((left[index] as number) < slot.count) return true;
			left[index] = (left[index] as number) - slot.count;
			return false;
		});
		return digit < 0 ? [] : [digit];
	});
	return found.filter((key) => key !== undefined);
}

/** All keys of each span, in order. */
export async function keysWithin(load: LoadNodes, spans: readonly KeySpan[]): Promise<Uint8Array[][]> {
	const found = spans.map((): Uint8Array[] => []);
	await descend(load, spans.length, (node, { index, digits }) => {
		const span = spans[index] as KeySpan;
		if (node.kind === "inner") return digitsWithin(node, digits, span);
		found[index]?.push(...keysOfLeaf(node.keys, span));
		return [];
	});
	// Leaves lie at different depths.
	for (const keys of found) keys.sort(compareBytes);
	return found;
}

/** The first keys of a span in order. @param most how many. */
export async function firstKeys(load: LoadNodes, span: KeySpan, most: number): Promise<Uint8Array[]> {
	const found: Uint8Array[] = [];
	const collect = async (digits: readonly number[]): Promise<void> => {
		const [node] = await load([digits]);
		if (node?.kind !== "inner") {
			found.push(...keysOfLeaf(node?.keys ?? [], span).slice(0, most - found.length));
			return;
		}
		for (const digit of digitsWithin(node, digits, span)) {
			if (found.length >= most) return;
			await collect([...digits, digit]);
		}
	};
	await collect([]);
	return found;
}

function keysOfLeaf(keys: readonly Uint8Array[], { from, upper }: KeySpan): readonly Uint8Array[] {
	return keys.slice(lowerBound(keys, from), upper === undefined ? keys.length : lowerBound(keys, upper));
}

/** Children that can hold keys of a span. Its ends restrict only along their own path. */
function digitsWithin(node: InnerNode, digits: readonly number[], { from, upper }: KeySpan): number[] {
	const least = isOnPath(digits, from) ? digitOf(from, digits.length) : 0;
	const most = upper !== undefined && isOnPath(digits, upper) ? digitOf(upper, digits.length) : 63;
	return node.slots.flatMap((slot, digit) => (slot !== undefined && digit >= least && digit <= most ? [digit] : []));
}

function isOnPath(digits: readonly number[], key: Uint8Array): boolean {
	return digits.every((digit, depth) => digit === digitOf(key, depth));
}
