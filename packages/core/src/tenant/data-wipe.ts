import type { Env } from "../env.js";
import type { KeyBag } from "../keys/key-bag.js";
import { directoryId } from "../trust/directory-record.js";
import type { DirectoryState } from "../trust/directory-state.js";

/**
 * Whether an administrator wants the replicas of this user to erase themselves: every grant of the key has ended, and at least one
 * revocation that counts asks for it. Source: docs/trust.md, "Joining, rolling back, leaving".
 * @param publicKey the replica's own signing key, hex.
 */
export function isWipeRequested(state: DirectoryState, publicKey: string): boolean {
	const grants = state.members().filter(({ signingKey }) => signingKey === publicKey);
	return (
		grants.every(({ revoked }) => revoked !== undefined) &&
		grants.some(({ revoked }) => revoked?.requestDataWipe === true)
	);
}

/**
 * Erases a tenant from this device: its databases, then its keys, then the directory, which is what tells that it has to be done. So a
 * wipe that was cut short begins again when the tenant is opened, as long as anything that can be read is left. All stores must be
 * closed; those that a program gave instead of `env.stores` are its own to erase.
 */
export async function wipeTenant(env: Env, tenantRoot: string, keyBag: KeyBag): Promise<void> {
	for (const dbId of await env.stores.list(tenantRoot)) {
		if (dbId !== directoryId) await env.stores.drop(tenantRoot, dbId);
	}
	for (const keyId of keyBag.listKeys()) keyBag.deleteKey(keyId);
	await keyBag.settled();
	await env.stores.drop(tenantRoot, directoryId);
}
