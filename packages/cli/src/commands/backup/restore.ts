import { restoreFolder } from "mindoodb";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText } from "../../text.js";

export const restore: CommandSpec = {
	name: "restore <files...>",
	summary: "make a folder out of archives",
	about:
		"A whole archive first, then those that continue it, in their order. The folder must be empty or not there. Of an archive with keys it " +
		"opens with the password of its identity; of another one `user device import` makes it yours.",
	passwords: ["archive"],
	inFolder: false,
	options: [["--dir <folder>", "folder to make"]],
	example: "restore monday.apack tuesday.apack --dir alice",
	async run(call, args) {
		const files = args[0] as unknown as readonly string[];
		const restored = await call.progress("records", (report) =>
			restoreFolder(
				call.dir,
				files.map((file) => call.path(file)),
				{
					archivePassword: () => call.password("archive"),
					onProgress: ({ done, total }) => report(done, total),
				},
			),
		);
		const { dir, tenant, entries, unvouched, keys } = restored;
		const left = unvouched.length;
		return {
			data: { dir, tenant, entries, keys, unvouched },
			lines: [
				`${countText(entries, "entry", "entries")} of ${tenant.tenantId} in ${dir}.`,
				...(left > 0 ? [`Left out, because nobody vouches for them any more: ${left}.`] : []),
				keys ? "It opens with the password of its identity." : "It has no keys: `user device import` makes it yours.",
			],
			exitCode: left > 0 ? exitCodes.found : exitCodes.ok,
		};
	},
};
