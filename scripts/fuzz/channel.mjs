// Damaged, exchanged and random flights of a handshake, in pieces of any size: a side goes on waiting, or ends with a typed error; nothing that was
// touched establishes a channel, and no plaintext comes out of it.
import { Channel, createChannelIdentity, MindooError, TicketBook } from "@mindoodb/core";
import { nodeCrypto } from "mindoodb";
import { makeRandom } from "./random.mjs";

/** @typedef {{ readonly flights: readonly Uint8Array[], readonly answering: () => Promise<Channel>, readonly asking: () => Promise<Channel> }} Case */

const crypto = rememberingCrypto();
const tenantRoot = "11".repeat(32);
/** Most bytes of all flights of a handshake; what a run feeds may be more. */
const longest = 1000;

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const cases = await recordHandshakes();
	for (let run = 0; run < runs; run++) {
		const { flights, answering, asking } = random.pick(cases);
		const asks = random.number(3) === 0;
		const [side, own] = asks ? [await asking(), 1] : [await answering(), 0];
		const received = flights.filter((_, i) => i % 2 === own);
		// What asks for a ticket that is not known is dropped unread.
		const binding = Buffer.concat(received.filter((flight) => flights.length < 5 || flight !== flights[0]));
		const bytes = change(random, flights, received);
		const length = random.pick([1, 2, 7, longest]);
		const established = await feed(side, bytes, length);
		if (established && !Buffer.from(bytes).includes(binding)) {
			throw new Error(`run ${run}: a handshake that was changed established a channel`);
		}
	}
}

/**
 * Flights of genuine handshakes, with sides that draw the same keys again, so that they take these very flights.
 * @returns {Promise<Case[]>}
 */
async function recordHandshakes() {
	const key = async () => crypto.importSigningKey((await crypto.generateSigningKeyPair()).privateKey);
	const env = { crypto, random: crypto };
	const [alice, bob] = [await createChannelIdentity(env, await key()), await createChannelIdentity(env, await key())];
	const clock = { now: () => 0, after: () => () => {} };
	const hex = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("hex");
	const [aliceKey, bobKey] = [hex(alice.signingKey.publicKey), hex(bob.signingKey.publicKey)];
	const cases = [];
	for (const [remembers, knows] of [
		[false, false],
		[true, true],
		[true, false],
	]) {
		const holders = { ownKey: bobKey, peer: aliceKey, tenantRoot };
		/** A book whose first ticket is always the same. */
		const newBook = () => new TicketBook({ random: { randomBytes: makeRandom(1).bytes }, clock });
		const ticket = newBook().issue(holders);
		const same = (/** @type {number} */ seed) => ({ crypto, random: { randomBytes: makeRandom(seed).bytes } });
		const asking = async () => {
			const tickets = newBook();
			if (remembers) tickets.remember({ ...ticket, ownKey: aliceKey, peer: bobKey });
			return Channel.initiate({ env: same(2), identity: alice, tenantRoot, expect: [bobKey], tickets });
		};
		const answering = async () => {
			const tickets = newBook();
			if (knows) tickets.issue(holders);
			return Channel.accept({ env: same(3), identity: bob, tickets });
		};
		const flights = [];
		const [initiator, responder] = [await asking(), await answering()];
		await responder.start();
		let flight = await initiator.start();
		for (let to = responder; flight.length > 0; to = to === responder ? initiator : responder) {
			flights.push(flight);
			flight = (await to.receive(flight)).reply;
		}
		cases.push({ flights, asking, answering });
	}
	return cases;
}

/**
 * @param {import("./random.mjs").Random} random
 * @param {readonly Uint8Array[]} flights of both sides
 * @param {readonly Uint8Array[]} received those that the side is sent
 * @returns {Uint8Array} what it gets in their place
 */
function change(random, flights, received) {
	const way = random.number(8);
	if (way === 0) return random.bytes(random.number(300));
	if (way === 1) return Uint8Array.from(Buffer.concat([random.pick(flights), random.pick(flights)]));
	const at = random.number(received.length);
	return Uint8Array.from(Buffer.concat(received.map((flight, i) => (i === at ? random.damage(flight) : flight))));
}

/**
 * @param {Channel} side
 * @param {Uint8Array} bytes
 * @param {number} length of the pieces
 * @returns {Promise<boolean>} whether the channel is established
 */
async function feed(side, bytes, length) {
	await side.start();
	try {
		for (let start = 0; start < bytes.length; start += length) {
			const { reply, plaintext } = await side.receive(bytes.subarray(start, start + length));
			if (plaintext.length > 0) throw new Error("plaintext that nobody encrypted");
			if (reply.length > longest) throw new Error("an answer that is longer than a handshake");
		}
	} catch (error) {
		if (!(error instanceof MindooError)) throw error;
	}
	return side.established !== undefined;
}

/**
 * What the genuine sides compute again and again is computed once: the two costly operations that a changed flight does not reach.
 * @returns {import("@mindoodb/core").Crypto}
 */
function rememberingCrypto() {
	const crypto = nodeCrypto();
	const keys = new Map();
	const signatures = new Map();
	return {
		...crypto,
		importAgreementKey: (key) => rememberedIn(keys, key, () => crypto.importAgreementKey(key)),
		sign: (key, message) => rememberedIn(signatures, message, () => crypto.sign(key, message)),
	};
}

/**
 * @template T
 * @param {Map<string, Promise<T>>} results
 * @param {Uint8Array} input
 * @param {() => Promise<T>} compute
 */
function rememberedIn(results, input, compute) {
	const name = Buffer.from(input).toString("latin1");
	const result = results.get(name) ?? compute();
	if (results.size < 100) results.set(name, result);
	return result;
}
