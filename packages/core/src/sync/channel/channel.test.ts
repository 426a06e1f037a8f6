import { seededRandom, testClock } from "@mindoodb/testing";
import fc from "fast-check";
import { nodeCrypto } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { concatBytes } from "../../bytes/concat.js";
import { toHex } from "../../bytes/hex.js";
import type { SigningKey } from "../../crypto/crypto.js";
import { HandshakeState } from "../noise/handshake-state.js";
import { patternXX } from "../noise/patterns.js";
import { Channel } from "./channel.js";
import { framed } from "./handshake.js";
import type { InitiateOptions } from "./initiate.js";
import { fullPreamble, prologueOf } from "./preamble.js";
import { type ChannelIdentity, createChannelIdentity, makeProof } from "./proof.js";
import { TicketBook } from "./ticket-book.js";

const crypto = nodeCrypto();
const env: InitiateOptions["env"] = { crypto, random: crypto };
const tenantRoot = "11".repeat(32);
const otherRoot = "22".repeat(32);
const nothing = new Uint8Array(0);
const day = 24 * 60 * 60 * 1000;
/** Bytes of each flight of the two handshakes, preamble and lengths included. */
const full = [33 + 2 + 32, 2 + 197, 2 + 165] as const;
const resumed = [17 + 2 + 48, 2 + 48] as const;

let alice: ChannelIdentity;
let bob: ChannelIdentity;
const keyOf = (identity: ChannelIdentity) => toHex(identity.signingKey.publicKey);

async function newSigningKey(): Promise<SigningKey> {
	return crypto.importSigningKey((await crypto.generateSigningKeyPair()).privateKey);
}

beforeAll(async () => {
	alice = await createChannelIdentity(env, await newSigningKey());
	bob = await createChannelIdentity(env, await newSigningKey());
});

interface Sides {
	readonly initiator: Channel;
	readonly responder: Channel;
}

/** Alice begins, Bob answers. */
function sides(initiating: Partial<InitiateOptions> = {}, tickets?: TicketBook, random = env): Sides {
	return {
		initiator: Channel.initiate({ env: random, identity: alice, tenantRoot, expect: [keyOf(bob)], ...initiating }),
		responder: Channel.accept({ env: random, identity: bob, ...(tickets === undefined ? {} : { tickets }) }),
	};
}

/** What the network does with flight `number` of a handshake, from 0. */
type Network = (flight: Uint8Array, number: number) => Uint8Array;

/** Carries flights to and fro until nobody has anything to say. @returns them as they were sent. */
async function shakeHands(
	{ initiator, responder }: Sides,
	network: Network = (flight) => flight,
): Promise<Uint8Array[]> {
	const flights: Uint8Array[] = [];
	await responder.start();
	let flight = await initiator.start();
	for (let to = responder; flight.length > 0; to = to === responder ? initiator : responder) {
		flights.push(flight);
		flight = (await to.receive(network(flight, flights.length - 1))).reply;
	}
	return flights;
}

async function established(...settings: Parameters<typeof sides>): Promise<Sides> {
	const both = sides(...settings);
	await shakeHands(both);
	return both;
}

function changedAt(bytes: Uint8Array, at: number, bits = 1): Uint8Array {
	return bytes.map((byte, i) => (i === at ? byte ^ bits : byte));
}

/** Books of both sides in which Alice has one ticket of Bob's. */
function booksWithTicket(clock = testClock(), root = tenantRoot) {
	const issuing = new TicketBook({ random: crypto, clock });
	const remembering = new TicketBook({ random: crypto, clock });
	const ticket = issuing.issue({ ownKey: keyOf(bob), peer: keyOf(alice), tenantRoot: root });
	remembering.remember({ ...ticket, ownKey: keyOf(alice), peer: keyOf(bob) });
	return { issuing, remembering, ticket, clock };
}

