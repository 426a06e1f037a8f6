import type { StoredEntry } from "../../entry/entry.js";
import type { Keyring } from "../../keys/keyring.js";
import type { DatabaseTrust } from "../trust-port.js";
import type { Verdict } from "./verdict.js";

/** Whether an entry waited for its own key, and that is held and announced by now. */
export function hasItsKey(
	{ entry, verdict }: { readonly entry: StoredEntry; readonly verdict: Verdict },
	{ keyring, trust }: { readonly keyring: Keyring; readonly trust: DatabaseTrust },
): boolean {
	if (entry.kind === "stub" || entry.fields === undefined) return false;
	const { decryptionKeyId, keyCommitment } = entry.fields;
	if (verdict.kind === "pending" && verdict.reason === "key-unannounced")
		return trust.judgeKey(decryptionKeyId, keyCommitment) === undefined;
	// What it builds on may be locked under another key, which says nothing of its own.
	if (verdict.kind !== "locked" || verdict.keyCommitment !== keyCommitment) return false;
	return keyring.get(decryptionKeyId, keyCommitment) !== undefined;
}
