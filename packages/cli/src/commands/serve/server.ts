import { dumpDatabase, makeInvitation, restoreDatabase } from "@mindoodb/server";
import { fromHex, nodeCrypto, toHex, UsageError } from "mindoodb";
import { recoveryOption, rootKey } from "../../administrator.js";
import type { CommandSpec, GroupSpec } from "../../command.js";
import { table } from "../../text.js";
import { serverFolderOption } from "./server-folder.js";
import { storeOption, storeUrl, withRegistry } from "./server-store.js";

const invite: CommandSpec = {
	name: "invite",
	summary: "make an invitation with which one tenant may come to a server",
	about:
		"On the server's own computer, also while it runs. The server keeps the hash of it alone, so it is shown once.",
	options: [serverFolderOption, storeOption],
	passwords: [],
	inFolder: false,
	example: "server invite --dir server",
	async run(call) {
		const invitation = await withRegistry(call, (registry) => makeInvitation({ crypto: nodeCrypto(), registry }));
		return { data: { invitation: toHex(invitation) }, lines: [toHex(invitation)] };
	},
};

const invitations: CommandSpec = {
	name: "invitations",
	summary: "list a server's invitations, by their hashes, and who used them",
	options: [serverFolderOption, storeOption],
	passwords: [],
	inFolder: false,
	example: "server invitations --dir server",
	async run(call) {
		const found = [...(await withRegistry(call, (registry) => registry.invitations()))];
		const data = found.map(([hash, tenantRoot]) => ({ hash, tenantRoot: tenantRoot ?? null }));
		return {
			data,
			lines: table(
				["SHA-256", "used by"],
				found.map(([hash, tenantRoot]) => [hash, tenantRoot ?? "nobody"]),
			),
		};
	},
};

const backup: CommandSpec = {
	name: "backup <file>",
	summary: "write what a server keeps in Postgres into a file",
	about:
		"One state of all tables, also while servers run; objects of --blobs and the server's key.json are copied beside it. A server that " +
		"keeps everything in its folder is backed up as that folder.",
	options: [storeOption],
	passwords: [],
	inFolder: false,
	example: "server backup mindoodb.dump --store postgres://db.internal/mindoodb",
	async run(call, [file = ""]) {
		const url = storeUrl(call);
		const path = await call.makeFileFrom(file, (write) => dumpDatabase(url, write));
		return { data: { path }, lines: [`The database is in ${path}.`] };
	},
};

const restore: CommandSpec = {
	name: "restore <file>",
	summary: "fill an empty Postgres database from such a file",
	options: [storeOption],
	passwords: [],
	inFolder: false,
	example: "server restore mindoodb.dump --store postgres://db.internal/restored",
	async run(call, [file = ""]) {
		await restoreDatabase(storeUrl(call), call.readPieces(file));
		return { data: {}, lines: ["The database is filled. A server with the key.json that belongs to it can use it."] };
	},
};

const add: CommandSpec = {
	name: "add <address>",
	summary: "bring the tenant to a sync server",
	about:
		"Asks the server there to keep the tenant, and names it in the directory, so that every member finds it with `sync`. The server's key " +
		"comes from its operator: `serve` shows it.",
	options: [
		["--server-key <key>", "the server's public signing key, 64 hex digits"],
		["--invitation <hex>", "the operator's invitation, where the server wants one"],
		["--at <address>", "where members reach it, if that is another address"],
		recoveryOption,
	],
	passwords: ["user", "admin"],
	example: "server add wss://sync.example.org --server-key $KEY",
	run: (call, [address]) =>
		call.withTenant(async (place) => {
			const serverKey = call.option("serverKey");
			if (serverKey === undefined || !/^[0-9a-f]{64}$/i.test(serverKey)) {
				throw new UsageError("server add: expected --server-key and the server's key, 64 hex digits");
			}
			const directory = await place.tenant.openDirectory();
			const invitation = call.option("invitation");
			await directory.joinServer(address as string, {
				serverKey,
				addresses: [call.option("at") ?? (address as string)],
				administrator: await rootKey(call, place),
				...(invitation !== undefined && { invitation: fromHex(invitation) }),
			});
			return {
				data: { address, serverKey },
				lines: [
					`The server keeps the tenant ${place.tenant.tenantId} from now on.`,
					"Its contents go there with `sync`.",
				],
			};
		}),
};

const list: CommandSpec = {
	name: "list",
	summary: "list the tenant's sync servers",
	passwords: ["user"],
	example: "server list --dir alice",
	run: (call) =>
		call.withTenant(async ({ tenant }) => {
			const servers = tenant.servers();
			return {
				data: servers.map(({ signingKey, addresses }) => ({ signingKey, addresses })),
				lines: table(
					["server key", "addresses"],
					servers.map(({ signingKey, addresses }) => [signingKey, addresses.join(" ")]),
				),
			};
		}),
};

export const server: GroupSpec = {
	name: "server",
	summary: "what a sync server takes, and which servers a tenant has",
	commands: [add, list, invite, invitations, backup, restore],
};