describe("a handshake with proofs", () => {
	it("tells each side who the other one is, in 433 bytes", async () => {
		const both = sides();
		expect((await shakeHands(both)).map((flight) => flight.length)).toEqual(full);
		expect(both.initiator.established).toMatchObject({ peer: keyOf(bob), tenantRoot, resumed: false });
		expect(both.responder.established).toMatchObject({ peer: keyOf(alice), tenantRoot, resumed: false });
		expect(both.initiator.counts).toMatchObject({ wireSent: full[0] + full[2], wireReceived: full[1], sent: 0 });
	});

	it("ends at the initiator when the responder has another key, before the initiator has told its own", async () => {
		for (const expected of [[keyOf(alice)], []]) {
			const both = sides({ expect: expected });
			await expect(shakeHands(both)).rejects.toMatchObject({ code: "trust" });
			expect(both.initiator.established).toBeUndefined();
			expect(both.initiator.counts.wireSent).toBe(full[0]);
		}
	});

	it("takes any key where none was given, and two sides with the same one", async () => {
		const device = await createChannelIdentity(env, alice.signingKey);
		const initiator = Channel.initiate({ env, identity: device, tenantRoot });
		const responder = Channel.accept({ env, identity: alice });
		await shakeHands({ initiator, responder });
		expect([initiator.established?.peer, responder.established?.peer]).toEqual([keyOf(alice), keyOf(alice)]);
	});

	it("lesson 4: fails when any byte of any flight is changed, and no side takes plaintext then", async () => {
		for (const [number, length] of full.entries()) {
			for (let at = 0; at < length; at++) {
				const both = sides();
				const network: Network = (flight, i) => (i === number ? changedAt(flight, at) : flight);
				const outcome = await shakeHands(both, network).then(
					() => "no error",
					(error) => error.code,
				);
				// A longer preamble than was sent is still waited for.
				expect(outcome).toMatch(/^(signature|format|unsupported|no error)$/);
				expect(both.responder.established).toBeUndefined();
				if (number < 2) expect(both.initiator.established).toBeUndefined();
				else expect(outcome).toMatch(/^(signature|format)$/);
			}
		}
	});

	it("waits when a flight is cut short, and says so at the end", async () => {
		for (const [number, length] of full.entries()) {
			for (const left of [0, 1, 2, 3, 34, length - 1]) {
				const both = sides();
				await shakeHands(both, (flight, i) => (i === number ? flight.subarray(0, left) : flight));
				const reader = number === 1 ? both.initiator : both.responder;
				expect(reader.established).toBeUndefined();
				expect(() => reader.end()).toThrow(expect.objectContaining({ code: "transport", retryable: true }));
			}
		}
	});

	it("lesson 1: cannot be replayed: a recorded initiator proves nothing to another responder, nor flights in another order", async () => {
		const recorded = await shakeHands(sides());
		const { responder } = sides();
		await responder.start();
		await responder.receive(recorded[0] as Uint8Array);
		await expect(responder.receive(recorded[2] as Uint8Array)).rejects.toMatchObject({ code: "signature" });

		const { initiator } = sides();
		await initiator.start();
		await expect(initiator.receive(recorded[1] as Uint8Array)).rejects.toMatchObject({ code: "signature" });

		for (const first of [1, 2]) {
			const fresh = sides().responder;
			await fresh.start();
			const reading = fresh.receive(recorded[first] as Uint8Array);
			await expect(reading).rejects.toMatchObject({ name: "FormatError" });
		}
	});

	it("does not take its own flights for another's", async () => {
		const { initiator } = sides({ expect: [keyOf(alice)] });
		const first = await initiator.start();
		await expect(initiator.receive(first)).rejects.toMatchObject({ name: "FormatError" });

		const responding = sides().responder;
		await responding.start();
		const { reply } = await responding.receive(await sides().initiator.start());
		await expect(responding.receive(reply)).rejects.toMatchObject({ name: "FormatError" });
	});

	it("refuses announced lengths at once that no message has", async () => {
		for (const length of [0, 1, 31, 33, 65_535]) {
			const { responder } = sides();
			await responder.start();
			const bytes = concatBytes(fullPreamble(tenantRoot), Uint8Array.of(length >> 8, length & 255));
			await expect(responder.receive(bytes)).rejects.toMatchObject({ code: "format" });
		}
	});
});

