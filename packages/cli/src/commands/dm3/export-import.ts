import type { Conversations, Envelope } from "@mindoodb/formats/dm3";
import { Dm3Error } from "@mindoodb/formats/dm3";
import type { CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText } from "../../text.js";
import { keyOptions, openRecord, storeAbout, withConversations } from "./account.js";
import { changeOptions, chunkSizeOption } from "./append.js";
import { withFaults } from "./faults.js";

export const exportRecord: CommandSpec = {
	name: "export <store> <file>",
	summary: "write all conversations to one file, still encrypted",
	about: `${storeAbout} The file must not exist yet. Exit code 1 when parts are damaged; they are in the file as they are.`,
	options: keyOptions,
	passwords: ["user"],
	example: "dm3 export mail mail.json --keys-file keys.json",
	run: (call, [store = "", file = ""]) =>
		withConversations(call, store, { existing: true }, async (storage) => {
			const counts = await countAll(storage);
			await call.makeFile(file, await storage.exportRecord());
			return answer("in the file", counts);
		}),
};

export const importRecord: CommandSpec = {
	name: "import <store> <file>",
	summary: "add the conversations of an exported file",
	about: `${storeAbout} What is there already is passed over. Exit code 1 when parts of the file are damaged; the others are imported.`,
	options: changeOptions,
	passwords: ["user"],
	example: "dm3 import mail mail.json --keys-file keys.json",
	run: async (call, [store = "", file = ""]) => {
		const record = await openRecord(call, file);
		const opening = { existing: false, dedupe: true, ...chunkSizeOption(call) };
		return withConversations(call, store, opening, async (storage) =>
			answer("imported", await countAll(record, (contact, messages) => storage.appendMany(contact, messages))),
		);
	},
};

interface Counts {
	conversations: number;
	messages: number;
	/** Conversations and chunks that cannot be read. */
	damaged: number;
}

type Take = (contact: string, messages: readonly Envelope[]) => Promise<number>;

async function countAll(storage: Conversations, take: Take = async (_, messages) => messages.length): Promise<Counts> {
	const counts: Counts = { conversations: 0, messages: 0, damaged: 0 };
	for (const contact of await withFaults(() => storage.listConversations())) {
		const readings = await storage.readConversation(contact).catch((error: unknown) => {
			if (error instanceof Dm3Error) return undefined;
			throw error;
		});
		counts.conversations++;
		counts.damaged += readings?.filter(({ error }) => error !== undefined).length ?? 1;
		const messages = readings?.flatMap(({ messages = [] }) => messages) ?? [];
		if (messages.length > 0) counts.messages += await take(contact, messages);
	}
	return counts;
}

function answer(done: string, counts: Counts) {
	const { conversations, messages, damaged } = counts;
	return {
		data: counts,
		lines: [
			`${countText(messages, "message")} of ${countText(conversations, "conversation")} ${done}.`,
			...(damaged > 0 ? [`${countText(damaged, "part")} cannot be read.`] : []),
		],
		exitCode: damaged > 0 ? exitCodes.found : exitCodes.ok,
	};
}
