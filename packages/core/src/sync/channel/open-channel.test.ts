import { type TestClock, testClock } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { concatBytes } from "../../bytes/concat.js";
import { toHex } from "../../bytes/hex.js";
import { TransportError } from "../../errors.js";
import type { Duplex } from "../../transport.js";
import type { AuthenticatedDuplex } from "./authenticated-duplex.js";
import { Channel } from "./channel.js";
import type { InitiateOptions } from "./initiate.js";
import { type OpenChannelOptions, openChannel } from "./open-channel.js";
import { type ChannelIdentity, createChannelIdentity } from "./proof.js";
import { TicketBook } from "./ticket-book.js";

const crypto = nodeCrypto();
const tenantRoot = "11".repeat(32);
let alice: ChannelIdentity;
let bob: ChannelIdentity;

beforeAll(async () => {
	const identity = async () => {
		const { privateKey } = await crypto.generateSigningKeyPair();
		return createChannelIdentity({ crypto, random: crypto }, await crypto.importSigningKey(privateKey));
	};
	[alice, bob] = [await identity(), await identity()];
});

/** One end of a connection that holds a few pieces at most: who sends more waits until they are taken. */
class Line implements Duplex {
	readonly remoteAddress = "loopback";
	other!: Line;
	aborted = false;
	/** Pieces that the reader has taken. */
	taken = 0;
	readonly #waiting: Uint8Array[] = [];
	#state: "open" | "closed" | "broken" = "open";
	#wake: () => void = () => {};

	readonly incoming = this.#read();

	async *#read(): AsyncGenerator<Uint8Array> {
		for (;;) {
			const bytes = this.#waiting.shift();
			if (bytes !== undefined) {
				this.taken++;
				this.#wakeAll();
				yield bytes;
			} else if (this.#state === "closed") return;
			else if (this.#state === "broken") throw new TransportError("line: broken", { retryable: true });
			else await this.#change();
		}
	}

	async send(bytes: Uint8Array): Promise<void> {
		while (this.other.#waiting.length >= 4 && this.#state === "open") await this.#change();
		if (this.#state !== "open") throw new TransportError("line: gone", { retryable: true });
		this.other.#waiting.push(bytes);
		this.#wakeAll();
	}

	async close(): Promise<void> {
		this.#end("closed");
	}

	abort(): void {
		this.aborted = true;
		this.#end("broken");
	}

	#end(state: "closed" | "broken"): void {
		for (const line of [this, this.other]) if (line.#state === "open") line.#state = state;
		this.#wakeAll();
	}

	#change(): Promise<void> {
		return new Promise((resolve) => {
			const earlier = this.#wake;
			this.#wake = () => {
				earlier();
				resolve();
			};
		});
	}

	#wakeAll(): void {
		for (const line of [this, this.other]) {
			const wake = line.#wake;
			line.#wake = () => {};
			wake();
		}
	}
}

function lines(): readonly [Line, Line] {
	const [one, other] = [new Line(), new Line()];
	one.other = other;
	other.other = one;
	return [one, other];
}

interface Settings {
	readonly clock?: TestClock;
	readonly tickets?: readonly [TicketBook, TicketBook];
	readonly expect?: readonly string[];
}

function optionsOf({
	clock = testClock(),
	tickets,
	expect: keys,
}: Settings = {}): readonly [OpenChannelOptions, OpenChannelOptions] {
	const env = { crypto, random: crypto, clock };
	return [
		{
			role: "initiator",
			env,
			identity: alice,
			tenantRoot,
			expect: keys ?? [toHex(bob.signingKey.publicKey)],
			...(tickets === undefined ? {} : { tickets: tickets[0] }),
		},
		{ role: "responder", env, identity: bob, ...(tickets === undefined ? {} : { tickets: tickets[1] }) },
	];
}

async function connect(settings?: Settings) {
	const [near, far] = lines();
	const [initiator, responder] = optionsOf(settings);
	const [client, server] = await Promise.all([openChannel(near, initiator), openChannel(far, responder)]);
	return { near, far, client, server };
}

/** Takes bytes until there are as many as that. */
async function take(duplex: AuthenticatedDuplex, length: number): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	for (let rest = length; rest > 0; ) {
		const { value } = await duplex.incoming[Symbol.asyncIterator]().next();
		parts.push(value);
		rest -= value.length;
	}
	return concatBytes(...parts);
}