describe("a hostile side of a handshake", () => {
	/** Goes through a handshake as initiator with a proof of its choice. */
	async function initiateWith(responder: Channel, identity: ChannelIdentity, proof: Uint8Array): Promise<void> {
		const prologue = prologueOf(fullPreamble(tenantRoot));
		const { staticKey } = identity;
		const noise = await HandshakeState.start({ ...env, pattern: patternXX, initiator: true, prologue, staticKey });
		await responder.start();
		const first = concatBytes(fullPreamble(tenantRoot), framed(await noise.writeMessage(nothing)));
		await noise.readMessage((await responder.receive(first)).reply.subarray(2));
		await responder.receive(framed(await noise.writeMessage(proof)));
	}

	it("is taken with its own proof, to show that the others fail for the proof alone", async () => {
		const { responder } = sides();
		await initiateWith(responder, alice, await makeProof(crypto, alice, "initiator", tenantRoot));
		expect(responder.established?.peer).toBe(keyOf(alice));
	});

	it("is refused with a proof of another role, tenant, channel or key", async () => {
		const mallory = await createChannelIdentity(env, await newSigningKey());
		const own = await makeProof(crypto, mallory, "initiator", tenantRoot);
		const aliceKeyMalloryStatic = { ...alice, staticKey: mallory.staticKey };
		const proofs = [
			await makeProof(crypto, mallory, "responder", tenantRoot),
			await makeProof(crypto, mallory, "initiator", otherRoot),
			// Alice's own, as Mallory saw it when Alice spoke with her.
			await makeProof(crypto, alice, "initiator", tenantRoot),
			await makeProof(crypto, bob, "responder", tenantRoot),
			concatBytes(own.subarray(0, 3), alice.signingKey.publicKey, own.subarray(35)),
			// A public key of small order, under which R = key and S = 0 holds for some messages.
			concatBytes(
				own.subarray(0, 3),
				Uint8Array.of(1, ...new Uint8Array(31)),
				Uint8Array.of(0x58, 64, 1),
				new Uint8Array(63),
			),
			new Uint8Array(101),
			concatBytes(Uint8Array.of(0x83), own.subarray(1)),
		];
		for (const proof of proofs) {
			const { responder } = sides();
			await expect(initiateWith(responder, mallory, proof)).rejects.toMatchObject({ code: /signature|format/ });
			expect(responder.established).toBeUndefined();
			expect(responder.counts.received).toBe(0);
		}
		// Who has Alice's signing key is Alice.
		const { responder } = sides();
		await initiateWith(responder, mallory, await makeProof(crypto, aliceKeyMalloryStatic, "initiator", tenantRoot));
		expect(responder.established?.peer).toBe(keyOf(alice));
	});

	it("gets nowhere with ephemeral keys of small order", async () => {
		for (const key of [new Uint8Array(32), Uint8Array.of(1, ...new Uint8Array(31))]) {
			const both = sides();
			const substitute: Network = (flight, i) => (i === 0 ? concatBytes(flight.subarray(0, 35), key) : flight);
			await expect(shakeHands(both, substitute)).rejects.toMatchObject({ code: "signature" });
			const others = sides();
			const answer: Network = (flight, i) =>
				i === 1 ? concatBytes(flight.subarray(0, 2), key, flight.subarray(34)) : flight;
			await expect(shakeHands(others, answer)).rejects.toMatchObject({ code: "signature" });
		}
	});
});

