import type { Evaluation } from "../judging/evaluation.js";
import type { Judged } from "../judging/judged.js";

/**
 * Everything from which entries descend and these themselves, each after what it builds on.
 * @param fits whether an entry may be part of it. @returns `undefined` when one does not fit, or is not here.
 */
export function historyOf(
	evaluation: Evaluation,
	heads: readonly string[],
	fits: (judged: Judged) => boolean,
): Judged[] | undefined {
	const order = new Map<string, Judged>();
	const open = [...heads];
	for (let hash = open.at(-1); hash !== undefined; hash = open.at(-1)) {
		const judged = evaluation.get(hash);
		if (judged === undefined || !fits(judged)) return undefined;
		const below = dependenciesOf(judged).filter((each) => !order.has(each));
		if (below.length > 0 && !order.has(hash)) {
			for (const each of below) open.push(each);
			continue;
		}
		order.set(hash, judged);
		open.pop();
	}
	return [...order.values()];
}

export function dependenciesOf({ entry }: Judged): readonly string[] {
	return entry.kind === "entry" ? (entry.fields?.dependencyHashes ?? []) : [];
}

/** Whether an entry holds changes. */
export function isChange({ entry }: Judged): boolean {
	return entry.kind === "entry" && entry.fields?.contentTag !== undefined;
}

export function isDelete(judged: Judged | undefined): boolean {
	return judged?.entry.kind === "entry" && judged.entry.fields?.entryType === "doc_delete";
}
