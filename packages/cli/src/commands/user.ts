import { createFolder, parsePublicUserId, toHex } from "mindoodb";
import { administratorOf, rootOptions } from "../administrator.js";
import type { CommandSpec, GroupSpec } from "../command.js";
import { parseJson } from "../json-value.js";
import { anotherKeyOption, checkName } from "../members.js";
import { dateText, fileName, table } from "../text.js";
import { device } from "./device.js";

const create: CommandSpec = {
	name: "create <name>",
	summary: "make your identity, to join a tenant of others",
	about: "Then `join` asks an administrator. The public half goes to a file for `user add`; it holds no secret.",
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
				lines: [`Made the identity ${folder.username} in ${folder.dir}.`, "Ask to join a tenant with `join`."],
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
		"For whoever has the tenant already, such as a former member; others are taken in by `join` and `invite`. Make sure that the file is the one " +
		"that the person made: who swaps it gets in.",
	options: [anotherKeyOption, ...rootOptions],
	passwords: ["user", "admin", "recovery"],
	example: "user add bob.user.json --dir alice",
	async run(call, [file = ""]) {
		const user = parsePublicUserId(parseJson(await call.readFile(file), "user id"));
		return call.withTenant(async (place) => {
			const directory = await place.tenant.openDirectory();
			await checkName(call, directory, user.username);
			await directory.registerUser(user, await administratorOf(call, place));
			return { data: { username: user.username }, lines: [`${user.username} is a member now.`] };
		});
	},
};

const revoke: CommandSpec = {
	name: "revoke <name>",
	summary: "end somebody's membership",
	about:
		"What it wrote before and what has arrived here stays. Sync first, so that honest work is not cut off. The keys that it has get new " +
		"versions, which go to everybody else with the next sync.",
	options: [["--wipe", "ask its replicas to erase themselves when they learn of it"], ...rootOptions],
	passwords: ["user", "admin", "recovery"],
	example: "user revoke bob --dir alice",
	run: (call, [name = ""]) =>
		call.withTenant(async (place) => {
			const directory = await place.tenant.openDirectory();
			const requestDataWipe = call.options.wipe === true;
			const options = { requestDataWipe, ...(await administratorOf(call, place)) };
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
	commands: [create, add, revoke, list, password, device],
};
