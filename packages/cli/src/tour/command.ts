import type { Call } from "../call.js";
import type { CommandSpec } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { countText, durationText } from "../text.js";
import { editApart, firstSync, namedKey, reopen, revoke } from "./acts.js";
import { cutAttachment, liveEdit } from "./acts-network.js";
import { TourReport } from "./report.js";
import { searchServer } from "./secrecy.js";
import { readTextFiles } from "./text-files.js";
import { closeStage, setStage, withTemporaryFolder } from "./tour.js";

export const tour: CommandSpec = {
	name: "tour [folder]",
	summary: "show on real files what this database does, in a temporary place",
	about:
		"Imports every text file of the folder (default: the current one) as a document, syncs it to a second member through a server that can read nothing, edits " +
		"apart and at once, cuts the line, merges, locks, revokes, and searches all that the server holds and that crossed the socket. Your folder is only read. Binary files and files over 1 MiB are " +
		"skipped. Passwords of the tour are derived cheaply; they protect nothing that lasts.",
	options: [["--keep", "leave the temporary folder, and say where it is"]],
	passwords: [],
	inFolder: false,
	example: "tour ~/notes",
	run: async (call, [folder]) => {
		const began = performance.now();
		const report = new TourReport(call);
		const { files, skipped } = await readTextFiles(call.path(folder ?? "."));
		const skippedCount = skipped.binary + skipped.large + skipped.empty;
		await report.say(
			`${countText(files.length, "text file")} in ${call.path(folder ?? ".")}; skipped: ${skipped.binary} binary, ${skipped.large} over 1 MiB, ${skipped.empty} empty.`,
		);
		await report.check("there are text files to show", files.length > 0);
		const keep = call.options.keep === true;
		const root = await withTemporaryFolder(keep, async (root) => {
			if (files.length > 0) await perform(call, report, { root, files });
			return root;
		});
		const wrong = report.failed.length > 0;
		const time = durationText(performance.now() - began);
		return {
			data: {
				files: files.length,
				skipped,
				checks: report.checks,
				steps: report.steps,
				failed: report.failed,
				...(keep && { root }),
			},
			lines: [
				"",
				...report.table(),
				"",
				...(keep ? [`Kept: ${root}`] : []),
				...report.failed.map(({ check, message }) => `FAILED: ${check}: ${message}`),
				`${countText(report.checks, "check")}, ${wrong ? countText(report.failed.length, "failure") : "all hold"}; ${skippedCount} files skipped; ${time}.`,
			],
			exitCode: wrong ? exitCodes.found : exitCodes.ok,
		};
	},
};

async function perform(
	call: Call,
	report: TourReport,
	{ root, files }: { readonly root: string; readonly files: Parameters<typeof setStage>[2]["files"] },
): Promise<void> {
	const stage = await setStage(call, report, { root, files });
	try {
		await firstSync(stage, report);
		await editApart(stage, report);
		await liveEdit(stage, report);
		await cutAttachment(stage, report);
		await namedKey(stage, report);
		await revoke(stage, report);
		await searchServer(stage, report, files);
		await reopen(stage, report);
	} finally {
		await closeStage(stage);
	}
}
