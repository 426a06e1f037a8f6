import type { LocalStore } from "../../store/store.js";
import type { EvaluationContext } from "../judging/evaluation-context.js";
import type { Judged } from "../judging/judged.js";
import { isChange, isDelete } from "./history.js";
import type { CheckPlace, CoveredHistory, KnownEntry } from "./snapshot-check.js";

/** What a snapshot is checked with. */
export interface SnapshotParts {
	readonly place: CheckPlace;
	readonly snapshot: KnownEntry;
	readonly fields: KnownEntry["fields"];
	readonly payload: Uint8Array;
	readonly history: CoveredHistory;
}

/**
 * Reads a snapshot's payload and gathers what it is compared with.
 * @param past what it descends from, each after what it builds on. @returns `undefined` without its key or its payload.
 */
export async function snapshotParts(
	{ crypto, dbId, docId, keyring, trust }: EvaluationContext,
	store: LocalStore,
	{ arrival, entry }: Judged,
	past: readonly Judged[],
): Promise<SnapshotParts | undefined> {
	if (entry.kind === "stub" || entry.fields === undefined) return undefined;
	const { hash, fields } = entry;
	const key = keyring.get(fields.decryptionKeyId, fields.keyCommitment);
	if (key === undefined || trust.judgeKey(fields.decryptionKeyId, fields.keyCommitment) !== undefined) return undefined;
	const [stored] = await store.getArrivals([arrival]);
	if (stored?.entry.kind !== "entry" || stored.entry.payload === undefined) return undefined;
	const deletes = new Set(past.filter(isDelete).map((each) => each.entry.hash));
	return {
		place: {
			crypto,
			dbId,
			docId,
			subkeys: key.subkeys,
			subkeysOf: (each) => keyring.get(each.decryptionKeyId, each.keyCommitment)?.subkeys,
		},
		snapshot: { hash, fields },
		fields,
		payload: stored.entry.payload,
		history: { entries: past.filter(isChange).map(knownOf), isDelete: (each) => deletes.has(each) },
	};
}

function knownOf({ entry }: Judged): KnownEntry {
	if (entry.kind === "stub" || entry.fields === undefined) throw new Error("a change has fields");
	return { hash: entry.hash, fields: entry.fields };
}
