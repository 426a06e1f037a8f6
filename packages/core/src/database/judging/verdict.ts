import { type CborValue, decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { FormatError } from "../../errors.js";

/** Why an entry does not count yet. */
export type PendingReason = "directory" | "chain" | "dependency" | "key-unannounced" | "payload";

/** Why an entry does not count. */
export type RefusedReason =
	| "not-granted"
	| "revoked"
	| "not-administrator"
	| "dependency"
	| "document-id"
	| "document-key"
	| "other-document"
	| "entry-type"
	| "run"
	| "actor"
	| "actor-fork"
	| "change"
	| "operations"
	| "loads-back";

/**
 * What a replica makes of an entry: a pure function of the entries, the directory and the keys that it holds.
 * `missing` names what would settle it; `by` the directory entry or dependency that speaks against it.
 */
export type Verdict =
	| { readonly kind: "accepted" }
	| { readonly kind: "pending"; readonly reason: PendingReason; readonly missing: readonly string[] }
	| { readonly kind: "refused"; readonly reason: RefusedReason; readonly by?: string | undefined }
	| { readonly kind: "locked"; readonly keyCommitment: string }
	| { readonly kind: "unsupported" }
	| { readonly kind: "purged" };

/** Refusals that no pardon lifts: the entry itself is not what the format allows. */
const formal: ReadonlySet<RefusedReason> = new Set([
	"document-id",
	"document-key",
	"other-document",
	"entry-type",
	"run",
	"actor",
	"actor-fork",
	"change",
	"operations",
	"loads-back",
]);

/** Whether a pardon leaves this refusal as it is. */
export function isFormal(reason: RefusedReason): boolean {
	return formal.has(reason);
}

export const accepted = { kind: "accepted" } as const satisfies Verdict;

/** Before anything was found out about an entry. */
export const unsettled: Verdict = { kind: "pending", reason: "dependency", missing: [] };

const kinds = ["accepted", "pending", "refused", "locked", "unsupported", "purged"] as const;

/** Whether an entry would count with a payload that is what its header promised. */
export function waitsForPayload(verdict: Verdict): boolean {
	return verdict.kind === "pending" && verdict.reason === "payload";
}

/** Stored form of a verdict: CBOR[kind, reason or null, array of 32 bytes]. */
export function encodeVerdict(verdict: Verdict): Uint8Array {
	const reason = "reason" in verdict ? verdict.reason : null;
	return encodeCbor([kinds.indexOf(verdict.kind), reason, namedBy(verdict).map((hash) => fromHex(hash, 32))]);
}

/** @throws {FormatError} */
export function decodeVerdict(bytes: Uint8Array): Verdict {
	const value = decodeCbor(bytes);
	if (!Array.isArray(value) || value.length !== 3) throw new FormatError("verdict: expected three elements");
	const [code, reason, hashes] = value as CborValue[];
	const kind = typeof code === "number" ? kinds[code] : undefined;
	const named = Array.isArray(hashes) ? hashes.map((each) => toHex(each as Uint8Array)) : [];
	switch (kind) {
		case "pending":
			return { kind, reason: reason as PendingReason, missing: named };
		case "refused":
			return { kind, reason: reason as RefusedReason, by: named[0] };
		case "locked":
			return { kind, keyCommitment: named[0] ?? "" };
		case "accepted":
		case "unsupported":
		case "purged":
			return { kind };
		default:
			throw new FormatError("verdict: unknown kind");
	}
}

function namedBy(verdict: Verdict): readonly string[] {
	switch (verdict.kind) {
		case "pending":
			return verdict.missing;
		case "refused":
			return verdict.by === undefined ? [] : [verdict.by];
		case "locked":
			return [verdict.keyCommitment];
		default:
			return [];
	}
}

/** The verdict in one plain sentence. */
export function describeVerdict(verdict: Verdict): string {
	switch (verdict.kind) {
		case "accepted":
			return "Accepted: the signature holds, and its author was allowed to write it.";
		case "unsupported":
			return "Unsupported: written by a newer version of the format; kept, and opened after an upgrade.";
		case "purged":
			return "Purged: its contents were erased on request; only its place in the history remains.";
		case "locked":
			return "Locked: this replica does not hold the key under which it was encrypted.";
		case "pending":
			return `Pending: ${pendingWords[verdict.reason]}.`;
		case "refused":
			return `Refused: ${refusedWords[verdict.reason]}.`;
	}
}

const pendingWords: Record<PendingReason, string> = {
	directory: "it refers to directory entries that have not arrived here yet",
	chain: "links of its author's chain that decide about a revocation have not arrived here yet",
	dependency: "entries that it builds on have not arrived here or are pending themselves",
	"key-unannounced": "no administrator has announced the version of the key that it uses",
	payload: "its payload is not what its header promised; a snapshot or an intact copy would settle it",
};

const refusedWords: Record<RefusedReason, string> = {
	"not-granted": "its author was not a member as far as the author knew the directory",
	revoked: "its author was revoked, and the entry is not among those that the revocation lets stand",
	"not-administrator": "only administrators may write here, and its author was none",
	dependency: "it builds on an entry that is refused",
	"document-id": "the document's id was not made by this author for this database and key",
	"document-key": "it does not carry the key of the document that it changes",
	"other-document": "it depends on an entry of another document",
	"entry-type": "its dependencies are not of the kind that its type needs",
	run: "its payload is not a proper run of changes",
	actor: "it writes under another author's actor id",
	"actor-fork": "its author wrote two different changes at the same place, and the other one counts",
	change: "its change does not fit the history that it builds on",
	operations: "its change holds more operations than allowed",
	"loads-back": "the document could not be loaded again with this change in it",
};
