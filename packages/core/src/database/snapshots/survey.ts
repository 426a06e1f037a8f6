/** Looks through the snapshots of a document that was judged from its entries, and notes which of them count for what. */
import { automergeVersion } from "../../automerge/automerge-version.js";
import type { RowWrite } from "../../store/rows.js";
import type { DatabaseContext } from "../context.js";
import type { OpenDocument } from "../documents/open-document.js";
import type { Evaluation } from "../judging/evaluation.js";
import { evaluationContext } from "../judging/evaluation-context.js";
import type { Judged } from "../judging/judged.js";
import { coverageOf } from "./covering.js";
import { dependenciesOf, historyOf, isChange } from "./history.js";
import { checkSnapshot, openSnapshot } from "./snapshot-check.js";
import { snapshotParts } from "./snapshot-parts.js";
import { putSnapshot, readSnapshots, replaceSnapshots, type SnapshotRow } from "./snapshot-rows.js";

/** Snapshots of one document that are kept in mind, the latest to arrive first. */
const mostCounted = 4;
/** Foreign snapshots that are checked at a time; those that do not pass are never looked at again. */
const mostChecks = 4;

export class SnapshotSurvey {
	readonly #context: DatabaseContext;
	/** Snapshots of evaluations that were looked through: nothing changes until there are more. */
	readonly #surveyed = new WeakMap<Evaluation, number>();

	constructor(context: DatabaseContext) {
		this.#context = context;
	}

	/** Rows that say what of the document its snapshots stand for. Belongs into the batch that brings it up. */
	async rows({ evaluation, document, docId, applied }: OpenDocument): Promise<RowWrite[]> {
		const { snapshots } = evaluation;
		if (evaluation.isResting || (this.#surveyed.get(evaluation) ?? 0) === snapshots.length) return [];
		this.#surveyed.set(evaluation, snapshots.length);
		const { rows } = this.#context.store;
		const version = automergeVersion();
		const known = new Map((await readSnapshots(rows, document, version)).map((row) => [row.arrival, row]));
		const found: SnapshotRow[] = [];
		let [counted, checks] = [0, 0];
		for (const snapshot of [...snapshots].sort((a, b) => b.arrival - a.arrival)) {
			const before = known.get(snapshot.arrival);
			if (before === undefined && (counted === mostCounted || checks === mostChecks)) continue;
			if (before === undefined) checks++;
			const row = before ?? (await this.#look(evaluation, document, docId, snapshot, applied));
			if (row?.kind === "counted" && counted++ === mostCounted) break;
			if (row !== undefined) found.push(row);
		}
		const kept = new Set(found.map(({ arrival }) => arrival));
		const writes = await replaceSnapshots(rows, document, (arrival) => kept.has(arrival));
		for (const row of found) if (row !== known.get(row.arrival)) writes.push(putSnapshot(document, row, version));
		return writes;
	}

	async #look(
		evaluation: Evaluation,
		document: number,
		docId: string,
		judged: Judged,
		upTo: number,
	): Promise<SnapshotRow | undefined> {
		const { arrival, entry } = judged;
		const past = historyOf(evaluation, dependenciesOf(judged), ({ verdict }) => verdict.kind === "accepted");
		if (past === undefined || entry.kind === "stub") return undefined;
		const covered = past.filter(isChange);
		const parts = await snapshotParts(evaluationContext(this.#context, docId), this.#context.store, judged, past);
		if (parts === undefined) return undefined;
		const saved = await openSnapshot(parts.place, parts);
		const runs = saved && (await checkSnapshot(parts.place, saved, parts.snapshot, parts.history));
		if (runs === undefined) {
			this.#context.env.log("warn", "a snapshot is set aside: it is not the history that its document's entries tell", {
				hash: entry.hash,
				document,
			});
			return { kind: "aside", arrival };
		}
		const heads = dependenciesOf(judged).map((hash) => runs.get(hash)?.at(-1)?.hash ?? "");
		return {
			kind: "counted",
			arrival,
			...coverageOf(evaluation, covered, heads, upTo),
			changes: [...runs.values()].reduce((sum, run) => sum + run.length, 0),
			bytes: parts.payload.length,
			createdAt: entry.common.createdAt,
		};
	}
}
