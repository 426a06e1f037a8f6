/** What the rules of docs/trust.md say, as data. Hashes are entry hashes, 64 hex digits. */

/** Rules that an author's right can fail by. */
export type AuthorRefusal =
	/** Rule 3: no grant in the causal past of the entry's directory heads. */
	| "not-granted"
	/** Rule 3: that past holds a revocation, and no later grant. */
	| "revoked-before"
	/** Rule 4: a revocation applies, and its runs do not list the entry. */
	| "revoked"
	/** Rule 2: only administrators may write here, and the author was none in that past. */
	| "not-administrator"
	/** Rule 2: the same two for the grant as administrator. */
	| "administrator-revoked-before"
	| "administrator-revoked"
	/** Rule 2: the form counts only from the root or recovery key. */
	| "form";

/** A decision waits for directory entries, links of an author's chain, or a key of the directory. */
export interface PendingTrust {
	readonly verdict: "pending";
	/** Directory entries that have not arrived, or whose past has not. */
	readonly missingDirectory: readonly string[];
	/** Entries of the author's chain that have not arrived, to be asked for by name. */
	readonly missingLinks: readonly string[];
	/** Directory entries that are here but cannot be read, and might hold the grant. */
	readonly lockedDirectory: readonly string[];
}

/** Rules 2 to 4 for an entry. A pardon may lift a refusal. */
export type AuthorVerdict =
	| { readonly verdict: "accepted" }
	| PendingTrust
	| {
			readonly verdict: "refused";
			readonly rule: 2 | 3 | 4;
			readonly reason: AuthorRefusal;
			/** The revocation that speaks against it. */
			readonly by?: string | undefined;
	  };

/** Whether a version of a key may be used. */
export type KeyVerdict =
	| { readonly verdict: "accepted" }
	| { readonly verdict: "pending"; readonly keyId: string; readonly commitment: string };

/** What the fold makes of an entry of the directory. Only `accepted` ones say anything. */
export type DirectoryVerdict =
	| { readonly verdict: "accepted" }
	/** Its author may write it, but its key is not held here. */
	| { readonly verdict: "locked"; readonly commitment: string }
	| { readonly verdict: "unsupported" }
	| PendingTrust
	| { readonly verdict: "pending-key"; readonly commitment: string }
	| { readonly verdict: "pending-dependency"; readonly missing: readonly string[] }
	| {
			readonly verdict: "refused";
			readonly rule: 1 | 2 | 3 | 4 | 5;
			readonly reason: DirectoryRefusal;
			readonly by?: string | undefined;
	  };

export type DirectoryRefusal =
	| AuthorRefusal
	/** Rule 1: document id, run or Automerge change break the format, or it is not under the key `directory`. */
	| "malformed"
	/** Rule 5: it builds on an entry that is refused. */
	| "dependency";

export const acceptedByTrust = { verdict: "accepted" } as const;

export function pendingTrust(missing: Partial<Omit<PendingTrust, "verdict">>): PendingTrust {
	return {
		verdict: "pending",
		missingDirectory: missing.missingDirectory ?? [],
		missingLinks: missing.missingLinks ?? [],
		lockedDirectory: missing.lockedDirectory ?? [],
	};
}

/** Whether two verdicts are the same in every part. */
export function equalVerdicts(a: DirectoryVerdict, b: DirectoryVerdict): boolean {
	return a === b || JSON.stringify(a) === JSON.stringify(b);
}
