import { type CreateFolderTenantOptions, UsageError } from "mindoodb";
import type { Call } from "../call.js";
import type { Answer, CommandSpec } from "../command.js";
import { newcomerOption, openOrCreate } from "../newcomer.js";

export const init: CommandSpec = {
	name: "init",
	summary: "make a tenant",
	about:
		"Makes your identity, unless `user create` did, and a tenant of which you are the first member and administrator; to take part in somebody " +
		"else's, see `join`. The administration key stays in this folder under a password of its own; keep a copy in a safe place. With " +
		"--recovery-key there is a second key, in a file that does not stay here: it can revoke the administration key, and nothing revokes it. " +
		"It can be made only now.",
	options: [
		newcomerOption,
		["--name <tenant>", "name of the tenant to make"],
		["--recovery-key <file>", "also make a recovery key, in this file"],
	],
	passwords: ["user", "admin", "key", "recovery"],
	example: "init --user alice --name acme --dir alice",
	run: found,
};

async function found(call: Call): Promise<Answer> {
	const tenantId = call.option("name");
	if (tenantId === undefined) throw new UsageError("init: expected --name");
	const password = await call.password("user", true);
	const adminPassword = await call.password("admin", true);
	const tenantKeyPassword = await call.password("key", true);
	const folder = await openOrCreate(call, "init", password);
	try {
		if ((await folder.listTenants()).some((each) => each.tenantId === tenantId)) {
			throw new UsageError("init: the folder keeps a tenant of this name already");
		}
		const file = call.option("recoveryKey");
		const recovery = file === undefined ? {} : { recovery: await recoveryInto(call, file) };
		const passwords = { adminPassword, tenantKeyPassword, password };
		const tenant = await folder.createTenant({ tenantId, ...passwords, ...recovery, ...call.kdf });
		const { tenantRoot } = tenant.identity;
		return {
			data: { tenantId, tenantRoot, username: folder.username, dir: folder.dir },
			lines: [
				`Made the tenant ${tenantId} in ${folder.dir}.`,
				`You are ${folder.username}, its first member and administrator.`,
				`tenantRoot ${tenantRoot}`,
				"The administration key is in this folder, under its own password. Keep a copy: nobody can replace it.",
			],
		};
	} finally {
		await folder.close();
	}
}

async function recoveryInto(call: Call, file: string): Promise<NonNullable<CreateFolderTenantOptions["recovery"]>> {
	const password = await call.password("recovery", true);
	return {
		password,
		keep: async (key) => {
			await call.makeFile(file, `${JSON.stringify(key, undefined, "\t")}\n`);
		},
	};
}
