import type { Envelope } from "@mindoodb/formats/dm3";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";
import type { CommandSpec } from "../../command.js";
import { parseJson } from "../../json-value.js";
import { countText } from "../../text.js";
import { keyOptions, storeAbout, withConversations } from "./account.js";

export const changeOptions: NonNullable<CommandSpec["options"]> = [
	...keyOptions,
	["--max-chunk-size <bytes>", "largest chunk (default: 1000000; advised: 500000 to 10000000)"],
];

export const append: CommandSpec = {
	name: "append <store> <contact> [envelopes]",
	summary: "add an envelope, or a JSON list of them; - reads standard input",
	about: storeAbout,
	options: [...changeOptions, ["--dedupe", "pass over messages that are there already; a database always does"]],
	passwords: ["user"],
	example: "dm3 append mail bob.eth envelope.json --keys-file keys.json",
	run: async (call, [store = "", contact = "", file = "-"]) => {
		const text = file === "-" ? await call.input(undefined, "envelopes") : await call.readFile(file);
		const given = parseJson(text, "envelopes");
		const envelopes = (Array.isArray(given) ? given : [given]) as readonly Envelope[];
		const opening = { existing: false, dedupe: call.options.dedupe === true, ...chunkSizeOption(call) };
		const added = await withConversations(call, store, opening, (storage) => storage.appendMany(contact, envelopes));
		return { data: { added, given: envelopes.length }, lines: [`${countText(added, "message")} added.`] };
	},
};

/** @throws {UsageError} */
export function chunkSizeOption(call: Call): { readonly maxChunkSize?: number } {
	const text = call.option("maxChunkSize");
	if (text === undefined) return {};
	if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError("--max-chunk-size: expected a number of bytes");
	return { maxChunkSize: Number(text) };
}
