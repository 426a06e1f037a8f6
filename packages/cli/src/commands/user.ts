import { createFolder, FormatError, type PublicUserId, parsePublicUserId, toHex } from "mindoodb";
import { administrator, asRoot } from "../administrator.js";
import type { CommandSpec, GroupSpec } from "../command.js";
import { encodeHandover } from "../handover-file.js";
import { dateText, table } from "../text.js";

const create: CommandSpec = {
	name: "create <name>",
	summary: "make your identity, to join a tenant of others",
	about: "Writes the public half to a file, for the administrator's `user add`. It holds no secret.",
	options: [["--out <file>", "file of the public user id (default: <name>.user.json)"]],
	passwords: ["user"],
	example: "user create bob --dir bob --out bob.user.json",
	async run(call, [username = ""]) {
		const password = await call.password("user", true);
		const folder = await createFolder(call.dir, { username, password, ...call.kdf });
		try {
			const name = call.option("out") ?? `${fileName(folder.username)}.user.json`;
			const out = await call.makeFile(name, `${JSON.stringify(folder.publicUserId, undefined, "\t")}\n`);
			return {
				data: { username: folder.username, dir: folder.dir, file: out },
				lines: [`Made the identity ${folder.username} in ${folder.dir}.`, `Give ${out} to an administrator.`],
			};
		} finally {
			await folder.close();
		}
	},
};

const add: CommandSpec = {
	name: "add <file>",
	summary: "make somebody a member, by the public user id in a file",
	about:
		"Make sure that the file is the one that the person made: who swaps it gets in. With --handover it also writes the file with which the " +
		"new member joins, under the key password; tell the member that password another way. Invitations that both sides confirm come later.",
	options: [["--handover <file>", "also write the file for `init --join`"], asRoot],
	passwords: ["user", "admin", "key"],
	example: "user add bob.user.json --handover bob.handover.json --dir alice",
	async run(call, [file = ""]) {
		const user = readUser(await call.readFile(file));
		return call.withTenant(async (place) => {
			const { tenant, folder } = place;
			const out = call.option("handover");
			const password = out === undefined ? undefined : await call.password("key", true);
			const directory = await tenant.openDirectory();
			await directory.registerUser(user, await administrator(call, place));
			if (out !== undefined && password !== undefined) {
				const { keyBag, identity } = tenant;
				const directoryKeys = await keyBag.encryptAndExportVersions("directory", { password, ...call.kdf });
				const key = keyBag.get("directory") as Uint8Array;
				const text = await encodeHandover(folder.env.crypto, identity, directoryKeys, key);
				await call.makeFile(out, text);
			}
			const lines = [`${user.username} is a member now.`];
			if (out !== undefined) lines.push(`Give ${call.path(out)} and its password to ${user.username}, by two ways.`);
			return { data: { username: user.username, ...(out && { handover: call.path(out) }) }, lines };
		});
	},
};

const revoke: CommandSpec = {
	name: "revoke <name>",
	summary: "end somebody's membership",
	about:
		"What it wrote before and what has arrived here stays. Sync first, so that honest work is not cut off. The keys that it has get new " +
		"versions, which go to everybody else with the next sync.",
	options: [["--wipe", "ask its replicas to erase themselves when they learn of it"], asRoot],
	passwords: ["user", "admin"],
	example: "user revoke bob --dir alice",
	run: (call, [name = ""]) =>
		call.withTenant(async (place) => {
			const directory = await place.tenant.openDirectory();
			const requestDataWipe = call.options.wipe === true;
			const options = { requestDataWipe, ...(await administrator(call, place)) };
			const { rotatedKeys } = await directory.revokeUser(name, options);
			return {
				data: { username: name, revoked: true, requestDataWipe, rotatedKeys },
				lines: [`${name} is no member any more.`, `New versions of the keys: ${rotatedKeys.join(", ")}.`],
			};
		}),
};

const list: CommandSpec = {
	name: "list",
	summary: "list members, also former ones",
	passwords: ["user"],
	example: "user list --json",
	run: (call) =>
		call.withTenant(async ({ tenant }) => {
			const users = await (await tenant.openDirectory()).listUsers();
			const rows = users.map(({ username, isAdministrator, isRevoked, keys }) => ({
				username,
				isAdministrator,
				isRevoked,
				keys: keys.map(({ signingKey, encryptionKey, granted, revoked }) => ({
					signingKey,
					encryptionKey: toHex(encryptionKey),
					grantedAt: granted.at,
					...(revoked && { revokedAt: revoked.at }),
				})),
			}));
			const lines = table(
				["name", "role", "since", "signing key"],
				rows.map(({ username, isAdministrator, isRevoked, keys }) => [
					username,
					isRevoked ? "revoked" : isAdministrator ? "administrator" : "member",
					dateText(keys[0]?.grantedAt ?? 0),
					keys.map(({ signingKey }) => signingKey).join(" "),
				]),
			);
			return { data: rows, lines };
		}),
};

const password: CommandSpec = {
	name: "password",
	summary: "change the password of your identity and its KeyBags",
	passwords: ["user", "new"],
	example: "user password --dir alice",
	run: (call) =>
		call.withFolder(async (folder, oldPassword) => {
			const newPassword = await call.password("new", true);
			await folder.changePassword({ oldPassword, newPassword, ...call.kdf });
			return { data: { username: folder.username, changed: true }, lines: ["The password is changed."] };
		}),
};

export const user: GroupSpec = {
	name: "user",
	summary: "identities and members",
	commands: [create, add, revoke, list, password],
};

function readUser(text: string): PublicUserId {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		throw new FormatError("user id: expected JSON");
	}
	return parsePublicUserId(json);
}

/** A user name as part of a file name. */
function fileName(username: string): string {
	return username.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[._]+/, "") || "user";
}
