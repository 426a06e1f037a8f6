import { datumOf, type HashOptions, splitSource } from "@mindoodb/formats/chunks";
import { openFileSource } from "@mindoodb/formats/node";
import { UsageError } from "mindoodb";
import type { CommandSpec } from "../../command.js";
import { countText } from "../../text.js";
import { hashOptions } from "./options.js";

export const split: CommandSpec = {
	name: "split <file> [chunks]",
	summary: "cut a file into chunks, written one behind the other; to standard output by default",
	options: [["--hash <name>", "sha3-256 (default), or keccak-256 as the historic program expects it"]],
	passwords: [],
	inFolder: false,
	example: "chunks split photo.jpg photo.chunks",
	run: async (call, [file = "", out = "-"]) => {
		const options = hashOptions(call, "sha3-256") as HashOptions;
		const path = call.path(file);
		await using source = await openFileSource(path).catch((cause: unknown) => {
			throw new UsageError("the file cannot be read", { code: "not-found", cause });
		});
		if (source.size === 0) throw new UsageError("an empty file has no chunks");
		const datum = Buffer.from(await datumOf(source, options)).toString("hex");
		let count = 0;
		const work = (write: (piece: Uint8Array) => Promise<void>) =>
			call.progress("bytes", async (report) => {
				// The datum is given, so a file that changes meanwhile is noticed.
				for await (const packet of splitSource(source, { ...options, datum: Buffer.from(datum, "hex") })) {
					await write(packet);
					count++;
					report(Math.min(count * 131_072, source.size), source.size);
				}
			});
		if (out === "-") {
			await work((piece) => call.write(piece));
			return { data: undefined, lines: [] };
		}
		await call.makeFileFrom(out, work);
		return { data: { datum, chunks: count, bytes: source.size }, lines: [`${countText(count, "chunk")} of ${datum}`] };
	},
};
