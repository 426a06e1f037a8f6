// Random and damaged values, containers and records: each is read, or refused with a Dm3Error, and a refused change has written nothing.
import {
	ConversationStorage,
	Dm3Error,
	decodeChunk,
	decodeConversation,
	decodeExportRecord,
	decodeRoot,
	decryptText,
	encodeChunk,
	encryptText,
	MemoryContainerStore,
	storedEnvelope,
	stringify,
} from "@mindoodb/formats/dm3";
import { nodeAead, nodeRandom } from "@mindoodb/formats/node";
import { makeRandom } from "./random.mjs";

/** @typedef {import("@mindoodb/formats/dm3").Envelope} Envelope */

const crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };
const keys = { storageKey: new Uint8Array(32).fill(1), signature: "signature" };
const identifier = { id: 0, timestamp: 1 };

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const damage = (/** @type {string} */ text) => Buffer.from(random.damage(Buffer.from(text))).toString();
	/** @param {number} time @returns {Envelope} */
	const envelope = (time) => ({ message: { message: "text", metadata: { timestamp: time } }, postmark: { a: [1, 2] } });

	const whole = new MemoryContainerStore();
	const maxChunkSize = 300;
	const storage = new ConversationStorage({ store: whole, keys, crypto, maxChunkSize });
	await storage.appendMany("bob.eth", [1, 2, 3, 4, 5, 6].map(envelope));
	const record = await storage.exportRecord();
	/** @type {Map<string, string>} */
	const plain = new Map();
	for (const [key, value] of whole.values) plain.set(key, await decryptText(value, keys.storageKey, crypto.aead));
	const chunk = encodeChunk([1, 2, 3].map((time) => storedEnvelope(envelope(time))));

	for (let run = 0; run < runs; run++) {
		const chunkText = damage(chunk);
		const read = readOrRefuse(() => decodeChunk(chunkText, identifier));
		// What was read is read again when it is written.
		if (read !== undefined) decodeChunk(encodeChunk(read.map(storedEnvelope)), identifier);
		readOrRefuse(() => decodeRoot(damage(stringify({ conversations: ["a", "b"] }))));
		readOrRefuse(() => decodeConversation(damage(stringify({ chunks: [identifier, { id: 1, timestamp: 2 }] }))));
		if (run % 10 === 0) readOrRefuse(() => decodeExportRecord(damage(record)));
		const [key, value] = random.pick([...whole.values]);
		await refuseOrSame(damage(value), plain.get(key));
		if (run % 10 === 1) await useDamagedStore(key, damage(/** @type {string} */ (plain.get(key))));
	}

	/** @param {string} key @param {string} text what stands there instead, correctly encrypted */
	async function useDamagedStore(key, text) {
		const store = new MemoryContainerStore();
		for (const [each, value] of whole.values) store.values.set(each, value);
		store.values.set(key, await encryptText(text, keys.storageKey, crypto));
		const before = stringify(Object.fromEntries(store.values));
		const damaged = new ConversationStorage({ store, keys, crypto, maxChunkSize });
		for (const work of [
			() => damaged.readConversation("bob.eth"),
			() => damaged.edit("bob.eth", "0x", envelope(3)),
			() => damaged.append("bob.eth", envelope(random.number(8))).then(() => "appended"),
		]) {
			const got = await readOrRefuseLater(work);
			const same = stringify(Object.fromEntries(store.values)) === before;
			if (same === (got === "appended")) throw new Error(`a change was ${same ? "lost" : "made by what was refused"}`);
		}
	}
}

/** @template T @param {() => T} work @returns {T | undefined} */
function readOrRefuse(work) {
	try {
		return work();
	} catch (error) {
		if (!(error instanceof Dm3Error)) throw error;
		return undefined;
	}
}

/** @param {() => Promise<unknown>} work */
async function readOrRefuseLater(work) {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof Dm3Error)) throw error;
		return undefined;
	}
}

/** @param {string} value @param {string | undefined} plain */
async function refuseOrSame(value, plain) {
	const read = await readOrRefuseLater(() => decryptText(value, keys.storageKey, crypto.aead));
	if (read !== undefined && read !== plain) throw new Error("a damaged value was read as something else");
}
