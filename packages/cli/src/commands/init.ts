import { createFolder, KeyBag, MindooError, type MindooFolder, openFolder, UsageError } from "mindoodb";
import type { Call } from "../call.js";
import type { Answer, CommandSpec } from "../command.js";
import { checkHandover, parseHandover } from "../handover-file.js";

export const init: CommandSpec = {
	name: "init",
	summary: "make a tenant, or join one",
	about:
		"Without --join it makes your identity, unless `user create` did, and a tenant of which you are the first member and administrator. " +
		"With --join it takes up the tenant of a handover file that an administrator made with `user add … --handover`. The administration " +
		"key stays in this folder under a password of its own; nobody can replace it, so keep a copy in a safe place.\n\n" +
		"A handover file is trusted as far as the way that its password took. Invitations that both sides confirm come later.",
	options: [
		["--user <name>", "your name, where the folder has no identity yet"],
		["--name <tenant>", "name of the tenant to make"],
		["--join <file>", "handover file of the tenant to join"],
	],
	passwords: ["user", "admin", "key"],
	example: "init --user alice --name acme --dir alice",
	run: (call) => (call.option("join") === undefined ? found(call) : joinTenant(call, call.option("join") as string)),
};

async function found(call: Call): Promise<Answer> {
	const tenantId = call.option("name");
	if (tenantId === undefined) throw new UsageError("init: expected --name, or --join with a handover file");
	const password = await call.password("user", true);
	const adminPassword = await call.password("admin", true);
	const tenantKeyPassword = await call.password("key", true);
	const folder = await openOrCreate(call, password);
	try {
		if ((await folder.listTenants()).some((each) => each.tenantId === tenantId)) {
			throw new UsageError("init: the folder keeps a tenant of this name already");
		}
		const tenant = await folder.createTenant({ tenantId, adminPassword, tenantKeyPassword, password, ...call.kdf });
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

async function joinTenant(call: Call, file: string): Promise<Answer> {
	const text = await call.readFile(file);
	const password = await call.password("user");
	const { limits = {} } = call.kdf;
	const folder = await openFolder(call.dir, { password, limits }).catch((error: unknown) => {
		if (!(error instanceof MindooError) || error.code !== "not-found") throw error;
		throw new UsageError("init: make your identity first with `user create`; the handover is for its keys", {
			code: "not-found",
		});
	});
	try {
		const { crypto } = folder.env;
		const handover = await parseHandover(crypto, text);
		const keyPassword = await call.password("key");
		const trial = new KeyBag(folder.env);
		const { tenant: identity, directoryKeys } = handover;
		const [directoryKey, ...olderDirectoryKeys] = directoryKeys;
		await trial.decryptAndImportKey("directory", directoryKey, { password: keyPassword, limits });
		await checkHandover(crypto, handover, trial.get("directory") as Uint8Array);
		await folder.joinTenant({ identity, directoryKey, olderDirectoryKeys, keyPassword, limits });
		const { tenantId, tenantRoot } = identity;
		return {
			data: { tenantId, tenantRoot, username: folder.username, dir: folder.dir },
			lines: [
				`Joined the tenant ${tenantId} as ${folder.username}.`,
				`tenantRoot ${tenantRoot}`,
				"Its contents come with `sync`.",
			],
		};
	} finally {
		await folder.close();
	}
}

async function openOrCreate(call: Call, password: string): Promise<MindooFolder> {
	try {
		return await openFolder(call.dir, { password, limits: call.kdf.limits ?? {} });
	} catch (error) {
		if (!(error instanceof MindooError) || error.code !== "not-found") throw error;
	}
	const username = call.option("user");
	if (username === undefined) throw new UsageError("init: expected --user: the folder has no identity yet");
	return createFolder(call.dir, { username, password, ...call.kdf });
}
