/** Rule 5 of docs/trust.md for one dependency: what an entry takes over from what it builds on. */
import type { StoredEntry } from "../../entry/entry.js";
import type { HeaderFields } from "../../entry/header.js";
import type { RefusedReason, Verdict } from "./verdict.js";

/** Why an entry may not depend on another one, whatever that one's verdict; `undefined` when it may. */
export function wrongDependency(fields: HeaderFields, below: StoredEntry): RefusedReason | undefined {
	if (below.kind === "stub" || below.fields === undefined) return undefined;
	const { entryType, decryptionKeyId } = below.fields;
	if (decryptionKeyId !== fields.decryptionKeyId) return "document-key";
	if (fields.entryType === "attachment_chunk") return entryType === "attachment_chunk" ? undefined : "entry-type";
	if (entryType === "doc_create" || entryType === "doc_change") return undefined;
	return entryType === "doc_delete" && fields.entryType === "doc_change" ? undefined : "entry-type";
}

/** What an entry takes over from a dependency that is not accepted. */
export function inherited(below: Verdict, dependency: string): Verdict | undefined {
	switch (below.kind) {
		case "accepted":
		case "refused":
			return undefined;
		case "pending":
			return { kind: "pending", reason: "dependency", missing: [dependency] };
		default:
			return below;
	}
}

/** Whether two verdicts of an entry mean the same to what builds on it. */
export function meansTheSame(now: Verdict, before: Verdict): boolean {
	if (now.kind === "locked" && before.kind === "locked") return now.keyCommitment === before.keyCommitment;
	if (now.kind === "refused" && before.kind === "refused") return now.reason === before.reason;
	return now.kind === before.kind;
}

const weights: Record<Verdict["kind"], number> = {
	accepted: 0,
	pending: 1,
	locked: 2,
	unsupported: 3,
	purged: 4,
	refused: 5,
};

/** The one of two verdicts that decides. */
export function weightier(a: Verdict | undefined, b: Verdict | undefined): Verdict | undefined {
	if (a === undefined || b === undefined) return a ?? b;
	return weights[b.kind] > weights[a.kind] ? b : a;
}
