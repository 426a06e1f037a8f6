import { toHex } from "@mindoodb/core";
import type { Action } from "./actions.js";
import type { Member } from "./member.js";
import type { Simulation } from "./simulation.js";

/** What the administrator does with the directory. */
export async function administer(simulation: Simulation, action: Action, docId: string | undefined): Promise<void> {
	const { ledger, world, members, alice } = simulation;
	const directory = await alice.tenant?.openDirectory();
	if (directory === undefined) return;
	switch (action.do) {
		case "rotate":
			return directory.rotateKey(action.directory ? "directory" : "default");
		case "revoke": {
			const member = members[1 + (action.who % (members.length - 1))] as Member;
			ledger.everRevoked.add(member.publicKey);
			await directory.revokeUser(member.name);
			return ledger.revoke(member.publicKey, world.now);
		}
		case "grant":
			return grant(simulation, (user) => directory.registerUser(user));
		case "purge":
			if (docId === undefined) return;
			ledger.purged.add(docId);
			return directory.requestPurge({ dbId: "notes", docId });
	}
}

/** Makes somebody a member again who was one, or else a stranger. */
async function grant(
	simulation: Simulation,
	register: (user: Member["who"]["publicUser"]) => Promise<void>,
): Promise<void> {
	const { ledger, world, members, template } = simulation;
	const left = members.find(({ publicKey }) => ledger.isRevoked(publicKey));
	const { stranger } = template;
	const who = left?.who ?? stranger;
	const publicKey = toHex(who.user.signingKey.publicKey);
	ledger.grant(publicKey, world.now);
	if (!members.some((member) => member.who === who)) simulation.join(who);
	await register(who.publicUser);
}
