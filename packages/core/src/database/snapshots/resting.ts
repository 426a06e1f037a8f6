/** Loads a document from its snapshots and what none of them covers, where everything was judged before. */
import { automergeVersion } from "../../automerge/automerge-version.js";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import { decodeProjection } from "../../automerge/plain-data.js";
import { concatBytes } from "../../bytes/concat.js";
import { FormatError } from "../../errors.js";
import type { Arrival, LocalStore } from "../../store/store.js";
import { rowKinds } from "../document-rows.js";
import { Replay } from "../documents/replay.js";
import type { KeptDocument, StoredState } from "../documents/stored-state.js";
import type { Evaluation } from "../judging/evaluation.js";
import type { EvaluationContext } from "../judging/evaluation-context.js";
import type { EvaluationInput } from "../judging/judged.js";
import { accepted, type Verdict } from "../judging/verdict.js";
import { openSnapshot } from "./snapshot-check.js";
import { type CountedSnapshot, readSnapshots } from "./snapshot-rows.js";

/** A document with more heads is loaded from its changes: what joins them has to know their past. */
const mostHeads = 64;

/** Snapshots that stand for the beginning of a document. */
export interface Base {
	/** Arrivals of the snapshots. */
	readonly snapshots: readonly number[];
	/** What they hold, for Automerge. */
	readonly saved: Uint8Array;
	/** Behind this arrival every entry has to be read. */
	readonly upTo: number;
	readonly kept: readonly EvaluationInput[];
	/** Entry by Automerge head. */
	readonly heads: ReadonlyMap<string, string>;
	/** Entries up to `upTo` that have to be read too. */
	readonly beside: readonly Arrival[];
}

/**
 * The best set of a document's snapshots: the one that holds most changes, and those that hold changes which it does not.
 * @returns the set, and what of `uncovered` is left.
 */
export function bestSet(
	snapshots: readonly CountedSnapshot[],
):
	| { readonly set: readonly CountedSnapshot[]; readonly uncovered: readonly number[]; readonly upTo: number }
	| undefined {
	const [first, ...others] = [...snapshots].sort((a, b) => b.changes - a.changes || b.upTo - a.upTo);
	if (first === undefined) return undefined;
	const set = [first];
	let { uncovered } = first;
	for (const other of others) {
		const lacking = new Set(other.uncovered);
		const left = uncovered.filter((arrival) => arrival > other.upTo || lacking.has(arrival));
		if (left.length === uncovered.length) continue;
		set.push(other);
		uncovered = left;
	}
	return { set, uncovered, upTo: first.upTo };
}

/**
 * Snapshots of a document that passed and are still accepted: one that covers what no longer counts is refused with it.
 * @param verdicts of the entries that are not accepted, by arrival.
 */
export async function countedSnapshots(
	store: LocalStore,
	document: number,
	verdicts: ReadonlyMap<number, Verdict>,
): Promise<CountedSnapshot[]> {
	const rows = await readSnapshots(store.rows, document, automergeVersion());
	return rows.filter((row) => row.kind === "counted" && !verdicts.has(row.arrival)) as CountedSnapshot[];
}

/** As `countedSnapshots`, with those that they have replaced. Oldest first. */
export async function allSnapshots(
	store: LocalStore,
	document: number,
	verdicts: ReadonlyMap<number, Verdict>,
): Promise<CountedSnapshot[]> {
	const earlier = await readSnapshots(store.rows, document, automergeVersion(), rowKinds.earlierSnapshot);
	const replaced = earlier.filter((row) => row.kind === "counted" && !verdicts.has(row.arrival)) as CountedSnapshot[];
	const counted = await countedSnapshots(store, document, verdicts);
	return [...replaced, ...counted].sort((a, b) => a.arrival - b.arrival);
}

