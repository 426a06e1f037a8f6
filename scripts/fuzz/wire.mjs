// What crosses the wire, random and damaged: runs of entries, messages, chunks of payloads. Each is taken, and then written again as it
// came, or refused with a FormatError; no payload passes for another one, and whoever sent what is right is never blamed.
import {
	decodeMessage,
	encodeMessage,
	FormatError,
	IncomingPayloads,
	OutgoingPayloads,
	packRun,
	toHex,
	unpackRun,
} from "@mindoodb/core";
import { decodeChunk } from "@mindoodb/formats/chunks";
import { nodeHasher } from "@mindoodb/formats/node";
import { nodeCrypto } from "mindoodb";
import { makeRandom } from "./random.mjs";
import { arbitraryEntry, realHistory } from "./wire-entries.mjs";

/** @typedef {import("@mindoodb/core").StoredEntry} StoredEntry */
/** @typedef {import("./random.mjs").Random} Random */

const crypto = nodeCrypto();
const clock = { now: () => 1, after: () => () => {} };
const most = 2 ** 20;

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const history = await realHistory();
	const messages = makeMessages(random);
	const payloads = await payloadFuzz(random);
	let { entries, run } = await newRun(random, history);
	for (let turn = 0; turn < runs; turn++) {
		if (turn % 50 === 0) ({ entries, run } = await newRun(random, history));
		await readRun(random.number(50) === 0 ? random.bytes(random.number(100)) : random.damage(run), entries);
		readMessage(random.number(20) === 0 ? random.bytes(random.number(60)) : random.damage(random.pick(messages)));
		if (turn % 10 === 0) await payloads.step();
	}
	await payloads.end();
}

/**
 * Some entries in any order, among them the same ones, and the run of them, which has to bring them back.
 * @param {Random} random
 * @param {readonly StoredEntry[]} history
 */
async function newRun(random, history) {
	/** @type {StoredEntry[]} */
	const entries = [];
	for (let left = random.number(8); left > 0; left--) {
		const real = random.pick(history);
		entries.push(random.number(2) === 0 ? real : await arbitraryEntry(random, [...entries, real]));
	}
	if (random.number(20) === 0) entries.push(...history);
	const run = await packRun(crypto, entries);
	if (told(await unpackRun(crypto, run)) !== told(entries)) throw new Error("a run brings other entries");
	return { entries, run };
}

/**
 * @param {Uint8Array} bytes
 * @param {readonly StoredEntry[]} original whose run was damaged
 */
async function readRun(bytes, original) {
	const read = await readOrRefuse(() => unpackRun(crypto, bytes));
	if (read === undefined) return;
	if (!equal(await packRun(crypto, read), bytes)) throw new Error("accepted what we would not write");
	const known = new Map(original.map((entry) => [entry.hash, entry]));
	for (const entry of read) {
		const same = known.get(entry.hash);
		if (same !== undefined && covered(entry) !== covered(same)) throw new Error("another entry at the same address");
	}
}

/** What an address covers. @param {StoredEntry} entry */
function covered(entry) {
	if (entry.kind === "entry") return toHex(entry.header);
	const { tenantRoot, dbId, docId, createdAt, createdByPublicKey, previousByAuthor } = entry.link;
	return [toHex(entry.headerHash), tenantRoot, dbId, docId, createdAt, createdByPublicKey, previousByAuthor].join();
}

/** @param {readonly StoredEntry[]} entries */
const told = (entries) =>
	JSON.stringify(
		entries.map((entry) => [
			entry.hash,
			covered(entry),
			entry.signature && toHex(entry.signature),
			entry.kind === "entry" && entry.payload && toHex(entry.payload),
		]),
	);

