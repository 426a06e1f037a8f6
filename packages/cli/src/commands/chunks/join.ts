import { rename, rm, stat } from "node:fs/promises";
import { ChunkError, MessageAssembly, readFrames } from "@mindoodb/formats/chunks";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";
import type { CommandSpec } from "../../command.js";
import { countText } from "../../text.js";
import { hashOptions, readInput } from "./options.js";

export const join: CommandSpec = {
	name: "join <chunks> <file>",
	summary: "put a file together from chunks in any order; - reads standard input",
	about:
		"The file is made when the chunks hash to its datum, and not otherwise. Messages, damaged chunks and chunks of other files are passed over. " +
		"Chunks in order need no memory to speak of, others are held until their turn comes, 256 MiB at most.",
	options: [
		["--datum <hash>", "which file, by its hash in hex (default: that of the first chunk)"],
		["--hash <name>", "sha3-256 or keccak-256 (default: whichever is right)"],
	],
	passwords: [],
	inFolder: false,
	example: "chunks join photo.chunks photo.jpg",
	run: async (call, [chunks = "", file = ""]) => {
		if (file === "-") throw new UsageError("expected a name: the file is not shown before its hash was found right");
		const path = call.path(file);
		if ((await stat(path).catch(() => undefined)) !== undefined) throw new UsageError("there is such a file already");
		const counts = { bytes: 0, damaged: 0, others: 0, conflicts: [] as readonly number[], datum: "" };
		const unfinished = await call.makeFileFrom(`${file}.unfinished`, async (write) => {
			const assembly = await assemble(call, chunks, counts, write);
			if (assembly === undefined) throw new ChunkError("truncated", "there is no chunk of this file");
			counts.conflicts = assembly.conflicts;
			if (!assembly.complete) throw new ChunkError("truncated", whatIsMissing(assembly));
		});
		await rename(unfinished, path).catch(async (cause: unknown) => {
			await rm(unfinished, { force: true });
			throw new UsageError("the file cannot be made", { cause });
		});
		const { damaged, others } = counts;
		if (damaged > 0) call.note(`${countText(damaged, "damaged chunk")} passed over.`);
		if (others > 0) call.note(`${countText(others, "chunk")} that do not belong to the file passed over.`);
		return { data: counts, lines: [`${countText(counts.bytes, "byte")} of ${counts.datum}`] };
	},
};

async function assemble(
	call: Call,
	chunks: string,
	counts: { bytes: number; damaged: number; others: number; datum: string },
	write: (piece: Uint8Array) => Promise<void>,
): Promise<MessageAssembly | undefined> {
	const wanted = call.option("datum");
	if (wanted !== undefined && !/^[0-9a-f]{64}$/.test(wanted)) throw new UsageError("--datum: expected 64 hex digits");
	const options = hashOptions(call, "auto");
	let assembly: MessageAssembly | undefined;
	for await (const frame of readFrames(await readInput(call, chunks), options)) {
		if (frame.kind === "damaged-chunk") counts.damaged++;
		if (frame.kind !== "chunk") continue;
		const { chunk } = frame;
		const datum = Buffer.from(chunk.datum).toString("hex");
		const behindTheEnd = assembly?.complete === true && !assembly.has(chunk.index);
		if (datum !== (wanted ?? (counts.datum || datum)) || behindTheEnd) {
			counts.others++;
			continue;
		}
		counts.datum = datum;
		assembly ??= new MessageAssembly(chunk.datum, { ...options, hash: chunk.hash });
		assembly.add(chunk);
		for (const piece of assembly.take()) {
			await write(piece);
			counts.bytes += piece.length;
		}
	}
	return assembly;
}

function whatIsMissing(assembly: MessageAssembly): string {
	const gaps = assembly.missing().map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
	if (gaps.length === 0) return "the file is not complete: chunks are missing at its end, or one of them is false";
	const more = gaps.length > 10 ? ` and ${gaps.length - 10} more gaps` : "";
	return `the file is not complete: chunk ${gaps.slice(0, 10).join(", ")}${more} is missing`;
}
