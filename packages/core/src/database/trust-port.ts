import type { Entry } from "../entry/entry.js";
import type { PardonedEntries } from "../trust/judge.js";
import type { Verdict } from "./judging/verdict.js";

/** What the directory means for one database. Everything is a pure function of the directory's and the database's entries. */
export interface DatabaseTrust {
	/**
	 * Rules 2 to 4 of docs/trust.md for entries that are signed and well-formed; `undefined` = accepted. Answers in the order
	 * given.
	 */
	judge(entries: readonly Entry[]): Promise<readonly (Verdict | undefined)[]>;
	/** Whether the version of a key may be used; `undefined` = yes. */
	judgeKey(decryptionKeyId: string, keyCommitment: string): Verdict | undefined;
	/** What an administrator pardoned of `entries`, by name or as part of a run. */
	pardoned(entries: readonly Entry[]): Promise<PardonedEntries>;
	/** The directory heads that a new entry of this author states, at most 64. */
	headsFor(publicKey: string): readonly string[];
	/** Version of a key that the directory governs; `undefined` = not governed, the newest in the KeyBag counts. */
	writeCommitment(decryptionKeyId: string): string | undefined;
	/** Whether entries of this author are stored at all: it holds a grant, revoked or not. */
	mayStore(publicKey: string): boolean;
	/** Whether a key is a member's now. */
	isMember(publicKey: string): boolean;
	/** Whether this author may write now, as far as the directory is known here; else why not. */
	mayWrite(publicKey: string): Verdict | undefined;
	/** Documents of this database that the tenant wants erased. */
	erasedDocuments(): readonly string[];
	/** Whether anything in this database was pardoned. */
	readonly hasPardons: boolean;
	/** Grows whenever a verdict could change, for this process alone. */
	readonly generation: number;
}

/** What a change of the directory means for one database. Each list leads to documents without scanning. */
export interface TrustEffects {
	/** Directory entries that became known: opens what waits for them. */
	readonly known: readonly string[];
	/** Authors whose rights may have changed, in hex. */
	readonly authors: readonly string[];
	/** Entries that were pardoned by name. */
	readonly pardoned: readonly string[];
	/** Ends of runs that were pardoned. */
	readonly pardonedRuns: readonly string[];
	/** Entries of this very database whose verdict changed; only in the directory itself. */
	readonly judged: readonly string[];
	/** Key commitments that were announced or whose key came into reach. */
	readonly keys: readonly string[];
	/** Everything has to be judged anew: the database became admin-only, or administrators changed. */
	readonly everything: boolean;
}

export const noEffects: TrustEffects = {
	known: [],
	authors: [],
	pardoned: [],
	pardonedRuns: [],
	judged: [],
	keys: [],
	everything: false,
};
