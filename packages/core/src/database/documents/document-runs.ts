import type { DecodedChange } from "../../automerge/change-chunk.js";
import { openRun } from "../../automerge/sealed-run.js";
import type { LocalStore } from "../../store/store.js";
import type { EvaluationContext } from "../judging/evaluation-context.js";
import type { Fillings } from "../judging/judged.js";

/**
 * Changes of a document's entries, read from the store and opened again, a run at a time in order of arrival.
 * @param document its number.
 * @param wanted whether an entry, by its hash, is one that was accepted and is asked for.
 * @param filled runs of entries whose payload does not fit.
 */
export async function* runsOf(
	{ crypto, keyring, dbId, docId }: EvaluationContext,
	store: LocalStore,
	document: number,
	wanted: (hash: string) => boolean,
	filled: Fillings,
): AsyncGenerator<readonly DecodedChange[]> {
	for await (const batch of store.entriesOfDocument(document)) {
		for (const { entry } of batch) {
			if (entry.kind === "stub" || entry.fields?.contentTag === undefined || !wanted(entry.hash)) continue;
			const { fields } = entry;
			const key = keyring.get(fields.decryptionKeyId, fields.keyCommitment);
			if (key === undefined) continue;
			const opened = await openRun(crypto, { dbId, docId }, entry, fields, key.subkeys);
			const changes = opened.kind === "run" ? opened.changes : filled.get(entry.hash);
			if (changes !== undefined) yield changes;
		}
	}
}
