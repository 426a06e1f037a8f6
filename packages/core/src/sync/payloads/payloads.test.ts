/** Payloads from one side to the other: real chunks, real rows; what is cut, repeated, mixed or wrong. */
import { type DecodedChunk, FrameDecoder } from "@mindoodb/formats/chunks";
import { nodeHasher } from "@mindoodb/formats/node";
import { testClock } from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../bytes/hex.js";
import type { LocalStore } from "../../store/store.js";
import type { Announcement } from "../wire/terms.js";
import { indexesOf, rangesOf } from "./chunk-ranges.js";
import { type Expected, IncomingPayloads } from "./incoming.js";
import type { Sender } from "./incoming-payload.js";
import { OutgoingPayloads } from "./outgoing.js";
import { RowPartials } from "./row-partials.js";

const crypto = nodeCrypto();
const makeHasher = nodeHasher;
const chunk = 131_072;
const hour = 60 * 60 * 1000;
const [anna, bert]: [Sender, Sender] = [{ name: "anna" }, { name: "bert" }];

let clock: ReturnType<typeof testClock>;
let store: LocalStore;
let partials: RowPartials;
let incoming: IncomingPayloads;

async function reopened(): Promise<void> {
	partials = new RowPartials(store.rows);
	incoming = new IncomingPayloads({ crypto, clock, partials });
}

beforeEach(async () => {
	clock = testClock(1_000_000);
	const stores = memoryStores(crypto);
	store = await stores.open({ tenantRoot: "00".repeat(32), dbId: "notes", purpose: "attachments" });
	await reopened();
});

interface Sent {
	readonly payload: Uint8Array;
	readonly announcement: Announcement;
	readonly chunks: readonly DecodedChunk[];
}

/** What a sender makes of a payload, after the frames were cut into pieces and read again. */
async function send(payload: Uint8Array, held: ReadonlySet<number> = new Set()): Promise<Sent> {
	const outgoing = new OutgoingPayloads({ makeHasher });
	const announcement = outgoing.add(toHex(await crypto.sha256(payload)), payload, held);
	const decoder = new FrameDecoder({ makeHasher });
	const chunks: DecodedChunk[] = [];
	for (let frame = outgoing.nextFrame(); frame !== undefined; frame = outgoing.nextFrame()) {
		decoder.push(frame.subarray(0, 50));
		decoder.push(frame.subarray(50));
		const decoded = decoder.next();
		if (decoded?.kind !== "chunk") throw new Error("expected a chunk");
		chunks.push(decoded.chunk);
	}
	expect(outgoing.heldBytes).toBe(0);
	return { payload, announcement, chunks };
}

/** The matchers of the test runner take seconds over bytes of this size. */
const nameOf = (payload: Uint8Array) => Buffer.from(payload).toString("latin1");

async function payloadOf(expected: Expected | undefined): Promise<string | undefined> {
	const end = await expected?.ended;
	return end?.kind === "complete" ? nameOf(end.payload) : end?.kind;
}

const bytes = (size: number) => crypto.randomBytes(size);

async function acceptAll(sender: Sender, chunks: readonly DecodedChunk[]): Promise<void> {
	for (const each of chunks) await incoming.accept(sender, each);
}

/** A datum and bytes that do not belong to each other. */
function lie(announcement: Announcement, { chunks }: Sent): DecodedChunk[] {
	return chunks.map((each) => ({ ...each, datum: announcement.datum }));
}