/** @param {Random} random @returns {Uint8Array[]} at least one of each kind of packages/core/proto/sync.proto */
function makeMessages(random) {
	const hash = random.bytes(32);
	const at = { arrival: 300n, digest: random.bytes(16) };
	const store = { number: 0, dbId: "notes", storeId: random.bytes(16), at, known: at, knownStore: random.bytes(8) };
	const contents = [{ contentHash: hash, size: 70_000n, datum: hash }];
	const page = { run: random.bytes(40), gaps: [0, 300], next: 500n, digest: at.digest, damaged: [400n], contents };
	const declined = [{ hash, reason: "format", message: "text" }];
	const held = [{ contentHash: hash, ranges: [0, 3, 7, 1] }];
	/** @type {import("@mindoodb/core").MessageInit[]} */
	const messages = [
		{ case: "open", value: { directoryHeads: hash, stores: [store, store], live: true } },
		{ case: "opened", value: { directoryHeads: hash, stores: [store, { number: 1, answer: 1 }], more: ["more"] } },
		{ case: "announce", value: { store: 1, after: 8n, page } },
		{ case: "acknowledge", value: { store: 1, known: at, declined } },
		{ case: "presence", value: { dbId: "notes", message: hash } },
		{ case: "ticket", value: { id: random.bytes(16), secret: hash } },
		{ case: "close", value: { reason: "restart", retry: true, after: 70 } },
		{ case: "ping", value: { number: 300 } },
		{ case: "pong", value: { number: 300 } },
		{ case: "signal", value: { peer: hash, message: random.bytes(50) } },
		{ case: "introduce", value: {} },
		{ case: "introduced", value: { encryptionKey: random.bytes(200) } },
		{ case: "keepTenant", value: { request: random.bytes(300) } },
		{ case: "tenantKept", value: { refusal: "policy" } },
	];
	/** @type {NonNullable<Extract<import("@mindoodb/core").MessageInit, { case: "request" }>["value"]["kind"]>[]} */
	const requests = [
		{ case: "read", value: { after: 300n, limit: 256, maxBytes: 1000 } },
		{ case: "get", value: { hashes: hash } },
		{ case: "contents", value: { hashes: hash, held } },
		{ case: "resolve", value: { start: hash, stopAt: 1 } },
		{ case: "find", value: { known: hash, docId: "document" } },
		{ case: "has", value: hash },
		{ case: "put", value: random.bytes(40) },
		{ case: "reconcile", value: random.bytes(40) },
		{ case: "hasContents", value: { hashes: hash, lasting: true } },
		{ case: "wantsContents", value: hash },
		{ case: "position", value: true },
		{ case: "databases", value: true },
		{ case: "purge", value: "document" },
		{ case: "recent", value: { before: 300n, limit: 256, maxBytes: 1000 } },
	];
	/** @type {NonNullable<Extract<import("@mindoodb/core").MessageInit, { case: "response" }>["value"]["kind"]>[]} */
	const responses = [
		{ case: "page", value: page },
		{ case: "report", value: { stored: [{ hash, arrival: 7n }], known: hash, refused: declined } },
		{ case: "contents", value: { announced: contents, whole: [hash] } },
		{ case: "databases", value: { dbIds: ["a", "b"] } },
		{ case: "failed", value: { code: "usage", message: "text" } },
		{ case: "entries", value: { run: hash, arrivals: [1n, 300n], contents, covered: 2, damaged: [4n] } },
		{ case: "hashes", value: { hashes: hash } },
		{ case: "reconciled", value: random.bytes(40) },
		{ case: "where", value: { position: at } },
		{ case: "recent", value: { run: hash, next: 7n, contents } },
	];
	for (const kind of requests) messages.push({ case: "request", value: { id: 300, store: 2, kind } });
	for (const kind of responses) messages.push({ case: "response", value: { id: 300, kind } });
	return messages.map(encodeMessage);
}

/** @param {Uint8Array} bytes */
function readMessage(bytes) {
	/** @type {import("@mindoodb/core").MessageKind} */
	let message;
	try {
		message = decodeMessage(bytes);
	} catch (error) {
		if (!(error instanceof FormatError)) throw error;
		return;
	}
	const again = encodeMessage(message);
	if (!equal(encodeMessage(decodeMessage(again)), again)) throw new Error("a message changes when it is written again");
}

/**
 * Three senders, of which one lies, and what takes their chunks.
 * @param {Random} random
 */
async function payloadFuzz(random) {
	const senders = ["honest", "honest too", "liar"].map((name) => ({ name }));
	const maxBytes = 8 * 131_072;
	const incoming = new IncomingPayloads({ crypto, clock, maxBytes });
	const payloads = await Promise.all(
		[10, 131_072, 140_000, 300_000, 400_000].map((size) => announced(random.bytes(size))),
	);
	/** @type {Promise<void>[]} */
	const checks = [];

	/** @param {import("@mindoodb/core").Announcement} announcement @param {import("@mindoodb/core").TransferEnd} end */
	async function check({ contentHash }, end) {
		if (end.kind === "wrong" && end.sender !== undefined && end.sender !== senders[2])
			throw new Error("blames the honest");
		if (end.kind !== "complete") return;
		if (toHex(await crypto.sha256(end.payload)) !== contentHash) throw new Error("another payload passed");
	}

	async function act() {
		const sender = random.pick(senders);
		const lies = sender === senders[2];
		const { announcement, chunks } = random.pick(payloads);
		const way = random.number(20);
		if (way === 0) await incoming.leave(sender);
		else if (way < 5) {
			const told = lies && random.number(3) === 0 ? { ...announcement, size: 1 + random.number(most) } : announcement;
			const expected = await readOrRefuse(() => incoming.expect(sender, told));
			if (expected !== undefined) checks.push(expected.ended.then((end) => check(told, end)));
		} else {
			const chunk = random.pick(chunks);
			const changed =
				lies && random.number(2) === 0 ? { ...chunk, index: random.number(4), data: random.pick(chunks).data } : chunk;
			await readOrRefuse(() => incoming.accept(sender, changed));
		}
		if (incoming.reservedBytes > maxBytes) throw new Error("more is under way than allowed");
	}

	return {
		/** Some of them at once, as connections are. */
		async step() {
			await Promise.all(Array.from({ length: 1 + random.number(3) }, act));
		},
		async end() {
			for (const sender of senders) await incoming.leave(sender);
			if (incoming.reservedBytes !== 0) throw new Error("something stays when all are gone");
			await Promise.all(checks);
		},
	};
}

/** @param {Uint8Array} payload */
async function announced(payload) {
	const outgoing = new OutgoingPayloads({ makeHasher: nodeHasher });
	const announcement = outgoing.add(toHex(await crypto.sha256(payload)), payload);
	const chunks = [];
	for (let frame = outgoing.nextFrame(); frame !== undefined; frame = outgoing.nextFrame()) {
		chunks.push(decodeChunk(frame, { makeHasher: nodeHasher }));
	}
	return { announcement, chunks };
}

/** @template T @param {() => Promise<T>} work @returns {Promise<T | undefined>} */
async function readOrRefuse(work) {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof FormatError)) throw error;
		return undefined;
	}
}

/** @param {Uint8Array} a @param {Uint8Array} b */
const equal = (a, b) => Buffer.from(a).equals(b);
