import { extractArchive } from "@mindoodb/formats/node";
import { UsageError } from "mindoodb";
import type { CommandSpec } from "../../command.js";
import { countText } from "../../text.js";
import { keyOption, withArchive } from "./archive-file.js";

export const extract: CommandSpec = {
	name: "extract <file> [names...]",
	summary: "write the entries of an archive as files",
	about:
		"Nothing is written when a name would lead out of the folder, or is no file name on every system. Files that are there already are kept unless --overwrite is given.",
	options: [
		["--into <folder>", "where to (default: the current folder)"],
		["--overwrite", "replace files that are there already"],
		keyOption,
	],
	passwords: ["archive"],
	inFolder: false,
	example: "apack extract photos.apack --into copies",
	run: (call, args) =>
		withArchive(call, args[0] ?? "", { unlock: true }, async (reader) => {
			const names = new Set((args[1] as unknown as readonly string[] | undefined) ?? []);
			const found = new Set<string>();
			const folder = call.path(call.option("into") ?? ".");
			if (names.size > 0) {
				for await (const { name } of reader.entries()) if (names.has(name)) found.add(name);
				if (found.size < names.size) {
					throw new UsageError("the archive has no entry of this name; `apack list` names them", { code: "not-found" });
				}
			}
			const total = names.size > 0 ? undefined : reader.totalSize;
			const files = await call.progress("bytes", (report) =>
				extractArchive(reader, folder, {
					overwrite: call.options.overwrite === true,
					...(names.size > 0 ? { select: ({ name }) => names.has(name) } : {}),
					onProgress: (bytes) => report(bytes, total),
				}),
			);
			return { data: { folder, files }, lines: [`${countText(files, "file")} written.`] };
		}),
};
