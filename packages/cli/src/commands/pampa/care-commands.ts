import { type FailedChunk, neededShas, readCodemap, writeCodemap } from "@mindoodb/formats/pampa";
import { UsageError } from "mindoodb";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText } from "../../text.js";
import { demandKey, openProject } from "./project.js";

/** The variable that has the key after the exchange. */
const newKeyVariable = "PAMPAX_NEW_ENCRYPTION_KEY";

export const verify: CommandSpec = {
	name: "verify <project>",
	summary: "read every chunk, compare it with its name, and look for those that the codemap needs",
	about: "Exit code 1 and a list when something is wrong. Encrypted chunks need PAMPAX_ENCRYPTION_KEY.",
	passwords: [],
	inFolder: false,
	example: "pampa verify .",
	run: async (call, [path]) => {
		const { folder, store } = openProject(call, path);
		const present = new Set<string>();
		const failed: FailedChunk[] = [];
		for await (const { sha, error } of store.verify()) {
			present.add(sha);
			if (error !== undefined) failed.push({ sha, error });
		}
		const needed = neededShas((await readCodemap(folder)) ?? new Map());
		const missing = [...needed].filter((sha) => !present.has(sha)).sort();
		const sound = failed.length === 0 && missing.length === 0;
		return {
			data: { chunks: present.size, failed: failed.map(toData), missing },
			lines: [
				...failed.map(toLine),
				...missing.map((sha) => `${sha}: the codemap needs it and it is not there`),
				`${countText(present.size, "chunk")}: ${sound ? "all are as they should be" : countText(failed.length + missing.length, "fault")}.`,
			],
			exitCode: sound ? exitCodes.ok : exitCodes.found,
		};
	},
};

export const convert: CommandSpec = {
	name: "convert <project> <form>",
	summary: "bring all chunks into one form, `plain` or `encrypted`, and tell the codemap",
	about: "The key is that of PAMPAX_ENCRYPTION_KEY. Exit code 1 when a chunk could not be read; it stays as it is.",
	passwords: [],
	inFolder: false,
	example: "pampa convert . encrypted",
	run: async (call, [path, form]) => {
		if (form !== "plain" && form !== "encrypted") throw new UsageError("expected `plain` or `encrypted`");
		const { folder, store } = openProject(call, path);
		const before = await readCodemap(folder);
		const { converted, unchanged, failed, codemap } = await store.convert(form, { codemap: before });
		if (codemap !== undefined) await writeCodemap(folder, codemap);
		return {
			data: { converted, unchanged, failed: failed.map(toData) },
			lines: [
				...failed.map(toLine),
				`${countText(converted.length, "chunk")} converted, ${unchanged.length} were ${form}.`,
			],
			exitCode: failed.length === 0 ? exitCodes.ok : exitCodes.found,
		};
	},
};

export const rotate: CommandSpec = {
	name: "rotate <project>",
	summary: "encrypt all encrypted chunks with another key",
	about:
		`From the key of PAMPAX_ENCRYPTION_KEY to that of ${newKeyVariable}. When it was cut short, run it again. ` +
		"Exit code 1 when a chunk opens with neither key; it stays as it is.",
	passwords: [],
	inFolder: false,
	example: "pampa rotate .",
	run: async (call, [path]) => {
		const { rotated, unchanged, failed } = await openProject(call, path).store.rotateKey(
			demandKey(call, newKeyVariable),
		);
		return {
			data: { rotated, unchanged, failed: failed.map(toData) },
			lines: [
				...failed.map(toLine),
				`${countText(rotated.length, "chunk")} encrypted anew, ${unchanged.length} were already.`,
			],
			exitCode: failed.length === 0 ? exitCodes.ok : exitCodes.found,
		};
	},
};

export const gc: CommandSpec = {
	name: "gc <project>",
	summary: "remove the files of chunks that the codemap does not need",
	options: [
		["--dry-run", "only tell what would go"],
		["--temporary", "also remove unfinished files: only while nothing else writes"],
	],
	passwords: [],
	inFolder: false,
	example: "pampa gc . --dry-run",
	run: async (call, [path]) => {
		const { folder, store } = openProject(call, path);
		const codemap = await readCodemap(folder);
		if (codemap === undefined) {
			throw new UsageError("there is no codemap, so nothing tells which chunks are needed", { code: "not-found" });
		}
		const dryRun = call.options.dryRun === true;
		const removeTemporary = call.options.temporary === true;
		const result = await store.gc({ needed: [neededShas(codemap)], dryRun, removeTemporary });
		return {
			data: result,
			lines: [
				...result.removed,
				...result.missing.map((sha) => `${sha}: the codemap needs it and it is not there`),
				`${countText(result.removed.length, "file")} ${dryRun ? "would go" : "removed"}, ${countText(result.temporary.length, "unfinished file")}.`,
			],
		};
	},
};

const toData = ({ sha, error }: FailedChunk) => ({ sha, code: error.code, message: error.message });

const toLine = ({ sha, error }: FailedChunk) => `${sha}: ${error.code}`;