/** @returns `undefined` when there is no snapshot, or one of them cannot be read. */
export async function readBase(
	{ crypto, dbId, docId, keyring }: EvaluationContext,
	store: LocalStore,
	document: number,
	verdicts: ReadonlyMap<number, Verdict>,
): Promise<Base | undefined> {
	const best = bestSet(await countedSnapshots(store, document, verdicts));
	if (best === undefined) return undefined;
	const { set, upTo } = best;
	// What counted when the snapshot was taken, and is not covered, may be refused since.
	const refused = [...verdicts.keys()].filter((arrival) => arrival <= upTo);
	const uncovered = [...new Set([...best.uncovered, ...refused])].sort((a, b) => a - b);
	const saved: Uint8Array[] = [];
	for (const { entry } of await store.getArrivals(set.map(({ arrival }) => arrival))) {
		if (entry.kind === "stub" || entry.fields === undefined || entry.payload === undefined) return undefined;
		const { fields, payload } = entry;
		const key = keyring.get(fields.decryptionKeyId, fields.keyCommitment);
		const plaintext = key && (await openSnapshot({ crypto, dbId, docId, subkeys: key.subkeys }, { fields, payload }));
		if (plaintext === undefined) return undefined;
		saved.push(plaintext);
	}
	const heads = set.flatMap((each) => each.heads);
	const named = [...new Set([...set.flatMap(({ kept }) => kept), ...heads.map(([, arrival]) => arrival)])];
	const kept = await store.getArrivals(named, { payload: false });
	const beside = await store.getArrivals(uncovered);
	if (saved.length < set.length || kept.length < named.length || beside.length < uncovered.length) return undefined;
	const hashes = new Map(kept.map(({ arrival, entry }) => [arrival, entry.hash]));
	return {
		snapshots: set.map(({ arrival }) => arrival),
		saved: concatBytes(...saved),
		upTo,
		kept,
		heads: new Map(heads.map(([change, arrival]) => [change, hashes.get(arrival) ?? ""])),
		beside,
	};
}

/** A document in memory that rests on snapshots. */
export interface Rested {
	readonly evaluation: Evaluation;
	readonly replay: Replay;
}

/**
 * @param tail entries that arrived behind `upTo`. @param actor of the Automerge document.
 * @returns `undefined` when the entries have to be judged, or the snapshots do not load: the changes tell.
 */
export async function restOn(
	base: Base,
	tail: readonly Arrival[],
	{ applied, verdicts, kept }: StoredState,
	newEvaluation: (takes: Pick<Replay, "take">) => Evaluation,
	actor: string,
): Promise<Rested | undefined> {
	const entries = [...base.beside, ...tail];
	if (entries.some(({ arrival }) => arrival > applied && !verdicts.has(arrival))) return undefined;
	const behind: Uint8Array[] = [];
	const replay = kept === undefined ? tryToLoad(base, actor) : resume(base, behind, kept, actor);
	if (replay === undefined) return undefined;
	let takes: Pick<Replay, "take"> = replay;
	if (kept !== undefined) takes = { take: (run) => behind.push(...run.map(({ bytes }) => bytes)) };
	const evaluation = newEvaluation({ take: (run) => takes.take(run) });
	evaluation.rest(base.kept, base.heads);
	const inputs: EvaluationInput[] = [];
	for (const { arrival, entry } of entries) {
		const verdict = verdicts.get(arrival);
		if (verdict === undefined) inputs.push({ arrival, entry, settled: accepted });
		else evaluation.carry({ arrival, entry }, verdict);
	}
	await evaluation.add(inputs);
	// What a key opens that came since has to be judged.
	await evaluation.unlock();
	takes = replay;
	const stands =
		!evaluation.stale &&
		inputs.every(({ entry }) => evaluation.get(entry.hash)?.verdict.kind === "accepted") &&
		replay.applies() &&
		replay.heads.length <= mostHeads &&
		replay.heads.every((head) => evaluation.entryOfChange(head) !== undefined);
	if (stands) return { evaluation, replay };
	replay.free();
	return undefined;
}

/** What the snapshots hold. @throws {FormatError} when they do not load. */
export function loadBase({ saved }: Base, actor: string): Replay {
	const replay = new Replay(() => CrdtDocument.create(actor));
	replay.restore(CrdtDocument.load(saved, actor));
	return replay;
}

/** @param behind changes that none of the snapshots covers; they may come until Automerge is needed. */
function resume({ saved }: Base, behind: readonly Uint8Array[], { root, data }: KeptDocument, actor: string): Replay {
	const replay = new Replay(() => CrdtDocument.create(actor));
	const unloaded = { root, data: () => decodeProjection(data), saved: () => ({ saved, changes: behind }) };
	replay.restore(CrdtDocument.resume(unloaded, actor));
	return replay;
}

function tryToLoad(base: Base, actor: string): Replay | undefined {
	try {
		return loadBase(base, actor);
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}
