/** Who else may administer a tenant. Only root and recovery keys decide it: docs/trust.md, rule 2. */
import { UsageError } from "../errors.js";
import type { DirectoryState } from "../trust/directory-state.js";
import type { AcceptedRuns } from "../trust/form-codecs.js";
import type { DirectoryForm } from "../trust/forms.js";
import { membersNamed } from "../trust/people.js";

/** @throws {UsageError} `not-administrator` without one of the two keys. */
export function checkRootKey(administrator: object | undefined): void {
	if (administrator !== undefined) return;
	throw new UsageError("administrators are made and unmade with the administration key or the recovery key", {
		code: "not-administrator",
	});
}

/** Grants for all keys of a member. @throws {UsageError} `not-found` when nobody of this name is a member. */
export function administratorGrants(state: DirectoryState, username: string): DirectoryForm[] {
	const keys = membersNamed(state.members(), username).filter(({ revoked }) => revoked === undefined);
	if (keys.length === 0) throw new UsageError("expected the name of a member", { code: "not-found" });
	return keys.map(({ signingKey, username: name }) => ({ form: "admingrant", username: name, signingKey }));
}

/**
 * Revocations of an administrator's right; as a member it stays.
 * @param administrator name, or signing key in hex: the root key has no name.
 * @param isRecoveryKey whether the recovery key signs: only that revokes the root key.
 * @param acceptedRuns what of a key's work stays.
 * @throws {UsageError} `not-found`, `not-administrator`
 */
export async function administratorRevocations(
	state: DirectoryState,
	administrator: string,
	isRecoveryKey: boolean,
	acceptedRuns: (signingKey: string) => Promise<AcceptedRuns>,
): Promise<DirectoryForm[]> {
	const name = administrator.normalize("NFC");
	const keys = state
		.administrators()
		.filter(({ role, username, signingKey }) => role !== "recovery" && (username === name || signingKey === name))
		.filter(({ revoked }) => revoked === undefined);
	if (keys.length === 0) throw new UsageError("expected the name or key of an administrator", { code: "not-found" });
	if (!isRecoveryKey && keys.some(({ role }) => role === "root")) {
		throw new UsageError("the administration key is revoked with the recovery key alone", {
			code: "not-administrator",
		});
	}
	return Promise.all(
		keys.map(async ({ signingKey, username = "" }) => ({
			form: "adminrevoke" as const,
			username,
			signingKey,
			requestDataWipe: false,
			accepted: await acceptedRuns(signingKey),
		})),
	);
}
