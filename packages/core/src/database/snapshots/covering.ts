import type { OpenDocument } from "../documents/open-document.js";
import { OutcomeTally } from "../documents/outcome.js";
import type { Evaluation } from "../judging/evaluation.js";
import type { Judged } from "../judging/judged.js";
import { dependenciesOf, isChange, isDelete } from "./history.js";
import type { CountedSnapshot } from "./snapshot-rows.js";

/** What a snapshot stands for, as far as the entries tell. */
export type Coverage = Pick<CountedSnapshot, "upTo" | "uncovered" | "kept" | "heads">;

/**
 * @param covered entries whose changes are in the snapshot, each after what it builds on.
 * @param heads Automerge heads of the snapshot.
 * @param upTo arrival up to which all entries of the document are in the evaluation, or covered by the snapshots that it rests on.
 */
export function coverageOf(
	evaluation: Evaluation,
	covered: readonly Judged[],
	heads: readonly string[],
	upTo: number,
): Coverage {
	const tally = new OutcomeTally({ inCausalOrder: () => covered, unaccepted: [], entryOfChange: () => undefined });
	tally.outcome(() => []);
	const inside = new Set<Judged>(covered);
	const lifted = new Set(covered.flatMap(dependenciesOf));
	const uncovered: number[] = [];
	for (const judged of evaluation.judged) {
		if (judged.arrival > upTo || inside.has(judged)) continue;
		const counts = judged.verdict.kind === "accepted";
		const isOpenDelete = isDelete(judged) && !lifted.has(judged.entry.hash);
		if (!counts || isChange(judged) || isOpenDelete) uncovered.push(judged.arrival);
	}
	return {
		upTo,
		uncovered: uncovered.sort((a, b) => a - b),
		kept: [...new Set(tally.marks.map(({ arrival }) => arrival))],
		heads: heads.map((head) => [head, evaluation.entryOfChange(head)?.arrival ?? 0] as const),
	};
}

/** A snapshot that is to be written. */
export interface TakenSnapshot {
	/** For Automerge. */
	readonly saved: Uint8Array;
	/** Automerge changes in it. */
	readonly changes: number;
	/** Entries of its heads. */
	readonly heads: readonly Judged[];
	readonly coverage: Coverage;
}

/** All that is accepted of a document, loaded back once; it must be settled. @throws {FormatError} when it does not load. */
export function takeSnapshot(open: OpenDocument): TakenSnapshot {
	const { evaluation, applied } = open;
	const crdt = open.crdt();
	const covered = evaluation.inCausalOrder().filter(isChange);
	return {
		saved: crdt.saveVerified(),
		changes: crdt.changeCount,
		heads: crdt.heads.map((head) => evaluation.entryOfChange(head) as Judged),
		coverage: coverageOf(evaluation, covered, crdt.heads, applied),
	};
}