describe("openChannel", () => {
	it("makes a duplex of plaintext, each end of which knows the other", async () => {
		const { client, server } = await connect();
		expect(client).toMatchObject({ peer: toHex(bob.signingKey.publicKey), tenantRoot, resumed: false });
		expect(server).toMatchObject({ peer: toHex(alice.signingKey.publicKey), tenantRoot, remoteAddress: "loopback" });
		await client.send(Uint8Array.of(1, 2));
		expect(await take(server, 2)).toEqual(Uint8Array.of(1, 2));
		await server.send(Uint8Array.of(3));
		expect(await take(client, 1)).toEqual(Uint8Array.of(3));
		expect(client.counts).toEqual({ sent: 2, received: 1, wireSent: 67 + 167 + 20, wireReceived: 199 + 19 });
		expect(server.counts).toEqual({ sent: 1, received: 2, wireSent: 199 + 19, wireReceived: 67 + 167 + 20 });
	});

	it("resumes with what the session before it sent", async () => {
		const clock = testClock();
		const books = [0, 1].map(() => new TicketBook({ random: crypto, clock })) as [TicketBook, TicketBook];
		const { client, server } = await connect({ clock, tickets: books });
		const [ownKey, peer] = [client.peer, server.peer];
		const { id, secret } = books[1].issue({ ownKey, peer, tenantRoot });
		books[0].remember({ id, secret, ownKey: peer, peer: ownKey, tenantRoot });
		const again = await connect({ clock, tickets: books });
		expect([again.client.resumed, again.server.resumed]).toEqual([true, true]);
		expect(again.client.counts).toMatchObject({ wireSent: 67, wireReceived: 50 });
		await again.client.send(Uint8Array.of(9));
		expect(await take(again.server, 1)).toEqual(Uint8Array.of(9));
	});

	it("carries much at once, in order, also when nobody waits for what was sent before", async () => {
		const { client, server } = await connect();
		const sent = [70_000, 1, 3_000_000, 65_519].map((length) => crypto.randomBytes(length));
		const sending = Promise.all(sent.map((bytes) => client.send(bytes)));
		const all = concatBytes(...sent);
		expect(toHex(await take(server, all.length))).toBe(toHex(all));
		await sending;
	});

	it("holds the sender back while nobody reads, and takes nothing from the transport", async () => {
		const { client, server, far } = await connect();
		let sent = 0;
		const sending = (async () => {
			for (let i = 0; i < 50; i++) {
				await client.send(new Uint8Array(1000));
				sent++;
			}
		})();
		for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
		const takenByHandshake = 2;
		expect(far.taken).toBe(takenByHandshake);
		expect(sent).toBeLessThanOrEqual(5);
		await take(server, 50_000);
		await sending;
	});

	it("encrypts a mebibyte at a time of what is larger, as the transport takes it", async () => {
		const { client, server } = await connect();
		const sending = client.send(new Uint8Array(12 * 1_048_576));
		for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
		// Four wait in the transport, one waits for it.
		expect(client.counts.sent).toBe(5 * 16 * 65_519);
		await take(server, 12 * 1_048_576);
		await sending;
	});

	it("gives what came in one piece with the end of the handshake", async () => {
		const [near, far] = lines();
		const [initiator, responder] = optionsOf();
		const opening = openChannel(far, responder);
		const channel = Channel.initiate(initiator as InitiateOptions);
		await near.send(await channel.start());
		const { value } = await near.incoming.next();
		const { reply } = await channel.receive(value as Uint8Array);
		await near.send(concatBytes(reply, await channel.encrypt(Uint8Array.of(4, 5))));
		expect(await take(await opening, 2)).toEqual(Uint8Array.of(4, 5));
	});

	it("ends where the other side closed, after what was sent before", async () => {
		const { client, server } = await connect();
		client.send(Uint8Array.of(1));
		await client.close();
		const read: Uint8Array[] = [];
		for await (const bytes of server.incoming) read.push(bytes);
		expect(read).toEqual([Uint8Array.of(1)]);
		await expect(client.send(Uint8Array.of(1))).rejects.toMatchObject({ code: "transport" });
	});

	it("does not take a cut within a message for an end", async () => {
		const { near, server } = await connect();
		await near.send(Uint8Array.of(0, 40, 1, 2, 3));
		await near.close();
		await expect(take(server, 1)).rejects.toMatchObject({ code: "transport", retryable: true });
	});

	it("breaks the connection at the first byte that was not written by its peer", async () => {
		const { near, far, server, client } = await connect();
		await near.send(Uint8Array.of(0, 17, ...new Uint8Array(17)));
		await expect(take(server, 1)).rejects.toMatchObject({ code: "signature" });
		expect(far.aborted).toBe(true);
		await expect(client.send(Uint8Array.of(1))).rejects.toMatchObject({ code: "transport" });
	});

	it("ends with the first error when sending fails, also what waits behind it", async () => {
		const { client, far } = await connect();
		const sending = Array.from({ length: 10 }, () => client.send(new Uint8Array(10)));
		far.abort();
		const outcomes = await Promise.allSettled(sending);
		expect(outcomes.at(-1)).toMatchObject({ status: "rejected", reason: { code: "transport" } });
	});
});

