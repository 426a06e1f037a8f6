import { readFile } from "node:fs/promises";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";
import type { CommandSpec } from "../../command.js";
import { countText, table } from "../../text.js";
import { openProject } from "./project.js";

export const write: CommandSpec = {
	name: "write <project> [file]",
	summary: "store a text as a chunk; - or nothing reads standard input",
	about: "The chunk is encrypted when PAMPAX_ENCRYPTION_KEY has a key, unless --encrypt says otherwise.",
	options: [["--encrypt <mode>", "on or off (default: whether there is a key)"]],
	passwords: [],
	inFolder: false,
	example: "pampa write . src/score.ts",
	run: async (call, [project, file = "-"]) => {
		const { store } = openProject(call, project);
		const written = await store.write(await readText(call, file));
		return { data: written, lines: [written.sha] };
	},
};

export const read: CommandSpec = {
	name: "read <project> <sha> [file]",
	summary: "write the text of a chunk to a file, or to standard output",
	options: [["--unverified", "also when the text is not the one that the name stands for"]],
	passwords: [],
	inFolder: false,
	example: "pampa read . 08a62bfd03172fdb1fd66a9812bc86baff9bc8ba",
	run: async (call, [project, sha = "", file = "-"]) => {
		const { store } = openProject(call, project);
		const found = await store.read(sha, { verify: call.options.unverified !== true });
		if (found === undefined) throw new UsageError("there is no chunk of this name", { code: "not-found" });
		if (file === "-") {
			await call.write(found.bytes);
			return { data: undefined, lines: [] };
		}
		const path = await call.makeFileFrom(file, (piece) => piece(found.bytes));
		return { data: { sha, path, encrypted: found.encrypted }, lines: [countText(found.bytes.length, "byte")] };
	},
};

export const list: CommandSpec = {
	name: "list <project>",
	summary: "list the chunks",
	passwords: [],
	inFolder: false,
	example: "pampa list .",
	run: async (call, [project]) => {
		const chunks = await openProject(call, project).store.list();
		const rows = chunks.map(({ sha, encrypted, bothForms }) => [
			sha,
			encrypted ? "encrypted" : "plain",
			bothForms ? "and plain, which does not count" : "",
		]);
		return { data: chunks, lines: table(["chunk", "form", ""], rows) };
	},
};

async function readText(call: Call, file: string): Promise<Uint8Array> {
	if (file !== "-") {
		return readFile(call.path(file)).catch((cause: unknown) => {
			throw new UsageError("the file cannot be read", { code: "not-found", cause });
		});
	}
	const pieces: Uint8Array[] = [];
	for await (const piece of call.surroundings.stdin as AsyncIterable<Uint8Array | string>) {
		pieces.push(typeof piece === "string" ? Buffer.from(piece) : piece);
	}
	return Uint8Array.from(Buffer.concat(pieces));
}
