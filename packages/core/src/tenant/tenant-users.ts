import type { DirectoryState } from "../trust/directory-state.js";
import type { Member } from "../trust/people.js";
import type { TenantUser } from "./directory-context.js";

/** Everybody who was ever granted access, by name. */
export function usersOf(state: DirectoryState): TenantUser[] {
	const byName = new Map<string, Member[]>();
	for (const member of state.members()) {
		const known = byName.get(member.username);
		if (known === undefined) byName.set(member.username, [member]);
		else known.push(member);
	}
	return [...byName].map(([username, keys]) => ({
		username,
		isRevoked: keys.every(({ revoked }) => revoked !== undefined),
		isAdministrator: keys.some(({ signingKey }) => state.isAdministrator(signingKey)),
		keys,
	}));
}
