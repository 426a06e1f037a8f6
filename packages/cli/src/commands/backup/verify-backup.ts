import { nodeCrypto, verifyBackup as verify, withBackupFiles } from "mindoodb";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText, lineText } from "../../text.js";

export const verifyBackup: CommandSpec = {
	name: "verify-backup <files...>",
	summary: "check archives of a tenant without any of its keys",
	about:
		"Checksums, addresses, signatures and chains of every entry; every damaged record is named. Several archives are given in their order. " +
		"Of an encrypted archive its own password is needed, and none else. Exit code 1 when something does not hold.",
	passwords: ["archive"],
	inFolder: false,
	example: "verify-backup monday.apack tuesday.apack",
	run(call, args) {
		const files = args[0] as unknown as readonly string[];
		const archivePassword = () => call.password("archive");
		return withBackupFiles(
			files.map((file) => call.path(file)),
			{ archivePassword },
			async (backups) => {
				const report = await call.progress("records", (tell) =>
					verify(nodeCrypto(), backups, { onProgress: ({ done, total }) => tell(done, total) }),
				);
				const { entries, stubs, damagedBefore, faults, unvouched } = report;
				const continues = backups[0]?.manifest.previous;
				const ok = faults.length === 0;
				const lines = faults.map(({ archive, dbId, record, records, hash, message }) => {
					const which = records > 1 ? `records ${record} to ${record + records - 1}` : `record ${record}`;
					const where = dbId === undefined ? "" : `, ${lineText(dbId)}, ${which}`;
					return `archive ${archive}${where}: ${hash === undefined ? "" : `${hash}: `}${message}`;
				});
				if (unvouched.length > 0) {
					const why = continues === undefined ? "`restore` leaves them out" : "give the archives before, too";
					lines.push(`${countText(unvouched.length, "entry", "entries")} with nobody here to vouch: ${why}.`);
				}
				if (damagedBefore > 0) {
					lines.push(`${countText(damagedBefore, "record")} could not be read when the archives were made.`);
				}
				if (continues !== undefined) lines.push(`Continues ${continues}, which \`restore\` needs.`);
				const sum = `${countText(entries, "entry", "entries")}, ${countText(stubs, "stub")}`;
				lines.push(ok ? `${sum}, nothing wrong.` : `${sum}, ${countText(faults.length, "fault")}.`);
				const ids = backups.map(({ id }) => id);
				return { data: { ok, ids, ...report }, lines, exitCode: ok ? exitCodes.ok : exitCodes.found };
			},
		);
	},
};
