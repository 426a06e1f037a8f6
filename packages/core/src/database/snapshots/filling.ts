/**
 * The change of an entry is the one that fits `contentTag`, from its payload or from a snapshot that passes: what another member once
 * read stays readable where a payload is lost or was never true.
 */
import { automergeVersion } from "../../automerge/automerge-version.js";
import type { DecodedChange } from "../../automerge/change-chunk.js";
import type { StoredEntry } from "../../entry/entry.js";
import type { LocalStore } from "../../store/store.js";
import type { Evaluation } from "../judging/evaluation.js";
import type { EvaluationContext } from "../judging/evaluation-context.js";
import type { EvaluationInput, Fillings, Judged } from "../judging/judged.js";
import { waitsForPayload } from "../judging/verdict.js";
import { dependenciesOf, historyOf, isChange } from "./history.js";
import { checkSnapshot, openSnapshot } from "./snapshot-check.js";
import { snapshotParts } from "./snapshot-parts.js";
import { readSnapshots } from "./snapshot-rows.js";

/** @returns runs for entries that wait for a fitting payload; empty when no snapshot has any. */
export async function fillingsOf(
	context: EvaluationContext,
	store: LocalStore,
	document: number,
	evaluation: Evaluation,
): Promise<Fillings> {
	const lacking = new Set<string>();
	for (const judged of evaluation.unaccepted) if (lacksPayload(judged)) lacking.add(judged.entry.hash);
	const fillings = new Map<string, readonly DecodedChange[]>();
	if (lacking.size === 0) return fillings;
	const known = await readSnapshots(store.rows, document, automergeVersion());
	const aside = new Set(known.flatMap((row) => (row.kind === "aside" ? [row.arrival] : [])));
	const mayFill = (judged: Judged) => isOpen(evaluation, judged) && (isChange(judged) || isFit(judged));
	for (const judged of evaluation.judged) {
		if (lacking.size === 0) break;
		const { arrival, entry } = judged;
		if (!isSnapshot(entry) || aside.has(arrival) || !isOpen(evaluation, judged)) continue;
		const past = historyOf(evaluation, dependenciesOf(judged), mayFill);
		if (past === undefined || !past.some(({ entry: { hash } }) => lacking.has(hash))) continue;
		const parts = await snapshotParts(context, store, judged, past);
		const saved = parts && (await openSnapshot(parts.place, parts));
		if (parts === undefined || saved === undefined) continue;
		const runs = await checkSnapshot(parts.place, saved, parts.snapshot, parts.history);
		for (const hash of lacking) {
			const run = runs?.get(hash);
			if (run === undefined) continue;
			fillings.set(hash, run);
			lacking.delete(hash);
		}
	}
	return fillings;
}

/** Whether what came, a snapshot or an entry without a fitting payload, lets entries be filled. */
export async function canFill(
	context: EvaluationContext,
	store: LocalStore,
	document: number,
	evaluation: Evaluation,
	inputs: readonly EvaluationInput[],
): Promise<boolean> {
	const lacks = (hash: string) => {
		const judged = evaluation.get(hash);
		return judged !== undefined && lacksPayload(judged);
	};
	if (!inputs.some(({ entry }) => isSnapshot(entry) || lacks(entry.hash))) return false;
	return (await fillingsOf(context, store, document, evaluation)).size > 0;
}

function isSnapshot(entry: StoredEntry): boolean {
	return entry.kind === "entry" && entry.fields?.entryType === "doc_snapshot";
}

function lacksPayload(judged: Judged): boolean {
	return isChange(judged) && waitsForPayload(judged.verdict);
}

function isFit({ verdict }: Judged): boolean {
	return verdict.kind === "accepted";
}

/** Whether nothing but a missing payload, its own or below, may speak against an entry. */
function isOpen(evaluation: Evaluation, { entry, verdict, right }: Judged): boolean {
	if (verdict.kind === "accepted") return true;
	if (right !== undefined && !evaluation.isPardoned(entry.hash)) return false;
	return verdict.kind === "pending" && (verdict.reason === "payload" || verdict.reason === "dependency");
}
