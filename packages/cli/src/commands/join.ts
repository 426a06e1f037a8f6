import { fromBase64Url, type MindooFolder, type TenantConfirmation, toBase64Url } from "mindoodb";
import type { Call } from "../call.js";
import type { Answer, CommandSpec } from "../command.js";
import { confirmedWords, wordsOption } from "../confirmation.js";
import { newcomerOption, openOrCreate } from "../newcomer.js";
import { fileName } from "../text.js";

export const join: CommandSpec = {
	name: "join [file]",
	summary: "ask to join a tenant; with the answer's file, join it",
	about:
		"Without a file it makes your identity, where there is none yet, and a join-request for an administrator's `invite`, and shows twelve words that the administrator must see too. With " +
		"the file of the answer it takes the tenant up, once you have confirmed that the administrator sees the same words, or with --root that " +
		"it is the tenant whose tenantRoot you know. Contents come with `sync`; until the directory is as new as the invitation, nothing counts.",
	options: [
		newcomerOption,
		["--out <file>", "file of the request (default: <name>.join-request)"],
		wordsOption,
		["--root <tenantRoot>", "the tenantRoot, if you know it from elsewhere"],
	],
	passwords: ["user"],
	example: "join bob.join-response --dir bob",
	run: (call, [file]) => (file === undefined ? ask(call) : call.withFolder((folder) => take(call, folder, file))),
};

async function ask(call: Call): Promise<Answer> {
	const folder = await openOrCreate(call, "join", await call.password("user", call.option("user") !== undefined));
	try {
		const { request, words } = await folder.makeJoinRequest();
		const name = call.option("out") ?? `${fileName(folder.username)}.join-request`;
		const file = await call.makeFile(name, `${toBase64Url(request)}\n`);
		return { data: { file, words }, lines: [`Give ${file} to an administrator, and compare these words:`, words] };
	} finally {
		await folder.close();
	}
}

async function take(call: Call, folder: MindooFolder, file: string): Promise<Answer> {
	const response = fromBase64Url((await call.readFile(file)).trim());
	const { identity, words } = await folder.readInvitation(response);
	const { tenantId, tenantRoot } = identity;
	const root = call.option("root");
	const confirmation: TenantConfirmation =
		root === undefined
			? { words: await confirmedWords(call, words, `Words of the invitation to ${tenantId}`) }
			: { tenantRoot: root };
	await folder.joinTenant({ response, confirmation });
	return {
		data: { tenantId, tenantRoot, username: folder.username, dir: folder.dir },
		lines: [
			`Joined the tenant ${tenantId} as ${folder.username}.`,
			`tenantRoot ${tenantRoot}`,
			"Its contents come with `sync`.",
		],
	};
}
