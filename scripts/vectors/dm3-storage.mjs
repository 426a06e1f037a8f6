// Conversations in the layout of the specification: C6 reading, C8 writing.
import {
	ConversationStorage,
	chunksThatMayHold,
	decodeStorageKey,
	decryptText,
	MemoryContainerStore,
	rootKey,
	stringify,
} from "@mindoodb/formats/dm3";
import { compareShaped, crypto, each, textOfMessage, throws, unknownParts } from "./dm3-cases.mjs";
import { demandKnown, outcomeOf, realValue } from "./stand-ins.mjs";

/** @typedef {import("./stand-ins.mjs").Fields} Fields */
/** @typedef {import("./stand-ins.mjs").Comparison} Comparison */
/** @typedef {import("./dm3-cases.mjs").Works} Works */

/** @param {Fields} content @returns {Works} */
export function readingWorks(content) {
	const { signature, storageKeyBase64, wrongStorageKeyBase64, store } = content;
	/** @param {string} key @param {Fields} [change] */
	const open = (key, change = {}) => {
		demandKnown(change, "remove", "set");
		const containers = new MemoryContainerStore();
		for (const [at, value] of Object.entries({ ...store, ...change.set })) containers.values.set(at, value);
		for (const at of change.remove ?? []) containers.values.delete(at);
		const keys = { storageKey: decodeStorageKey(key), signature };
		return new ConversationStorage({ store: containers, keys, crypto });
	};
	return [
		...unknownParts(
			content,
			"signature",
			"ownEnsNameNote",
			"storageKeyBase64",
			"wrongStorageKeyBase64",
			"store",
			"cases",
		),
		[
			"wrong key",
			async () => {
				const wrong = decodeStorageKey(wrongStorageKeyBase64);
				/** @type {Comparison[]} */
				const compared = [];
				for (const [key, value] of Object.entries(store)) {
					compared.push([key, true, await throws(() => decryptText(value, wrong, crypto.aead))]);
				}
				const listed = await throws(() => open(wrongStorageKeyBase64).listConversations());
				return [...compared, ["list throws", true, listed]];
			},
		],
		...each(content.cases, "", async ({ change, expected, ...rest }) => {
			demandKnown(rest);
			const storage = open(storageKeyBase64, change);
			return compareReading(expected, storage, await truth(open(storageKeyBase64)));
		}),
	];
}

/** @param {ConversationStorage} storage @returns {Promise<Map<string, unknown>>} identifier → the texts that stand there */
async function truth(storage) {
	/** @type {Map<string, unknown>} */
	const all = new Map();
	for (const contact of await storage.listConversations()) {
		for (const { identifier, messages } of await storage.readConversation(contact)) {
			all.set(stringify({ contact, ...identifier }), messages?.map(textOfMessage));
		}
	}
	return all;
}

/** @param {Fields} expected @param {ConversationStorage} storage @param {Map<string, unknown>} true_ @returns {Promise<Comparison[]>} */
async function compareReading(expected, storage, true_) {
	demandKnown(expected, "conversations", "chunks", "texts", "error", "errorFor", "errorForChunk");
	const { value: contacts, error } = await outcomeOf(() => storage.listConversations());
	if (contacts === undefined) return [["list throws", expected.error !== undefined, error !== undefined]];
	/** @type {Comparison[]} */
	const compared = [["error", undefined, expected.error]];
	if (expected.conversations !== undefined) compared.push(["conversations", expected.conversations, contacts]);
	let failed = 0;
	for (const contact of contacts) {
		const { value: readings } = await outcomeOf(() => storage.readConversation(contact));
		if (expected.errorFor !== undefined || readings === undefined) {
			compared.push([`${contact} fails`, expected.errorFor === contact, readings === undefined]);
			continue;
		}
		for (const { identifier, messages } of readings) {
			if (messages === undefined) {
				failed++;
				if (expected.errorForChunk !== undefined) compared.push(["chunk", expected.errorForChunk, identifier]);
				else if (expected.texts !== undefined) compared.push(["chunk", "its messages", identifier]);
				continue;
			}
			const at = stringify({ contact, ...identifier });
			compared.push([at, true_.get(at), messages.map(textOfMessage)]);
		}
		const texts = readings.flatMap(({ messages = [] }) => messages.map(textOfMessage));
		if (expected.texts !== undefined) compared.push(compareShaped("texts", expected.texts[contact] ?? [], texts));
		if (expected.chunks !== undefined) {
			compared.push(["chunks", expected.chunks[contact], readings.map(({ identifier }) => identifier)]);
		}
	}
	if (expected.errorForChunk !== undefined) compared.push(["failed chunks", 1, failed]);
	return compared;
}

