import { directoryId } from "./directory-record.js";
import type { DirectoryForm } from "./forms.js";

/** Public keys of the tenant as hex; they are part of `tenantRoot`. */
export interface DirectoryKeys {
	readonly administrationKey: string;
	readonly recoveryKey: string | undefined;
}

/**
 * Who can overrule whom: 0 the recovery key, 1 the root key, 2 all others. What counts of a level is decided by the levels
 * below alone, so there is one answer and no circle.
 */
export type TrustLevel = 0 | 1 | 2;

/**
 * Rule 2's limits on forms, which no pardon lifts: administrators are made and unmade by root and recovery keys alone, the root
 * key by the recovery key alone, the recovery key by nobody; in the directory only pardons by those two count, and nothing is
 * purged there.
 */
export function mayCount(form: DirectoryForm, level: TrustLevel, keys: DirectoryKeys): boolean {
	switch (form.form) {
		case "admingrant":
		case "adminrevoke":
			if (form.signingKey === keys.recoveryKey) return false;
			return form.signingKey === keys.administrationKey ? level === 0 : level < 2;
		case "acceptentries":
			return form.dbId !== directoryId || level < 2;
		case "purgerequest":
			return form.dbId !== directoryId;
		default:
			return true;
	}
}

/** The level on which a key writes. */
export function levelOf(signer: string, keys: DirectoryKeys): TrustLevel {
	if (signer === keys.recoveryKey) return 0;
	return signer === keys.administrationKey ? 1 : 2;
}
