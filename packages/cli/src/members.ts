import type { MindooTenant } from "mindoodb";

/** Names of members by their public signing keys; the beginning of the key for whoever has none. */
export async function memberNames(tenant: MindooTenant): Promise<(publicKey: string) => string> {
	const names = new Map<string, string>([[tenant.identity.administrationKey, "(administration key)"]]);
	for (const { username, keys } of await (await tenant.openDirectory()).listUsers()) {
		for (const { signingKey } of keys) names.set(signingKey, username);
	}
	return (publicKey) => names.get(publicKey) ?? `${publicKey.slice(0, 16)}…`;
}