/** @param {Fields} content @returns {Works} */
export function writingWorks(content) {
	return [...unknownParts(content, "scenarios"), ...each(content.scenarios, "", runScenario)];
}

/** @param {Fields} scenario @returns {Promise<Comparison[]>} */
async function runScenario(scenario) {
	demandKnown(scenario, "maxChunkSize", "signature", "steps", "finalStorePlain");
	const { maxChunkSize, signature, steps, finalStorePlain } = scenario;
	const store = new MemoryContainerStore();
	const keys = { storageKey: new Uint8Array(32).fill(7), signature };
	const storage = new ConversationStorage({ store, keys, crypto, maxChunkSize });
	/** @type {Comparison[]} */
	const compared = [];
	for (const [at, step] of steps.entries()) {
		for (const [what, expected, got] of await runStep(step, storage)) {
			compared.push([`step ${at}: ${what}`, expected, got]);
		}
		const contacts = await storage.listConversations();
		/** @type {Fields} */
		const identifiers = {};
		/** @type {Fields} */
		const texts = {};
		for (const contact of contacts) {
			identifiers[contact] = await storage.listChunks(contact);
			texts[contact] = (await storage.readConversation(contact)).map(({ messages }) => messages?.map(textOfMessage));
		}
		const { identifiers: wanted, textsByChunk } = step;
		if (wanted !== undefined) compared.push(compareShaped(`step ${at}: identifiers`, wanted, identifiers));
		if (textsByChunk !== undefined) compared.push(compareShaped(`step ${at}: texts`, textsByChunk, texts));
	}
	/** @type {Fields} */
	const plain = { [rootKey(signature)]: stringify({ conversations: [] }) };
	for (const [key, value] of store.values) plain[key] = await decryptText(value, keys.storageKey, crypto.aead);
	const expected = { [rootKey(signature)]: stringify({ conversations: [] }), ...finalStorePlain };
	return [...compared, compareShaped("final store", expected, plain)];
}

/** @param {Fields} step @param {ConversationStorage} storage @returns {Promise<Comparison[]>} */
async function runStep(step, storage) {
	const { op, contact } = step;
	const after = ["op", "contact", "identifiers", "textsByChunk", "error"];
	if (operations[op] === undefined) throw new Error(`unknown operation ${op}`);
	demandKnown(step, ...after, ...operations[op]);
	if (op === "range") return compareRange(step, storage);
	const got = await outcomeOf(async () => {
		const envelope = realValue(step.envelope);
		if (op === "add") return storage.append(contact, envelope);
		if (op === "edit") return storage.edit(contact, step.messageHash, envelope);
		return storage.delete(contact, step.messageHash);
	});
	/** @type {Comparison[]} */
	const compared = [["throws", step.error !== undefined, got.error !== undefined]];
	if (step.found !== undefined) compared.push(["found", step.found, got.value]);
	return compared;
}

/** @type {Readonly<Record<string, readonly string[]>>} */
const operations = {
	add: ["envelope"],
	edit: ["messageHash", "envelope", "found"],
	delete: ["messageHash", "found"],
	range: ["from", "to", "expected"],
};

/** @param {Fields} step @param {ConversationStorage} storage @returns {Promise<Comparison[]>} */
async function compareRange({ contact, from, to, expected }, storage) {
	demandKnown(expected, "texts", "chunkIdsThatMayHoldThem");
	const readings = await storage.readConversation(contact, { from, to });
	const chunks = chunksThatMayHold(await storage.listChunks(contact), { from, to });
	return [
		compareShaped(
			"texts",
			expected.texts,
			readings.flatMap(({ messages = [] }) => messages.map(textOfMessage)),
		),
		["chunks", expected.chunkIdsThatMayHoldThem, chunks.map(({ id }) => id)],
	];
}
