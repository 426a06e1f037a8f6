import type { CommandSpec } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { countText } from "../text.js";
import { checkDatabases, checkRecords, type Finding } from "../verification.js";

export const verify: CommandSpec = {
	name: "verify",
	summary: "check every address, signature, chain and projection",
	about:
		"Reads every record from the disk and compares it with its address; takes everything once more into an empty replica in memory, which checks " +
		"signatures and chains and judges anew; and compares documents and verdicts with those shown. Exit code 1 and a list when something is wrong.",
	passwords: ["user"],
	example: "verify --dir alice --json",
	run: (call) =>
		call.withFolder(async (folder) => {
			const findings: Finding[] = [];
			const tenantId = call.option("tenant");
			const identity = await folder.findTenant(tenantId);
			await call.progress("read records", async (report) => {
				for (const each of await checkRecords(folder, identity.tenantRoot, report)) findings.push(each);
			});
			const tenant = await folder.openTenant(identity.tenantRoot);
			const counts = await call.progress("verify", (report) => checkDatabases(folder, tenant, { findings, report }));
			const wrong = findings.length > 0;
			return {
				data: { ...counts, findings },
				lines: [
					...findings.map(({ dbId, what, about, message }) => `${what}: ${dbId} ${about}: ${message}`),
					`${countText(counts.entries, "entry", "entries")} and ${countText(counts.documents, "document")} in ${countText(counts.databases, "database")}: ${wrong ? countText(findings.length, "fault") : "all is as it should be"}.`,
				],
				exitCode: wrong ? exitCodes.found : exitCodes.ok,
			};
		}),
};