describe("a handshake with a ticket", () => {
	it("takes 117 bytes, and names the peer that had proved its key", async () => {
		const { issuing, remembering } = booksWithTicket();
		const both = sides({ tickets: remembering }, issuing);
		expect((await shakeHands(both)).map((flight) => flight.length)).toEqual(resumed);
		expect(both.initiator.established).toMatchObject({ peer: keyOf(bob), tenantRoot, resumed: true });
		expect(both.responder.established).toMatchObject({ peer: keyOf(alice), tenantRoot, resumed: true });
		const message = await both.responder.encrypt(Uint8Array.of(1, 2, 3));
		expect((await both.initiator.receive(message)).plaintext).toEqual([Uint8Array.of(1, 2, 3)]);
	});

	it("goes on with proofs on the same connection when the responder does not know the ticket any more", async () => {
		const unknown = new TicketBook({ random: crypto, clock: testClock() });
		for (const tickets of [unknown, undefined]) {
			const { remembering } = booksWithTicket();
			const both = sides({ tickets: remembering }, tickets);
			expect((await shakeHands(both)).map((flight) => flight.length)).toEqual([resumed[0], 2, ...full]);
			expect(both.responder.established).toMatchObject({ peer: keyOf(alice), resumed: false });
			expect(both.initiator.established).toMatchObject({ peer: keyOf(bob), resumed: false });
		}
	});

	it("uses each ticket once", async () => {
		const { issuing, remembering, ticket } = booksWithTicket();
		const recorded = await shakeHands(sides({ tickets: remembering }, issuing));
		expect((await shakeHands(sides({ tickets: remembering }, issuing))).length).toBe(3);

		// Alice kept it, or somebody recorded her flight: the responder asks for proofs.
		remembering.remember({ ...ticket, ownKey: keyOf(alice), peer: keyOf(bob) });
		expect((await shakeHands(sides({ tickets: remembering }, issuing))).length).toBe(5);
		const { responder } = sides({}, issuing);
		await responder.start();
		expect((await responder.receive(recorded[0] as Uint8Array)).reply).toEqual(Uint8Array.of(0, 0));
		// Refused before its message is waited for.
		const preamble = (recorded[0] as Uint8Array).subarray(0, 17);
		await expect(responder.receive(preamble)).rejects.toMatchObject({ code: "format" });
	});

	it("lasts less than a day on either side", async () => {
		for (const lateAtResponder of [true, false]) {
			const { issuing, remembering, ticket, clock } = booksWithTicket();
			const later = new TicketBook({ random: crypto, clock: testClock() });
			if (lateAtResponder) later.remember({ ...ticket, ownKey: keyOf(alice), peer: keyOf(bob) });
			clock.advance(day);
			const flights = await shakeHands(sides({ tickets: lateAtResponder ? later : remembering }, issuing));
			expect(flights.length).toBe(lateAtResponder ? 5 : 3);
		}
		const { issuing, remembering, clock } = booksWithTicket();
		clock.advance(day - 1);
		expect((await shakeHands(sides({ tickets: remembering }, issuing))).length).toBe(2);
	});

	it("is not begun for another tenant, another peer, or another key of one's own", async () => {
		const books = booksWithTicket(testClock(), otherRoot);
		expect((await shakeHands(sides({ tickets: books.remembering }, books.issuing))).length).toBe(3);
		const carol = await createChannelIdentity(env, await newSigningKey());
		for (const initiating of [{ expect: [keyOf(alice)] }, { identity: carol }]) {
			const { remembering, issuing } = booksWithTicket();
			const { initiator } = sides({ ...initiating, tickets: remembering }, issuing);
			expect((await initiator.start()).length).toBe(full[0]);
		}
	});

	it("speaks of the tenant and the peer for which the ticket was issued, whatever the initiator makes of it", async () => {
		const { issuing, remembering, ticket } = booksWithTicket(testClock(), otherRoot);
		remembering.remember({ ...ticket, ownKey: keyOf(alice), peer: keyOf(bob), tenantRoot });
		const both = sides({ tickets: remembering }, issuing);
		await shakeHands(both);
		expect(both.responder.established).toMatchObject({ tenantRoot: otherRoot, peer: keyOf(alice) });
	});

	it("is not honoured under another key of the responder's", async () => {
		const { issuing, remembering } = booksWithTicket();
		const responder = Channel.accept({ env, identity: alice, tickets: issuing });
		const { initiator } = sides({ tickets: remembering });
		await expect(shakeHands({ initiator, responder })).rejects.toMatchObject({ code: "trust" });
		expect(initiator.counts.wireSent).toBe(resumed[0] + full[0]);
	});

	it("fails when any byte is changed, and with another secret", async () => {
		for (const [number, length] of resumed.entries()) {
			for (let at = 0; at < length; at++) {
				const { issuing, remembering } = booksWithTicket();
				const both = sides({ tickets: remembering }, issuing);
				const network: Network = (flight, i) => (i === number ? changedAt(flight, at) : flight);
				const flights = await shakeHands(both, network).catch((error) => error);
				// With a changed id the responder asks for proofs, which it gets.
				if (Array.isArray(flights)) expect([flights.length, number, at >= 1 && at < 17]).toEqual([5, 0, true]);
				else {
					expect(flights.code).toMatch(/^(signature|format|unsupported)$/);
					expect(both.initiator.established).toBeUndefined();
				}
			}
		}
		const { issuing, remembering, ticket } = booksWithTicket();
		remembering.remember({ ...ticket, secret: new Uint8Array(32), ownKey: keyOf(alice), peer: keyOf(bob) });
		const both = sides({ tickets: remembering }, issuing);
		await expect(shakeHands(both)).rejects.toMatchObject({ code: "signature" });
		expect(both.responder.established).toBeUndefined();
	});

	it("does not take its own flight for an answer", async () => {
		const { remembering } = booksWithTicket();
		const { initiator } = sides({ tickets: remembering });
		const first = await initiator.start();
		await expect(initiator.receive(first.subarray(17))).rejects.toMatchObject({ code: "signature" });
	});
});

