import { type MindooTenant, type MindooTenantDirectory, UsageError } from "mindoodb";
import type { Call } from "./call.js";

export const anotherKeyOption = ["--another-key", "for a member of this name who has a new identity"] as const;

/** @throws {UsageError} when a member has the name already: what is given or handed by name goes to all keys of it. */
export async function checkName(call: Call, directory: MindooTenantDirectory, username: string): Promise<void> {
	if (call.options.anotherKey === true) return;
	const users = await directory.listUsers();
	if (!users.some((user) => user.username === username && !user.isRevoked)) return;
	throw new UsageError("a member has this name already; if it is the same person, repeat it with --another-key");
}

/** Names of members by their public signing keys; the beginning of the key for whoever has none. */
export async function memberNames(tenant: MindooTenant): Promise<(publicKey: string) => string> {
	const names = new Map<string, string>([[tenant.identity.administrationKey, "(administration key)"]]);
	for (const { username, keys } of await (await tenant.openDirectory()).listUsers()) {
		for (const { signingKey } of keys) names.set(signingKey, username);
	}
	return (publicKey) => names.get(publicKey) ?? `${publicKey.slice(0, 16)}…`;
}
