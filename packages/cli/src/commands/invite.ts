import { fromBase64Url, toBase64Url } from "mindoodb";
import { administratorOf, rootOptions } from "../administrator.js";
import type { CommandSpec } from "../command.js";
import { confirmedWords, wordsOption } from "../confirmation.js";
import { anotherKeyOption, checkName } from "../members.js";
import { fileName } from "../text.js";

export const invite: CommandSpec = {
	name: "invite <file>",
	summary: "make somebody a member, by a join-request",
	about:
		"The file is what `join` made for the newcomer. Compare its words with those that the newcomer sees, by telephone or face to face: " +
		"who puts another file in its place gets in. The answer goes to a file for the newcomer's `join`; it needs no secrecy. Its words are " +
		"shown on both sides, and the newcomer joins only once they are the same.",
	options: [
		wordsOption,
		["--out <file>", "file of the answer (default: <name>.join-response)"],
		anotherKeyOption,
		...rootOptions,
	],
	lists: [["--key <name>", "a named key to hand over"]],
	passwords: ["user", "admin", "recovery"],
	example: "invite bob.join-request --key payroll --dir alice",
	async run(call, [file = ""]) {
		const request = fromBase64Url((await call.readFile(file)).trim());
		return call.withTenant(async (place) => {
			const directory = await place.tenant.openDirectory();
			const { user, words: requestWords } = await directory.readJoinRequest(request);
			await checkName(call, directory, user.username);
			const words = await confirmedWords(call, requestWords, `Words of the request of ${user.username}`);
			const keyIds = (call.options.key ?? []) as readonly string[];
			const made = await directory.inviteUser(request, { words, keyIds, ...(await administratorOf(call, place)) });
			const name = call.option("out") ?? `${fileName(user.username)}.join-response`;
			const out = await call.makeFile(name, `${toBase64Url(made.response)}\n`);
			return {
				data: { username: user.username, file: out, words: made.words },
				lines: [
					`${user.username} is a member now; others learn of it with your next \`sync\`.`,
					`Give ${out} to ${user.username}, and compare these words:`,
					made.words,
				],
			};
		});
	},
};
