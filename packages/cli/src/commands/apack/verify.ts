import { verifyArchive } from "@mindoodb/formats/apack";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText, lineText } from "../../text.js";
import { keyOption, withArchive } from "./archive-file.js";

export const verify: CommandSpec = {
	name: "verify <file>",
	summary: "check every chunk of an archive, and name each damaged one",
	options: [["--quick", "check headers and sizes alone; needs no password"], keyOption],
	passwords: ["archive"],
	inFolder: false,
	example: "apack verify photos.apack",
	run(call, [file = ""]) {
		const quick = call.options.quick === true;
		return withArchive(call, file, { unlock: !quick }, async (reader) => {
			const damaged: object[] = [];
			const lines: string[] = [];
			let chunks = 0;
			await call.progress("entries", async (report) => {
				for await (const verdict of verifyArchive(reader, { contents: !quick })) {
					const name = verdict.entry?.name ?? "";
					chunks += verdict.goodChunks;
					report(verdict.position + 1, reader.entryCount);
					const add = (chunk: number | undefined, error: Error & { code: string }) => {
						damaged.push({
							entry: verdict.position,
							name,
							...(chunk === undefined ? {} : { chunk }),
							code: error.code,
						});
						const where = chunk === undefined ? "" : `, chunk ${chunk}`;
						lines.push(`entry ${verdict.position} (${lineText(name)})${where}: ${error.message}`);
					};
					if (verdict.error !== undefined) add(undefined, verdict.error);
					for (const { index, error } of verdict.damagedChunks) if (error !== undefined) add(index, error);
				}
			});
			const ok = damaged.length === 0;
			const data = { ok, entries: reader.entryCount, goodChunks: chunks, damaged };
			const sum = `${countText(reader.entryCount, "entry", "entries")}, ${countText(chunks, "good chunk")}`;
			lines.push(ok ? `${sum}, nothing wrong.` : `${sum}, ${damaged.length} damaged.`);
			return { data, lines, exitCode: ok ? exitCodes.ok : exitCodes.found };
		});
	},
};
