/** Judges all entries of a document until what is accepted fits together and loads back. */
import type { LocalStore } from "../../store/store.js";
import type { Evaluation } from "../judging/evaluation.js";
import type { EvaluationContext } from "../judging/evaluation-context.js";
import { losersOf } from "../judging/forks.js";
import type { EvaluationInput, Fillings } from "../judging/judged.js";
import type { RefusedReason } from "../judging/verdict.js";
import { fillingsOf } from "../snapshots/filling.js";
import { culpritOf } from "./culprit.js";
import { runsOf } from "./document-runs.js";
import { loads, type Replay } from "./replay.js";

/** Where a document is judged, and for whom. */
export interface Judging {
	readonly context: EvaluationContext;
	readonly store: LocalStore;
	readonly document: number;
	readonly newReplay: () => Replay;
	readonly newEvaluation: (
		replay: Replay,
		setAside: ReadonlyMap<string, RefusedReason>,
		filled: Fillings,
	) => Evaluation;
	/** Whether meanwhile something happened that what comes out does not know. */
	readonly isOvertaken: (replay: Replay) => boolean;
}

export interface JudgedWhole {
	readonly evaluation: Evaluation;
	readonly replay: Replay;
	readonly filled: Fillings;
}

/** @param read all entries of the document. @returns `undefined` when it was overtaken. */
export async function judgeWhole(
	{ context, store, document, newReplay, newEvaluation, isOvertaken }: Judging,
	read: readonly EvaluationInput[],
): Promise<JudgedWhole | undefined> {
	const setAside = new Map<string, RefusedReason>();
	const undecided = new Set<string>();
	let inputs = read;
	let filled: Fillings = new Map();
	for (;;) {
		const replay = newReplay();
		const evaluation = newEvaluation(replay, setAside, filled);
		const gained = await evaluation.add(inputs);
		const fillings = await fillingsOf(context, store, document, evaluation);
		if (fillings.size > 0) {
			replay.free();
			filled = new Map([...filled, ...fillings]);
			continue;
		}
		const { lost, missing } = await losersOf(evaluation, context);
		const overtaken = isOvertaken(replay);
		if (!overtaken && lost.length === 0 && loads(replay, gained)) {
			evaluation.awaitForkLinks(undecided);
			return { evaluation, replay, filled };
		}
		replay.free();
		if (overtaken) return undefined;
		const ordered = inputs !== read;
		// What is set aside must depend neither on the order in which entries came nor on what was found before.
		inputs = byHash(read);
		if (lost.length > 0) {
			if (!ordered) continue;
			for (const link of missing) undecided.add(link);
			for (const hash of lost) setAside.set(hash, "actor-fork");
			continue;
		}
		const runs = (wanted: ReadonlySet<string>) => runsOf(context, store, document, (hash) => wanted.has(hash), filled);
		setAside.set(await culpritOf(evaluation, runs, newReplay), "loads-back");
	}
}

/** In an order that is the same everywhere, each to be judged anew. */
function byHash(inputs: readonly EvaluationInput[]): EvaluationInput[] {
	const anew = inputs.map(({ arrival, entry }) => ({ arrival, entry }));
	return anew.sort((a, b) => (a.entry.hash < b.entry.hash ? -1 : 1));
}
