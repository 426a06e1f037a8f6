// Many sessions of one member with a server, which share what the member has: they cost this process little.
import { createChannelIdentity, openChannel, runSession, SyncSession, TicketBook, transportOf } from "mindoodb";
import { inFlight } from "../tenant.mjs";

/**
 * @param {import("mindoodb").MindooTenant} tenant @param {{ env: import("mindoodb").Env, user: import("mindoodb").UnlockedUser }} unlocked
 * @param {import("./server-process.mjs").ServerProcess} server @param {number} count
 */
export async function openSessions(tenant, { env, user }, server, count) {
	const identity = await createChannelIdentity(env, user.signingKey);
	const { tenantRoot } = tenant.identity;
	const directory = await tenant.openDirectory();
	const contacts = await tenant.openDB("contacts");
	/** @type {ReadonlyMap<string, import("mindoodb").MindooDB>} */
	const databases = new Map([
		["directory", directory.db],
		["contacts", contacts],
	]);
	const host = {
		tenantRoot,
		directoryHeads: () => [],
		standing: () => /** @type {const} */ ("server"),
		databases: async () => ["contacts"],
		open: async (/** @type {string} */ dbId) => databases.get(dbId)?.syncedStores(),
		onDirectory: () => () => {},
	};
	const transport = transportOf(server.address);
	/** @type {SyncSession[]} */
	const all = [];
	await inFlight(count, 16, async () => {
		const tickets = new TicketBook(env);
		const channel = await openChannel(await transport.connect(), {
			...{ role: /** @type {const} */ ("initiator"), env, identity, tickets, tenantRoot },
			expect: [server.publicKey],
		});
		const session = new SyncSession({ env, host, peer: channel.peer, initiator: true });
		void runSession(session, channel);
		await session.level();
		all.push(session);
	});
	return all;
}