describe("a payload that comes whole", () => {
	it.each([1, 29, chunk, chunk + 1, 3 * chunk, 5 * chunk + 7])("of %i bytes", async (size) => {
		const { payload, announcement, chunks } = await send(bytes(size));
		expect(chunks.length).toBe(Math.ceil(size / chunk));
		const expected = await incoming.expect(anna, announcement);
		expect(expected?.held).toEqual([]);
		await acceptAll(anna, chunks);
		expect(await payloadOf(expected)).toBe(nameOf(payload));
		expect([incoming.reservedBytes, await partials.list()]).toEqual([0, []]);
	});

	it("in any order, with repetitions, from two connections at once", async () => {
		const sent = await send(bytes(9 * chunk + 5));
		const first = await incoming.expect(anna, sent.announcement);
		const second = await incoming.expect(bert, sent.announcement);
		const [odd, even] = [1, 0].map((rest) => sent.chunks.filter(({ index }) => index % 2 === rest)) as [
			DecodedChunk[],
			DecodedChunk[],
		];
		await Promise.all([acceptAll(anna, [...odd, ...odd].reverse()), acceptAll(bert, even)]);
		expect(await payloadOf(first)).toBe(nameOf(sent.payload));
		expect(await payloadOf(second)).toBe(nameOf(sent.payload));
		// What was under way when it ended is passed over.
		await acceptAll(bert, sent.chunks);
	});

	it("is checked once, whoever sends its last chunk at the same time", async () => {
		const sent = await send(bytes(chunk + 1));
		const expected = await incoming.expect(anna, sent.announcement);
		await incoming.expect(bert, sent.announcement);
		await incoming.accept(anna, sent.chunks[0] as DecodedChunk);
		const last = sent.chunks[1] as DecodedChunk;
		await Promise.all([anna, bert, anna, bert].map((sender) => incoming.accept(sender, last)));
		expect(await payloadOf(expected)).toBe(nameOf(sent.payload));
		expect(incoming.reservedBytes).toBe(0);
	});

	it("frames are made one by one, the first payload first, so that messages find a place between them", async () => {
		const outgoing = new OutgoingPayloads({ makeHasher });
		outgoing.add("00".repeat(32), bytes(2 * chunk));
		outgoing.add("11".repeat(32), bytes(1));
		expect(outgoing.heldBytes).toBe(2 * chunk + 1);
		expect([outgoing.nextFrame()?.length, outgoing.nextFrame()?.length]).toEqual([chunk + 80, chunk + 80]);
		expect([outgoing.nextFrame()?.length, outgoing.nextFrame()]).toEqual([96, undefined]);
		outgoing.add("00".repeat(32), bytes(chunk), new Set([0]));
		expect([outgoing.nextFrame(), outgoing.heldBytes]).toEqual([undefined, 0]);
		outgoing.add("00".repeat(32), bytes(chunk));
		outgoing.clear();
		expect([outgoing.nextFrame(), outgoing.heldBytes]).toEqual([undefined, 0]);
	});
});

describe("a transfer that is cut", () => {
	it("is resumed with what is missing alone, after a restart too", async () => {
		const sent = await send(bytes(20 * chunk + 3));
		const expected = await incoming.expect(anna, sent.announcement);
		await acceptAll(anna, sent.chunks.slice(0, 3));
		await acceptAll(anna, sent.chunks.slice(10, 14));
		await incoming.leave(anna);
		expect(await expected?.ended).toEqual({ kind: "cut" });
		await reopened();
		clock.advance(23 * hour);
		const again = await incoming.expect(bert, sent.announcement);
		expect(again?.held).toEqual([0, 1, 2, 10, 11, 12, 13]);
		const ranges = rangesOf(again?.held ?? []);
		expect(ranges).toEqual([0, 3, 10, 4]);
		const rest = await send(sent.payload, indexesOf(ranges, sent.payload.length));
		expect(rest.chunks.length).toBe(21 - 7);
		await acceptAll(bert, rest.chunks);
		expect(await payloadOf(again)).toBe(nameOf(sent.payload));
		expect(await partials.list()).toEqual([]);
	});

	it("loses at most what was not written yet when the process dies", async () => {
		const sent = await send(bytes(20 * chunk));
		await incoming.expect(anna, sent.announcement);
		await acceptAll(anna, sent.chunks.slice(0, 18));
		await reopened();
		expect((await incoming.expect(anna, sent.announcement))?.held.length).toBe(16);
	});

	it("goes on with one connection when another one of two goes", async () => {
		const sent = await send(bytes(3 * chunk));
		await incoming.expect(anna, sent.announcement);
		const expected = await incoming.expect(bert, sent.announcement);
		await incoming.accept(anna, sent.chunks[0] as DecodedChunk);
		await incoming.leave(anna);
		await acceptAll(bert, sent.chunks.slice(1));
		expect((await expected?.ended)?.kind).toBe("complete");
		await incoming.leave(bert);
		expect(incoming.reservedBytes).toBe(0);
	});

	it("is forgotten after a day without anything new", async () => {
		const sent = await send(bytes(3 * chunk));
		await incoming.expect(anna, sent.announcement);
		await incoming.accept(anna, sent.chunks[1] as DecodedChunk);
		await incoming.leave(anna);
		expect((await partials.list()).map(({ indexes }) => indexes)).toEqual([[1]]);
		clock.advance(24 * hour + 1);
		expect((await incoming.expect(anna, sent.announcement))?.held).toEqual([]);
		expect(await partials.list()).toEqual([]);
	});
});

