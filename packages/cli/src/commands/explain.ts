import { type DocumentExplanation, type EntryExplanation, UsageError } from "mindoodb";
import { openDatabase } from "../call.js";
import type { CommandSpec } from "../command.js";
import { memberNames } from "../members.js";
import { dateText } from "../text.js";

export const explain: CommandSpec = {
	name: "explain <hash-or-id>",
	summary: "say what became of an entry or of a document's entries, and why",
	about: "Looks in the directory and in all databases.",
	passwords: ["user"],
	example: "explain 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
	run: (call, [wanted = ""]) =>
		call.withTenant(async ({ tenant }) => {
			const nameOf = await memberNames(tenant);
			for (const dbId of ["directory", ...(await tenant.listDatabases())]) {
				const found = await (await openDatabase(tenant, dbId)).explain(wanted);
				if (found === undefined) continue;
				const entries = "entries" in found ? found.entries : [found];
				return {
					data: { dbId, ...found },
					lines: [...headOf(dbId, found), ...entries.flatMap((each) => linesOf(each, nameOf(each.createdBy)))],
				};
			}
			throw new UsageError("explain: no entry and no document of this name has arrived here", { code: "not-found" });
		}),
};

function headOf(dbId: string, found: EntryExplanation | DocumentExplanation): string[] {
	if (!("entries" in found)) return [`Entry of document ${found.docId} in database ${dbId}`];
	const state = found.shown ? (found.deleted ? "deleted" : "shown") : "not shown";
	return [`Document ${found.docId} in database ${dbId}: ${state}`];
}

function linesOf(
	{ hash, entryType = "unknown type", createdAt, words, verdict }: EntryExplanation,
	who: string,
): string[] {
	const named =
		"missing" in verdict ? verdict.missing : "by" in verdict && verdict.by !== undefined ? [verdict.by] : [];
	return [
		`${hash}  ${entryType}, ${who}, ${dateText(createdAt)}`,
		`  ${words}`,
		...named.map((each) => `  see ${each}`),
	];
}
