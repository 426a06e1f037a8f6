import { openDatabase } from "../call.js";
import type { CommandSpec, GroupSpec } from "../command.js";
import { table } from "../text.js";

const list: CommandSpec = {
	name: "list",
	summary: "list databases, with what they hold",
	passwords: ["user"],
	example: "db list --dir alice",
	run: (call) =>
		call.withTenant(async ({ tenant }) => {
			const databases = [];
			for (const dbId of await tenant.listDatabases()) {
				const db = await openDatabase(tenant, dbId);
				const { arrival } = await db.store.position();
				databases.push({ dbId, documents: (await db.getAllDocumentIds()).length, entries: arrival });
			}
			const rows = databases.map(({ dbId, documents, entries }) => [dbId, String(documents), String(entries)]);
			return { data: databases, lines: table(["database", "documents", "entries"], rows) };
		}),
};

export const db: GroupSpec = { name: "db", summary: "databases", commands: [list] };