describe("what a sender may not do", () => {
	it("send what nobody asked it for", async () => {
		const { announcement, chunks } = await send(bytes(chunk));
		await incoming.expect(anna, announcement);
		await expect(incoming.accept(bert, chunks[0] as DecodedChunk)).rejects.toMatchObject({ code: "format" });
	});

	it("send chunks behind the end, of another length, or more of them than there are", async () => {
		const short = await send(bytes(chunk + 9));
		await incoming.expect(anna, short.announcement);
		const long = lie(short.announcement, await send(bytes(3 * chunk)));
		await expect(incoming.accept(anna, long[2] as DecodedChunk)).rejects.toMatchObject({ code: "format" });
		await expect(incoming.accept(anna, long[1] as DecodedChunk)).rejects.toMatchObject({ code: "format" });
		await incoming.leave(anna);
		await incoming.expect(anna, short.announcement);
		const again = () => incoming.accept(anna, short.chunks[0] as DecodedChunk);
		for (let i = 0; i < 4; i++) await again();
		await expect(again()).rejects.toMatchObject({ code: "limit" });
	});

	it("name two payloads by one datum, or announce one that cannot be", async () => {
		const { announcement } = await send(bytes(chunk));
		await incoming.expect(anna, announcement);
		const other = { ...announcement, contentHash: "11".repeat(32) };
		await expect(incoming.expect(anna, other)).rejects.toMatchObject({ code: "format" });
		for (const size of [0, 2 ** 25 + 1, Number.NaN]) {
			await expect(incoming.expect(bert, { ...announcement, size })).rejects.toMatchObject({ code: "limit" });
		}
	});

	it("take more memory than allowed: what has no room is not taken", async () => {
		incoming = new IncomingPayloads({ crypto, clock, maxBytes: 4 * chunk });
		const [first, second] = [await send(bytes(3 * chunk)), await send(bytes(2 * chunk))];
		await incoming.expect(anna, first.announcement);
		expect(await incoming.expect(anna, second.announcement)).toBe(undefined);
		await acceptAll(anna, first.chunks);
		expect(await incoming.expect(anna, second.announcement)).toBeDefined();
	});
});