describe("an established channel", () => {
	it("carries any bytes both ways, wherever the transport cuts them", async () => {
		const lengths = fc.array(fc.oneof(fc.nat(300), fc.constantFrom(65_518, 65_519, 65_520, 200_000)), { maxLength: 4 });
		const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100_000 })), {
			minLength: 1,
		});
		await fc.assert(
			fc.asyncProperty(lengths, cuts, fc.boolean(), async (sizes, pieces, fromInitiator) => {
				const { initiator, responder } = await established();
				const [from, to] = fromInitiator ? [initiator, responder] : [responder, initiator];
				const sent = sizes.map((size) => crypto.randomBytes(size));
				const wire = concatBytes(...(await Promise.all(sent.map((bytes) => from.encrypt(bytes)))));
				const read: Uint8Array[] = [];
				for (let at = 0, i = 0; at < wire.length; i++) {
					const length = pieces[i % pieces.length] as number;
					read.push(...(await to.receive(wire.slice(at, at + length))).plaintext);
					at += length;
				}
				to.end();
				expect(toHex(concatBytes(...read))).toBe(toHex(concatBytes(...sent)));
				expect(to.counts).toMatchObject({ received: sent.reduce((sum, bytes) => sum + bytes.length, 0) });
			}),
			{ numRuns: 30 },
		);
	});

	it("comes about byte by byte as it does at once", async () => {
		const run = async (most: number) => {
			const random = { crypto, random: seededRandom(7) };
			const { issuing, remembering } = booksWithTicket();
			const flights: string[] = [];
			for (let i = 0; i < 3; i++) {
				const both = sides({ tickets: remembering }, i === 1 ? issuing : undefined, random);
				await both.responder.start();
				let flight = await both.initiator.start();
				for (let to = both.responder; flight.length > 0; to = to === both.responder ? both.initiator : both.responder) {
					flights.push(toHex(flight.subarray(i === 0 ? 17 : 0)));
					const replies: Uint8Array[] = [];
					for (let at = 0; at < flight.length; at += most)
						replies.push((await to.receive(flight.slice(at, at + most))).reply);
					flight = concatBytes(...replies);
				}
				const message = await both.initiator.encrypt(Uint8Array.of(i));
				flights.push(toHex(concatBytes(...(await both.responder.receive(message)).plaintext)));
			}
			return flights.map((flight) => flight.length);
		};
		expect(await run(1)).toEqual(await run(1000));
	});

	it("takes plaintext that comes together with the last flight of the handshake", async () => {
		const { initiator, responder } = sides();
		await responder.start();
		const { reply } = await responder.receive(await initiator.start());
		const last = (await initiator.receive(reply)).reply;
		const message = await initiator.encrypt(Uint8Array.of(5));
		expect((await responder.receive(concatBytes(last, message))).plaintext).toEqual([Uint8Array.of(5)]);
	});

	it("refuses messages that were changed, repeated, left out, exchanged, mirrored, or of another channel", async () => {
		const attacks: ((messages: readonly Uint8Array[], mirrored: Uint8Array) => Uint8Array)[] = [
			([first]) => changedAt(first as Uint8Array, 2),
			([first]) => changedAt(first as Uint8Array, 18),
			([first]) => concatBytes(first as Uint8Array, first as Uint8Array),
			([, second]) => second as Uint8Array,
			([first, second]) => concatBytes(second as Uint8Array, first as Uint8Array),
			(_, mirrored) => mirrored,
			() => framed(new Uint8Array(17)),
		];
		for (const attack of attacks) {
			const { initiator, responder } = await established();
			const messages = [await initiator.encrypt(Uint8Array.of(1)), await initiator.encrypt(Uint8Array.of(2))];
			const bytes = attack(messages, await responder.encrypt(Uint8Array.of(3)));
			await expect(responder.receive(bytes)).rejects.toMatchObject({ code: "signature" });
			// And nothing after it.
			await expect(responder.receive(messages[0] as Uint8Array)).rejects.toMatchObject({ code: "signature" });
			await expect(responder.encrypt(Uint8Array.of(1))).rejects.toMatchObject({ code: "signature" });
		}
		const [one, other] = [await established(), await established()];
		const message = await one.initiator.encrypt(Uint8Array.of(1));
		await expect(other.responder.receive(message)).rejects.toMatchObject({ code: "signature" });
	});

	it("refuses messages without content, and writes none", async () => {
		const { initiator, responder } = await established();
		expect(await initiator.encrypt(nothing)).toEqual(nothing);
		for (const length of [0, 15, 16]) {
			const fresh = (await established()).responder;
			await expect(fresh.receive(framed(new Uint8Array(length)))).rejects.toMatchObject({ code: "format" });
		}
		expect(responder.established).toBeDefined();
	});

	it("tells an end between two messages from one within", async () => {
		const { initiator, responder } = await established();
		const message = await initiator.encrypt(Uint8Array.of(1));
		responder.end();
		for (const part of [message.subarray(0, 1), message.subarray(1, 2), message.subarray(2, 5)]) {
			await responder.receive(part);
			expect(() => responder.end()).toThrow(expect.objectContaining({ code: "transport" }));
		}
		expect((await responder.receive(message.subarray(5))).plaintext).toEqual([Uint8Array.of(1)]);
		responder.end();
	});

	it("encrypts nothing before both sides are known", async () => {
		const { initiator, responder } = sides();
		await responder.start();
		const { reply } = await responder.receive(await initiator.start());
		await expect(responder.encrypt(Uint8Array.of(1))).rejects.toMatchObject({ code: "usage" });
		await initiator.receive(reply);
		await expect(responder.encrypt(Uint8Array.of(1))).rejects.toMatchObject({ code: "usage" });
	});
});
