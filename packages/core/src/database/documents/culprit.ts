import type { CheckedChange } from "../../automerge/causal-index.js";
import type { StoredEntry } from "../../entry/entry.js";
import type { Evaluation } from "../judging/evaluation.js";
import type { Replay } from "./replay.js";

/**
 * The entry that keeps the accepted entries of a document from loading back.
 * @param runs the changes of these entries.
 */
export function culpritOf(
	evaluation: Evaluation,
	runs: (entries: ReadonlySet<string>) => AsyncIterable<readonly CheckedChange[]>,
	newReplay: () => Replay,
): Promise<string> {
	return findCulprit(canonicalOrder(evaluation), async (entries) => {
		const replay = newReplay();
		try {
			for await (const run of runs(entries)) replay.take(run);
			return replay.loadsBack();
		} finally {
			replay.free();
		}
	});
}

/**
 * Rule (e): of accepted entries that together do not load back, the one to refuse. All are put into an order that follows from the set
 * alone; the culprit is the last entry of the shortest beginning that does not load. It is looked for by halves, so a culprit costs as
 * many loads as its document's entries have binary digits.
 * @param order see `canonicalOrder`; not empty.
 * @param loads whether these entries, among which is all that they build on, load back.
 */
export async function findCulprit(
	order: readonly string[],
	loads: (entries: ReadonlySet<string>) => Promise<boolean>,
): Promise<string> {
	let loading = 0;
	let failing = order.length;
	while (failing - loading > 1) {
		const middle = (loading + failing) >> 1;
		if (await loads(new Set(order.slice(0, middle)))) loading = middle;
		else failing = middle;
	}
	const culprit = order[failing - 1];
	if (culprit === undefined) throw new Error("a document without changes cannot fail to load");
	return culprit;
}

/** Accepted entries, each after all that it builds on, in an order that does not depend on how they arrived. */
export function canonicalOrder(evaluation: {
	readonly inCausalOrder: () => readonly { readonly entry: StoredEntry }[];
}): string[] {
	const accepted = new Map(evaluation.inCausalOrder().map(({ entry }) => [entry.hash, entry]));
	const order = new Set<string>();
	const open = [...accepted.keys()].sort().reverse();
	for (let hash = open.at(-1); hash !== undefined; hash = open.at(-1)) {
		const entry = accepted.get(hash);
		const below = entry?.kind === "entry" ? (entry.fields?.dependencyHashes ?? []) : [];
		const missing = order.has(hash) ? [] : below.filter((each) => accepted.has(each) && !order.has(each));
		if (missing.length > 0) {
			open.push(...[...missing].reverse());
			continue;
		}
		order.add(hash);
		open.pop();
	}
	return [...order];
}
