import type { Entry } from "../../entry/entry.js";
import type { Evaluation } from "./evaluation.js";
import type { EvaluationContext } from "./evaluation-context.js";
import { OrderOfPlaces } from "./order-of-places.js";

export interface Losers {
	readonly lost: readonly string[];
	/** Links of author chains that have not arrived, and that may decide otherwise. */
	readonly missing: ReadonlySet<string>;
}

/**
 * Entries that lose against another one which claims the same place of one actor: Automerge takes only one. The pardoned one counts;
 * else the earlier on a common chain; else the one from which entries of more different other authors descend; else the lower hash.
 * Of more than two the winner goes on against the next in order of hash, because these rules may go round in a circle.
 * @param evaluation of entries that were added in order of their hashes, or the result depends on the order in which they came.
 * Source: docs/entry-format.md, "Automerge, kept on a leash".
 */
export async function losersOf(evaluation: Evaluation, context: EvaluationContext): Promise<Losers> {
	const rivals = rivalsOf(evaluation);
	const missing = new Set<string>();
	if (rivals.size === 0) return { lost: [], missing };
	const children = childrenOf(evaluation);
	const followers = new Map<string, number>();
	const followersOf = (hash: string): number => {
		const known = followers.get(hash) ?? countFollowers(evaluation, children, hash);
		followers.set(hash, known);
		return known;
	};
	const lost = new Set<string>();
	const order = new OrderOfPlaces(evaluation, [...rivals.values()]);
	for (let there = order.next(lost); there !== undefined; there = order.next(lost)) {
		const [first, ...others] = there;
		let winner = first as string;
		for (const other of others) {
			const loser = await loserOf(evaluation, context, winner, other, followersOf, missing);
			lost.add(loser);
			if (loser === winner) winner = other;
		}
	}
	return { lost: [...lost], missing };
}

/** Entries at one place, sorted, for every place that several accepted entries claim; equal companies once. */
function rivalsOf(evaluation: Evaluation): ReadonlyMap<string, readonly string[]> {
	const rivals = new Map<string, readonly string[]>();
	if (!evaluation.forked) return rivals;
	const places = new Map<string, Set<string>>();
	for (const { entry, run = [] } of evaluation.inCausalOrder()) {
		for (const { actor, seq } of run) {
			const place = `${actor} ${seq}`;
			const there = places.get(place);
			if (there === undefined) places.set(place, new Set([entry.hash]));
			else there.add(entry.hash);
		}
	}
	for (const there of places.values()) {
		const sorted = [...there].sort();
		if (sorted.length > 1) rivals.set(sorted.join(), sorted);
	}
	return rivals;
}

async function loserOf(
	evaluation: Evaluation,
	context: EvaluationContext,
	a: string,
	b: string,
	followersOf: (hash: string) => number,
	missing: Set<string>,
): Promise<string> {
	const pardonedA = evaluation.isPardoned(a);
	if (pardonedA !== evaluation.isPardoned(b)) return pardonedA ? b : a;
	const entryA = evaluation.get(a)?.entry as Entry;
	const entryB = evaluation.get(b)?.entry as Entry;
	const aBeforeB = await context.precedes(entryA, entryB);
	if (aBeforeB.kind === "inside") return b;
	const bBeforeA = await context.precedes(entryB, entryA);
	if (bBeforeA.kind === "inside") return a;
	for (const order of [aBeforeB, bBeforeA]) {
		if (order.kind === "unknown") for (const link of order.missing) missing.add(link);
	}
	const [followersA, followersB] = [followersOf(a), followersOf(b)];
	if (followersA !== followersB) return followersA > followersB ? b : a;
	return a < b ? b : a;
}

/** Entries that pass rules 1 to 4, or are pardoned, by what they build on. */
function childrenOf(evaluation: Evaluation): ReadonlyMap<string, readonly Entry[]> {
	const children = new Map<string, Entry[]>();
	for (const { entry, right } of evaluation.judged) {
		if (entry.kind === "stub" || entry.fields === undefined) continue;
		if (right !== undefined && !evaluation.isPardoned(entry.hash)) continue;
		for (const dependency of entry.fields.dependencyHashes) {
			const list = children.get(dependency);
			if (list === undefined) children.set(dependency, [entry]);
			else list.push(entry);
		}
	}
	return children;
}

/** Number of other authors with an entry that descends from `hash`. */
function countFollowers(evaluation: Evaluation, children: ReadonlyMap<string, readonly Entry[]>, hash: string): number {
	const forked = evaluation.get(hash)?.entry as Entry;
	const author = forked.common.createdByPublicKey;
	const authors = new Set<string>();
	const seen = new Set<string>();
	const open = [hash];
	for (let next = open.pop(); next !== undefined; next = open.pop()) {
		for (const child of children.get(next) ?? []) {
			if (seen.has(child.hash)) continue;
			seen.add(child.hash);
			open.push(child.hash);
			if (child.common.createdByPublicKey !== author) authors.add(child.common.createdByPublicKey);
		}
	}
	return authors.size;
}
