import { type ChunkReading, type Conversations, isWithin, type TimeRange } from "@mindoodb/formats/dm3";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText, dateText, lineText, table } from "../../text.js";
import { keyOptions, storeAbout, withConversations } from "./account.js";

export const list: CommandSpec = {
	name: "list <store> [contact]",
	summary: "list the conversations, or the chunks of one",
	about: storeAbout,
	options: keyOptions,
	passwords: ["user"],
	example: "dm3 list mail --keys-file keys.json",
	run: (call, [store = "", contact]) =>
		withConversations(call, store, { existing: true }, async (storage) => {
			if (contact === undefined) {
				const contacts = await storage.listConversations();
				return { data: contacts, lines: contacts.map((name) => lineText(name)) };
			}
			const chunks = await storage.listChunks(contact);
			const rows = chunks.map(({ id, timestamp }, page) => [String(page), String(id), timeText(timestamp)]);
			return { data: chunks, lines: table(["page", "id", "begins"], rows) };
		}),
};

export const read: CommandSpec = {
	name: "read <store> <contact>",
	summary: "show the messages of a conversation, the newest last",
	about: `${storeAbout} With --json the whole envelopes. Exit code 1 when a part of the conversation cannot be read.`,
	options: [
		...keyOptions,
		["--from <time>", "not before: milliseconds since 1970, or a date (2024-01-31, 2024-01-31T12:00Z)"],
		["--to <time>", "not after"],
		["--page <number>", "only one chunk: 0 is the oldest, -1 the newest"],
	],
	passwords: ["user"],
	example: "dm3 read mail bob.eth --from 2024-01-01 --keys-file keys.json",
	run: (call, [store = "", contact = ""]) =>
		withConversations(call, store, { existing: true }, async (storage) => {
			const range = { ...timeOption(call, "from"), ...timeOption(call, "to") };
			const page = call.option("page");
			const readings =
				page === undefined
					? await storage.readConversation(contact, range)
					: [await readPage(storage, contact, page, range)];
			const messages = readings.flatMap(({ messages = [] }) => messages);
			const damaged = readings.flatMap(({ identifier, error }) =>
				error === undefined ? [] : [{ ...identifier, code: error.code }],
			);
			for (const { id, code } of damaged) call.note(`Chunk ${id} cannot be read (${code}).`);
			const lines = messages.map(({ message }) => {
				const { timestamp, from, type } = message.metadata;
				return `${timeText(timestamp)}  ${textOf(from)}: ${textOf(message.message ?? type, 1000)}`;
			});
			if (damaged.length > 0) lines.push(`${countText(damaged.length, "chunk")} missing here.`);
			return {
				data: { messages, damaged },
				lines,
				exitCode: damaged.length > 0 ? exitCodes.found : exitCodes.ok,
			};
		}),
};

/** Times of others may be beyond what a date can say. */
function timeText(timestamp: number): string {
	return timestamp <= 8.64e15 ? dateText(timestamp) : String(timestamp);
}

function textOf(value: unknown, most?: number): string {
	return typeof value === "string" ? lineText(value, most) : "?";
}

function timeOption(call: Call, name: "from" | "to"): TimeRange {
	const text = call.option(name);
	if (text === undefined) return {};
	const time = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
	if (Number.isNaN(time)) throw new UsageError(`--${name}: expected milliseconds since 1970, or a date`);
	return { [name]: time };
}

async function readPage(
	storage: Conversations,
	contact: string,
	page: string,
	range: TimeRange,
): Promise<ChunkReading> {
	const chunks = await storage.listChunks(contact);
	const identifier = /^-?\d{1,15}$/.test(page) ? chunks.at(Number(page)) : undefined;
	if (identifier === undefined) throw new UsageError("--page: there is no such page", { code: "not-found" });
	const messages = await storage.readChunk(contact, identifier);
	return { identifier, messages: messages.filter(({ message }) => isWithin(message.metadata.timestamp, range)) };
}
