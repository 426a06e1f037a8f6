import { ChunkError, type MessageAssembly, Reassembler, readFrames } from "@mindoodb/formats/chunks";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText, table } from "../../text.js";
import { hashOptions, readInput } from "./options.js";

export const inspect: CommandSpec = {
	name: "inspect <chunks>",
	summary: "tell what a stream of chunks and messages holds; - reads standard input",
	about: "Exit code 1 when a chunk is damaged, contradicts another one, or when a file is not complete.",
	options: [["--hash <name>", "sha3-256 or keccak-256 (default: whichever is right)"]],
	passwords: [],
	inFolder: false,
	example: "chunks inspect photo.chunks",
	run: async (call, [chunks = ""]) => {
		const options = hashOptions(call, "auto");
		const reassembler = new Reassembler(options.makeHasher === undefined ? {} : { makeHasher: options.makeHasher });
		const files = new Map<MessageAssembly, { hash: string; chunks: number; bytes: number }>();
		const counts = { messages: 0, damaged: 0, duplicates: 0, surplus: 0 };
		for await (const frame of readFrames(await readInput(call, chunks), options)) {
			if (frame.kind === "message") counts.messages++;
			if (frame.kind === "damaged-chunk") counts.damaged++;
			if (frame.kind !== "chunk") continue;
			try {
				const { message, outcome } = reassembler.add(frame.chunk);
				const file = files.get(message) ?? { hash: frame.chunk.hash, chunks: 0, bytes: 0 };
				files.set(message, file);
				if (outcome === "duplicate") counts.duplicates++;
				if (outcome !== "added") continue;
				file.chunks++;
				file.bytes += frame.chunk.data.length;
				message.take();
			} catch (error) {
				if (!(error instanceof ChunkError) || error.code !== "surplus") throw error;
				counts.surplus++;
			}
		}
		const data = {
			...counts,
			files: [...files].map(([message, file]) => ({
				datum: Buffer.from(message.datum).toString("hex"),
				...file,
				complete: message.complete,
				missing: message.missing(),
				conflicts: message.conflicts,
			})),
		};
		const sound = counts.damaged === 0 && data.files.every((file) => file.complete && file.conflicts.length === 0);
		const rows = data.files.map((file) => [
			file.datum,
			file.hash,
			String(file.chunks),
			String(file.bytes),
			file.complete ? "complete" : "not complete",
			file.conflicts.length === 0 ? "" : countText(file.conflicts.length, "conflict"),
		]);
		return {
			data,
			lines: [
				...table(["file", "hash", "chunks", "bytes", "", ""], rows),
				`${countText(counts.messages, "message")}, ${countText(counts.damaged, "damaged chunk")}, ${countText(counts.duplicates, "duplicate")}, ${counts.surplus} behind the end.`,
			],
			exitCode: sound ? exitCodes.ok : exitCodes.found,
		};
	},
};
