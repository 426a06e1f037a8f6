import { UsageError } from "mindoodb";
import { administratorOf, rootOptions } from "../administrator.js";
import type { CommandSpec } from "../command.js";

export const purge: CommandSpec = {
	name: "purge <db> <id>",
	summary: "erase a document everywhere, for good",
	about:
		"Writes a purge request into the directory. Every replica and server that learns of it erases the document's contents and headers, " +
		"keeps only the links that its author's chain needs (document id, author, time), and refuses the return of the rest. Nobody can " +
		"take it back. What a member has copied elsewhere is out of reach.",
	options: [["--yes", "really"], ...rootOptions],
	passwords: ["user", "admin", "recovery"],
	example: "doc purge notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe --yes",
	run: (call, [dbId = "", docId = ""]) =>
		call.withTenant(async (place) => {
			if (call.options.yes !== true)
				throw new UsageError("nothing was erased; this cannot be undone: repeat it with --yes");
			const db = await call.existing(place, dbId);
			if ((await db.explain(docId)) === undefined) {
				throw new UsageError("there is no document with this id here", { code: "not-found" });
			}
			const directory = await place.tenant.openDirectory();
			await directory.requestPurge({ dbId, docId }, await administratorOf(call, place));
			return {
				data: { dbId, id: docId, purged: true },
				lines: ["Erased here. Other replicas erase it when they learn of it, with the next sync."],
			};
		}),
};
