/** Rules 2 to 4 of docs/trust.md for one author and one causal past, shared by the directory's fold and the judge of databases. */
import type { AuthorChain } from "./author-chain.js";
import type { DirectoryGraph } from "./directory-graph.js";
import type { CountedRevocation } from "./rights.js";
import type { Statements } from "./statements.js";
import { levelOf, type TrustLevel } from "./trust-level.js";
import { type AuthorRefusal, type AuthorVerdict, acceptedByTrust, pendingTrust } from "./trust-verdict.js";

/** What is known of the directory when a right is asked for. */
export interface TrustView {
	readonly graph: DirectoryGraph;
	readonly statements: Statements;
	/** Unreadable entries up to a level that lie in a past, sorted: any may be the grant that is missed. */
	lockedIn(past: readonly number[], level: TrustLevel): readonly string[];
}

/** Revocations apply from outside the author's past; the author's chain decides. */
export interface RightByRuns {
	readonly verdict: "runs";
	readonly rule: 2 | 4;
	readonly by: readonly CountedRevocation[];
}

/** Rules 3 and 4: the right of a member. */
export function memberRight(view: TrustView, signer: string, past: readonly number[]): AuthorVerdict | RightByRuns {
	const standing = view.statements.members.standing(signer, past);
	switch (standing.kind) {
		case "granted":
			return acceptedByTrust;
		case "not-granted":
			return missed(view, past, 2, 3, "not-granted");
		case "revoked-before":
			return { verdict: "refused", rule: 3, reason: "revoked-before", by: standing.by };
		case "revoked":
			return { verdict: "runs", rule: 4, by: standing.by };
	}
}

/** Rule 2: the right of an administrator. */
export function administratorRight(
	view: TrustView,
	signer: string,
	past: readonly number[],
): AuthorVerdict | RightByRuns {
	const level = levelOf(signer, view.graph.keys);
	if (level === 0) return acceptedByTrust;
	const standing = view.statements.administrators.standing(signer, past, level === 1);
	switch (standing.kind) {
		case "granted":
			return acceptedByTrust;
		case "not-granted":
			return missed(view, past, 1, 2, "not-administrator");
		case "revoked-before":
			return { verdict: "refused", rule: 2, reason: "administrator-revoked-before", by: standing.by };
		case "revoked":
			return { verdict: "runs", rule: 2, by: standing.by };
	}
}

/** Rule 4: an entry must lie in a run of every revocation that applies; a database that one does not list has none. */
export function decideByRuns(right: RightByRuns, chain: AuthorChain, dbId: string, hash: string): AuthorVerdict {
	const missing = new Set<string>();
	for (const { hash: by, accepted } of right.by) {
		const membership = chain.membershipOfAny(accepted.get(dbId) ?? [], hash);
		if (membership.kind === "outside") {
			return {
				verdict: "refused",
				rule: right.rule,
				reason: right.rule === 2 ? "administrator-revoked" : "revoked",
				by,
			};
		}
		if (membership.kind === "unknown") for (const each of membership.missing) missing.add(each);
	}
	return missing.size === 0 ? acceptedByTrust : pendingTrust({ missingLinks: [...missing].sort() });
}

function missed(
	view: TrustView,
	past: readonly number[],
	level: TrustLevel,
	rule: 2 | 3,
	reason: AuthorRefusal,
): AuthorVerdict {
	const lockedDirectory = view.lockedIn(past, level);
	return lockedDirectory.length > 0 ? pendingTrust({ lockedDirectory }) : { verdict: "refused", rule, reason };
}
