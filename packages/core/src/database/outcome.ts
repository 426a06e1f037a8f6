import type { HeaderFields } from "../entry/header.js";
import type { Evaluation, Judged } from "./evaluation.js";
import type { DocumentFacts } from "./projection-row.js";

/** What the entries of a document come to. */
export interface Outcome {
	/** Absent when nothing of the document counts and can be read. */
	readonly facts: DocumentFacts | undefined;
	/** Version of the key under which the projection is kept. */
	readonly keyCommitment: string | undefined;
	readonly deleted: boolean;
	/** Whether it shows nothing because a key is missing. */
	readonly locked: boolean;
	/** Deletes that an undelete has to lift. */
	readonly deletes: readonly Judged[];
}

/** @param heads Automerge heads of the accepted changes; asked only when there are some. */
export function outcomeOf(evaluation: Evaluation, heads: () => readonly string[]): Outcome {
	const lifted = new Set<string>();
	const deletes: Judged[] = [];
	let locked = false;
	let first: Counted | undefined;
	let last: Counted | undefined;
	let newest: Counted | undefined;
	for (const judged of evaluation.judged) {
		if (judged.verdict.kind === "locked") locked = true;
		if (judged.verdict.kind !== "accepted" || judged.entry.kind === "stub" || judged.entry.fields === undefined)
			continue;
		const { hash, fields } = judged.entry;
		const counted: Counted = { hash, fields, arrival: judged.arrival };
		switch (fields.entryType) {
			case "doc_delete":
				deletes.push(judged);
				break;
			case "doc_create":
				if (first?.fields.entryType !== "doc_create" || isBefore(counted, first)) first = counted;
				break;
			case "doc_change":
				if (first === undefined || (first.fields.entryType === "doc_change" && isBefore(counted, first)))
					first = counted;
				for (const dependency of fields.dependencyHashes) lifted.add(dependency);
				break;
			default:
				continue;
		}
		if (last === undefined || isBefore(last, counted)) last = counted;
		if (newest === undefined || counted.arrival > newest.arrival) newest = counted;
	}
	if (first === undefined || last === undefined || newest === undefined) {
		return { facts: undefined, keyCommitment: undefined, deleted: false, locked, deletes: [] };
	}
	const standing = deletes.filter(({ entry }) => !lifted.has(entry.hash));
	return {
		facts: {
			decryptionKeyId: first.fields.decryptionKeyId,
			heads: heads().map((head) => [head, evaluation.entryOfChange(head)?.entry.hash ?? ""] as const),
			createdAt: first.fields.createdAt,
			createdBy: first.fields.createdByPublicKey,
			lastModifiedAt: last.fields.createdAt,
			lastModifiedBy: last.fields.createdByPublicKey,
		},
		keyCommitment: newest.fields.keyCommitment,
		deleted: standing.length > 0,
		locked: false,
		deletes: standing,
	};
}

interface Counted {
	readonly hash: string;
	readonly fields: HeaderFields;
	readonly arrival: number;
}

function isBefore(a: Counted, b: Counted): boolean {
	return a.fields.createdAt < b.fields.createdAt || (a.fields.createdAt === b.fields.createdAt && a.hash < b.hash);
}