describe("wrong bytes", () => {
	it("are thrown away, and who sent all of them is blamed", async () => {
		const genuine = await send(bytes(3 * chunk));
		const wrong = lie(genuine.announcement, await send(bytes(3 * chunk)));
		const expected = await incoming.expect(anna, genuine.announcement);
		await acceptAll(anna, wrong);
		expect(await expected?.ended).toEqual({ kind: "wrong", sender: anna });
		const again = await incoming.expect(bert, genuine.announcement);
		expect(again?.held).toEqual([]);
		await acceptAll(bert, genuine.chunks);
		expect(await payloadOf(again)).toBe(nameOf(genuine.payload));
	});

	it("among those of two senders blame nobody; the next try takes one sender alone, and then it is clear", async () => {
		const genuine = await send(bytes(3 * chunk));
		const wrong = lie(genuine.announcement, await send(bytes(3 * chunk)));
		const expected = await incoming.expect(anna, genuine.announcement);
		await incoming.expect(bert, genuine.announcement);
		await incoming.accept(bert, wrong[0] as DecodedChunk);
		await acceptAll(anna, genuine.chunks.slice(1));
		expect(await expected?.ended).toEqual({ kind: "wrong" });
		const alone = await incoming.expect(bert, genuine.announcement);
		expect(await incoming.expect(anna, genuine.announcement)).toBe(undefined);
		await incoming.accept(bert, wrong[0] as DecodedChunk);
		// What one sender alone sent is not kept for the next.
		await incoming.leave(bert);
		expect(await alone?.ended).toEqual({ kind: "cut" });
		const last = await incoming.expect(anna, genuine.announcement);
		expect(last?.held).toEqual([]);
		await acceptAll(anna, genuine.chunks);
		expect((await last?.ended)?.kind).toBe("complete");
	});

	it("from before a restart blame nobody, and are not met again", async () => {
		const genuine = await send(bytes(3 * chunk));
		const wrong = lie(genuine.announcement, await send(bytes(3 * chunk)));
		await incoming.expect(anna, genuine.announcement);
		await incoming.accept(anna, wrong[0] as DecodedChunk);
		await incoming.leave(anna);
		await reopened();
		const expected = await incoming.expect(bert, genuine.announcement);
		await acceptAll(bert, genuine.chunks.slice(1));
		expect(await expected?.ended).toEqual({ kind: "wrong" });
		expect(await partials.list()).toEqual([]);
		expect((await incoming.expect(bert, genuine.announcement))?.held).toEqual([]);
	});
});

describe("parts in rows", () => {
	it("have a bound: what was put longest ago makes room", async () => {
		const small = new RowPartials(store.rows, { mostParts: 3 });
		const [a, b, c] = ["0a", "0b", "0c"].map((each) => each.repeat(32)) as [string, string, string];
		const part = (index: number) => ({ index, data: Uint8Array.of(index) });
		await small.put(a, [part(0)], 1);
		await small.put(b, [part(0)], 2);
		await small.put(a, [part(2)], 3);
		await small.put(c, [part(1)], 4);
		expect((await small.list()).map(({ contentHash, indexes }) => [contentHash, indexes])).toEqual([
			[a, [0, 2]],
			[c, [1]],
		]);
		expect([await small.get(b), await small.get(a)]).toEqual([[], [part(0), part(2)]]);
		expect(await new RowPartials(store.rows).list()).toEqual(await small.list());
		await small.put(b, [part(0), part(1), part(2), part(3)], 5);
		expect((await small.list()).map(({ contentHash }) => contentHash)).toEqual([b]);
		expect(await small.collect(5)).toBe(0);
		expect(await small.collect(6)).toBe(1);
		for (const kind of [0x90, 0x91]) {
			const rows = [];
			for await (const each of store.rows.scan({ gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) }))
				rows.push(...each);
			expect(rows).toEqual([]);
		}
	});

	it("ranges that do not ascend, touch or end within the payload are refused", () => {
		expect([...indexesOf([0, 2, 4, 1], 5 * chunk)]).toEqual([0, 1, 4]);
		expect(rangesOf([])).toEqual([]);
		for (const ranges of [[0], [0, 0], [0, 2, 2, 1], [3, 1, 0, 1], [0, 6], [5, 1], [2 ** 32 - 1, 1]]) {
			expect(() => indexesOf(ranges, 5 * chunk)).toThrow(/ranges/);
		}
	});
});
