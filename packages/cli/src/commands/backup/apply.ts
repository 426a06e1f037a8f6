import { applyBackups, withBackupFiles } from "mindoodb";
import { openDatabase } from "../../call.js";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText, table } from "../../text.js";

export const apply: CommandSpec = {
	name: "apply <files...>",
	summary: "take archives of the tenant up, as if another replica had been synced with",
	about:
		"Two sites that carry archives to each other come level. What was applied before changes nothing. An archive that continues another one " +
		"can be applied without it; what waits for it is counted. Exit code 1 when something was not taken or waits.",
	passwords: ["user", "archive"],
	example: "apply /media/stick/bob.apack --dir alice",
	run(call, args) {
		const files = args[0] as unknown as readonly string[];
		return call.withTenant(({ folder, tenant }) =>
			withBackupFiles(
				files.map((file) => call.path(file)),
				{ archivePassword: () => call.password("archive") },
				async (backups) => {
					for (const dbId of await tenant.listDatabases()) await openDatabase(tenant, dbId);
					const { crypto } = folder.env;
					const databases = await call.progress("records", (report) =>
						applyBackups(tenant, { backups, crypto }, { onProgress: ({ done, total }) => report(done, total) }),
					);
					const refused = databases.flatMap((each) => each.refused);
					const rows = databases.map((each) => [
						each.dbId,
						String(each.stored),
						String(each.refused.length),
						String(each.damaged),
						String(each.waiting),
					]);
					const isWhole = databases.every(({ complete, damaged, waiting }) => complete && damaged + waiting === 0);
					return {
						data: { databases },
						lines: [
							...table(["database", "new", "not taken", "damaged", "waiting"], rows),
							...refused.slice(0, 20).map(({ hash, message }) => `not taken: ${hash}: ${message}`),
							...(refused.length > 20 ? [`and ${countText(refused.length - 20, "more", "more")}`] : []),
							...databases.flatMap(({ dbId, complete }) =>
								complete ? [] : [`not all of ${dbId} was looked at: apply again to go on`],
							),
						],
						exitCode: isWhole && refused.length === 0 ? exitCodes.ok : exitCodes.found,
					};
				},
			),
		);
	},
};
