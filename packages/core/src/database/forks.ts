import type { Entry } from "../entry/entry.js";
import type { Evaluation, EvaluationContext } from "./evaluation.js";

/**
 * Which of two entries loses that claim the same place of one actor: Automerge takes only one. The pardoned one counts; else the
 * earlier on a common chain; else the one from which entries of more different other authors descend; else the lower hash.
 * Source: docs/entry-format.md, "Automerge, kept on a leash".
 */
export async function loserOf(
	evaluation: Evaluation,
	context: EvaluationContext,
	pair: readonly [string, string],
): Promise<string> {
	const [a, b] = pair;
	const pardonedA = evaluation.isPardoned(a);
	if (pardonedA !== evaluation.isPardoned(b)) return pardonedA ? b : a;
	const entryA = evaluation.get(a)?.entry as Entry;
	const entryB = evaluation.get(b)?.entry as Entry;
	if (await context.precedes(entryA, entryB)) return b;
	if (await context.precedes(entryB, entryA)) return a;
	const author = entryA.common.createdByPublicKey;
	const followersA = followers(evaluation, a, author);
	const followersB = followers(evaluation, b, author);
	if (followersA !== followersB) return followersA > followersB ? b : a;
	return [a, b].sort()[1] as string;
}

/** Number of other authors with an entry that passes rules 1 to 4 and descends from `hash`. */
function followers(evaluation: Evaluation, hash: string, author: string): number {
	const children = new Map<string, Entry[]>();
	for (const { entry, right } of evaluation.judged) {
		if (entry.kind === "stub" || entry.fields === undefined || right !== undefined) continue;
		for (const dependency of entry.fields.dependencyHashes) {
			const list = children.get(dependency);
			if (list === undefined) children.set(dependency, [entry]);
			else list.push(entry);
		}
	}
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
