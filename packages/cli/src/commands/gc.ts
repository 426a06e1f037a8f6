import { openDatabase } from "../call.js";
import type { CommandSpec } from "../command.js";
import { table } from "../text.js";

export const gc: CommandSpec = {
	name: "gc",
	summary: "erase bytes of uploads that never became part of a document",
	about: "Those that began more than a day ago.",
	options: [["--dry-run", "only tell what would be erased"]],
	passwords: ["user"],
	example: "gc --dry-run",
	run: (call) =>
		call.withTenant(async ({ tenant }) => {
			const dryRun = call.options.dryRun === true;
			const databases = [];
			for (const dbId of await tenant.listDatabases()) {
				const db = await openDatabase(tenant, dbId);
				databases.push({ dbId, ...(await db.collectGarbage({ dryRun })) });
			}
			const rows = databases.map(({ dbId, contents, bytes }) => [dbId, String(contents), String(bytes)]);
			return { data: databases, lines: table(["database", "uploads' chunks", "bytes"], rows) };
		}),
};
