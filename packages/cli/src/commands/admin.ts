import { fromBase64Url, toBase64Url, UsageError } from "mindoodb";
import { recoveryOption, rootKey } from "../administrator.js";
import type { Call } from "../call.js";
import type { CommandSpec, GroupSpec } from "../command.js";
import { dateText, table } from "../text.js";

const list: CommandSpec = {
	name: "list",
	summary: "list administrators, also former ones",
	passwords: ["user"],
	example: "admin list --json",
	run: (call) =>
		call.withTenant(async ({ tenant }) => {
			const all = await (await tenant.openDirectory()).listAdministrators();
			const rows = all.map(({ signingKey, role, username, granted, revoked }) => ({
				signingKey,
				role,
				...(username && { username }),
				...(granted && { grantedAt: granted.at }),
				...(revoked && { revokedAt: revoked.at }),
			}));
			const lines = table(
				["name", "role", "until", "signing key"],
				all.map(({ username = "", role, revoked, signingKey }) => [
					username,
					role,
					revoked === undefined ? "" : dateText(revoked.at),
					signingKey,
				]),
			);
			return { data: rows, lines };
		}),
};

const grant: CommandSpec = {
	name: "grant <name>",
	summary: "make a member an administrator, with the administration or recovery key",
	options: [recoveryOption],
	passwords: ["user", "admin", "recovery"],
	example: "admin grant bob --dir alice",
	run: (call, [username = ""]) =>
		call.withTenant(async (place) => {
			const directory = await place.tenant.openDirectory();
			await directory.grantAdministrator(username, { administrator: await rootKey(call, place) });
			return { data: { username, administrator: true }, lines: [`${username} is an administrator now.`] };
		}),
};

const revoke: CommandSpec = {
	name: "revoke <name>",
	summary: "end somebody's right to administer; as a member it stays",
	about:
		"By name, or by signing key. The administration key itself is revoked with --recovery-key alone. Sync first: of what the administrator " +
		"did, only what has arrived here counts.",
	options: [recoveryOption],
	passwords: ["user", "admin", "recovery"],
	example: "admin revoke bob --dir alice",
	run: (call, [username = ""]) =>
		call.withTenant(async (place) => {
			const directory = await place.tenant.openDirectory();
			await directory.revokeAdministrator(username, { administrator: await rootKey(call, place) });
			return { data: { username, administrator: false }, lines: [`${username} is no administrator any more.`] };
		}),
};

const password: CommandSpec = {
	name: "password",
	summary: "change the password of the administration key in this folder",
	about: "Copies of the key elsewhere keep the old one.",
	passwords: ["user", "admin", "new"],
	example: "admin password --dir alice",
	run: (call) =>
		call.withFolder(async (folder) => {
			const oldPassword = await call.password("admin");
			const newPassword = await call.password("new", true);
			await folder.changeAdministrationPassword({ ...tenantOption(call), oldPassword, newPassword, ...call.kdf });
			return { data: { changed: true }, lines: ["The password of the administration key is changed."] };
		}),
};

const split: CommandSpec = {
	name: "split <name>",
	summary: "split administration key and KeyBag into shares, for people to keep",
	about:
		"Makes the files <name>.1 to <name>.n. Any k of them, and nothing else, bring the tenant's keys back; fewer say nothing. Whoever holds k " +
		"is the administrator: hand them to people who do not meet. Keys that come later are not in them.",
	options: [
		["--need <k>", "how many shares are needed, at least 2"],
		["--of <n>", "how many shares are made, at most 255"],
	],
	passwords: ["user", "admin"],
	example: "admin split acme-share --need 3 --of 5 --dir alice",
	run: (call, [name = ""]) =>
		call.withFolder(async (folder) => {
			const [k, n] = [count(call, "need"), count(call, "of")];
			const adminPassword = await call.password("admin");
			const { limits = {} } = call.kdf;
			const shares = await folder.makeRecoveryShares({ ...tenantOption(call), adminPassword, k, n, limits });
			const files: string[] = [];
			for (const [index, share] of shares.entries()) {
				files.push(await call.makeFile(`${name}.${index + 1}`, `${toBase64Url(share)}\n`));
			}
			return { data: { files, need: k }, lines: [`Any ${k} of these are enough:`, ...files] };
		}),
};

const recover: CommandSpec = {
	name: "recover",
	summary: "bring a tenant's keys back from shares, when all administrators have lost theirs",
	about:
		"Needs an identity in the folder (`user create`), and puts the administration key under a new password. Then `sync` with whoever still has " +
		"the entries, and make yourself a member with `user add FILE --root`.",
	lists: [["--share <file>", "a share; give as many as are needed"]],
	passwords: ["user", "admin"],
	example: "admin recover --share acme-share.1 --share acme-share.4 --share acme-share.5 --dir new",
	run: (call) =>
		call.withFolder(async (folder) => {
			const files = (call.options.share ?? []) as readonly string[];
			const shares = await Promise.all(files.map(async (file) => fromBase64Url((await call.readFile(file)).trim())));
			const adminPassword = await call.password("admin", true);
			const { identity } = await folder.recoverTenant(shares, { adminPassword, ...call.kdf });
			const { tenantId, tenantRoot } = identity;
			return {
				data: { tenantId, tenantRoot },
				lines: [`Recovered the keys of ${tenantId}.`, `tenantRoot ${tenantRoot}`],
			};
		}),
};

export const admin: GroupSpec = {
	name: "admin",
	summary: "administrators, the administration key, shares for an emergency",
	commands: [list, grant, revoke, password, split, recover],
};

function tenantOption(call: Call): { readonly tenant?: string } {
	const tenant = call.option("tenant");
	return tenant === undefined ? {} : { tenant };
}

function count(call: Call, name: string): number {
	const value = Number(call.option(name));
	if (Number.isInteger(value)) return value;
	throw new UsageError(`expected --${name} with a number`);
}