describe("a channel that does not come about", () => {
	it("is aborted when the other side has another key", async () => {
		const [near, far] = lines();
		const [initiator, responder] = optionsOf({ expect: [] });
		const outcomes = await Promise.allSettled([openChannel(near, initiator), openChannel(far, responder)]);
		expect(outcomes).toMatchObject([{ reason: { code: "trust" } }, { reason: { code: "transport" } }]);
		expect([near.aborted, far.aborted]).toEqual([true, true]);
	});

	it("is aborted when the other side says nothing in time, or one byte now and then", async () => {
		const trickle = [Uint8Array.of(0, 197, 5, 5), Uint8Array.of(1, 17, 17, 17)] as const;
		for (const role of [0, 1] as const) {
			for (const slow of [false, true]) {
				const clock = testClock();
				const [near, far] = lines();
				const settled = openChannel(near, {
					...(optionsOf({ clock })[role] as OpenChannelOptions),
					timeLimit: 5000,
				}).then(
					() => "open",
					(error) => error,
				);
				for (let i = 0; i < 4; i++) {
					if (slow) await far.send(trickle[role].slice(i, i + 1));
					await new Promise((resolve) => setImmediate(resolve));
					clock.advance(1200);
				}
				expect(near.aborted).toBe(false);
				clock.advance(200);
				expect(await settled).toMatchObject({ code: "transport", retryable: true });
				expect(near.aborted).toBe(true);
				expect(clock.waiting).toBe(0);
			}
		}
	});

	it("is aborted when the caller gives it up, before or while it waits", async () => {
		for (const before of [true, false]) {
			const clock = testClock();
			const [near] = lines();
			const controller = new AbortController();
			if (before) controller.abort(new Error("enough"));
			const opening = openChannel(near, { ...optionsOf({ clock })[1], signal: controller.signal });
			if (!before) controller.abort(new Error("enough"));
			await expect(opening).rejects.toThrow("enough");
			expect(near.aborted).toBe(true);
			expect(clock.waiting).toBe(0);
		}
	});

	it("is aborted when the connection ends or breaks in the handshake, or says what nobody would", async () => {
		const ways: readonly [(far: Line) => Promise<void> | void, string][] = [
			[(far) => far.close(), "transport"],
			[(far) => far.abort(), "transport"],
			[(far) => far.send(Uint8Array.of(1, 2, 3)).then(() => far.close()), "transport"],
			[(far) => far.send(Uint8Array.of(0x16, 3, 1)), "unsupported"],
		];
		for (const [way, code] of ways) {
			const [near, far] = lines();
			const opening = openChannel(near, optionsOf()[1]);
			await way(far);
			await expect(opening).rejects.toMatchObject({ code });
			expect(near.aborted).toBe(true);
		}
	});

	it("leaves no timer behind when it does come about, and the signal has no effect any more", async () => {
		const clock = testClock();
		const [near, far] = lines();
		const [initiator, responder] = optionsOf({ clock });
		const controller = new AbortController();
		const [client, server] = await Promise.all([
			openChannel(near, { ...initiator, signal: controller.signal }),
			openChannel(far, responder),
		]);
		expect(clock.waiting).toBe(0);
		controller.abort();
		await client.send(Uint8Array.of(1));
		expect(await take(server, 1)).toEqual(Uint8Array.of(1));
	});
});
