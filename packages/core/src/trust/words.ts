/** Verdicts in plain sentences for `explain`: hashes and key fingerprints, never user names. */
import type { AuthorRefusal, DirectoryRefusal, DirectoryVerdict, KeyVerdict, PendingTrust } from "./trust-verdict.js";

/** Short form of a public key for people: its first 16 hex digits. */
export function keyFingerprint(publicKey: string): string {
	return publicKey.slice(0, 16);
}

/**
 * One sentence for what the rules say about an entry of a database or of the directory.
 * @param signer public key of its author, hex.
 */
export function describeTrust(verdict: DirectoryVerdict, signer?: string): string {
	const author = signer === undefined ? "its author" : `its author (key ${keyFingerprint(signer)})`;
	switch (verdict.verdict) {
		case "accepted":
			return `Accepted: ${author} was allowed to write it.`;
		case "locked":
			return `Locked: this replica does not hold the key under which it was encrypted (commitment ${verdict.commitment}).`;
		case "unsupported":
			return "Unsupported: it was written by a newer version of the format.";
		case "pending":
			return `Pending: ${pendingWords(verdict)}.`;
		case "pending-key":
			return `Pending: no administrator has announced the version of the key that it uses (commitment ${verdict.commitment}).`;
		case "pending-dependency":
			return `Pending: it builds on ${names("entry", verdict.missing)} that ${have(verdict.missing)} not arrived or ${are(verdict.missing)} pending.`;
		case "refused":
			return `Refused: ${refusalWords(verdict.reason, author, verdict.by)}.`;
	}
}

export function describeKey(verdict: KeyVerdict): string {
	return verdict.verdict === "accepted"
		? "Accepted: the version of the key may be used."
		: `Pending: no administrator has announced this version of the key "${verdict.keyId}" (commitment ${verdict.commitment}).`;
}

function pendingWords({ missingDirectory, missingLinks, lockedDirectory }: PendingTrust): string {
	const reasons: string[] = [];
	if (missingDirectory.length > 0) {
		reasons.push(`it refers to ${names("directory entry", missingDirectory)} not here yet`);
	}
	if (missingLinks.length > 0) {
		reasons.push(
			`its author was revoked, and ${names("entry", missingLinks)} of the author's chain, which ${decide(missingLinks)} about it, ${have(missingLinks)} not arrived`,
		);
	}
	if (lockedDirectory.length > 0) {
		reasons.push(
			`${names("directory entry", lockedDirectory)}, which may hold its author's grant, cannot be read here`,
		);
	}
	return reasons.length === 0 ? "it was not judged yet" : reasons.join("; ");
}

function refusalWords(reason: AuthorRefusal | DirectoryRefusal, author: string, by: string | undefined): string {
	const entry = by === undefined ? "" : ` ${by}`;
	switch (reason) {
		case "not-granted":
			return `${author} was not a member, as far as the entry shows that its author knew the directory`;
		case "revoked-before":
			return `${author} had been revoked by directory entry${entry} before it was written`;
		case "revoked":
			return `${author} was revoked by directory entry${entry}, and it is not among the entries that the revocation lets stand`;
		case "not-administrator":
			return `only administrators may write here, and ${author} was none`;
		case "administrator-revoked-before":
			return `only administrators may write here, and ${author} had lost that right by directory entry${entry}`;
		case "administrator-revoked":
			return `only administrators may write here; ${author} lost that right by directory entry${entry}, which does not let it stand`;
		case "form":
			return "a statement of this kind counts only from the root or the recovery key, or not at all in the directory";
		case "malformed":
			return "it breaks the format of directory entries";
		case "dependency":
			return `it builds on entry${entry}, which is refused`;
	}
}

/** "entry ab12…" or "3 entries (ab12…, …)": at most four hashes. */
function names(what: string, hashes: readonly string[]): string {
	if (hashes.length === 1) return `${what} ${hashes[0]}`;
	const shown = hashes.slice(0, 4).join(", ");
	return `${hashes.length} ${what.replace(/y$/, "ies")} (${shown}${hashes.length > 4 ? ", …" : ""})`;
}

function have(list: readonly string[]): string {
	return list.length === 1 ? "has" : "have";
}

function are(list: readonly string[]): string {
	return list.length === 1 ? "is" : "are";
}

function decide(list: readonly string[]): string {
	return list.length === 1 ? "decides" : "decide";
}
