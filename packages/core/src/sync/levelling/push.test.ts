/** A peer that refuses, or lies, while this side pushes. The stores are real; what lies is a wrapper round one. */
import {
	type CountingLevel,
	countingLevel,
	countingStore,
	type EntryMaker,
	entryMaker,
	type Lies,
	lyingStore,
	type TestClock,
	testClock,
	withStoreId,
} from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import { type Entry, linkOf } from "../../entry/entry.js";
import { prefixRange } from "../../store/row-keys.js";
import type { ContentAddressedStore, LocalStore } from "../../store/store.js";
import { mostNotes, PeerMemory } from "./peer-memory.js";
import { peerRowKinds } from "./peer-rows.js";
import { Push, type PushResult } from "./push.js";

const crypto = nodeCrypto();

let maker: EntryMaker;
let own: LocalStore;
let ownDisk: CountingLevel;
let peer: LocalStore;
let clock: TestClock;

async function newStore(wrap?: (counting: CountingLevel) => void): Promise<LocalStore> {
	const stores = memoryStores(crypto, {
		wrapLevel(level) {
			const counting = countingLevel(level);
			wrap?.(counting);
			return counting.level;
		},
	});
	return stores.open({ tenantRoot: maker.tenantRoot, dbId: maker.dbId, purpose: "documents" });
}

beforeEach(async () => {
	clock = testClock(1);
	maker = await entryMaker({ crypto });
	own = await newStore((counting) => {
		ownDisk = counting;
	});
	peer = await newStore();
});

async function push(remote: ContentAddressedStore): Promise<PushResult> {
	const { storeId } = await remote.identity();
	const memory = new PeerMemory({ store: own, clock, storeId, direction: "push" });
	return new Push({ store: own, remote, memory, options: {} }).run();
}

async function write(count: number, signed = true): Promise<void> {
	const entries: Entry[] = [];
	for (let i = 0; i < count; i++) entries.push(await maker.make({ signed }));
	await own.append(entries);
}

async function noteRows(): Promise<number> {
	let count = 0;
	for await (const batch of own.rows.scan(prefixRange(Uint8Array.of(peerRowKinds.note)))) count += batch.length;
	return count;
}

async function held(): Promise<number> {
	return (await peer.position()).arrival;
}

/** Takes nothing, because of the author. */
const refusing: Lies = {
	putEntries: async (entries) => ({
		stored: [],
		known: [],
		refused: entries.map(({ hash }) => ({ hash, reason: "not-member", message: "no" })),
	}),
};

describe("what a peer refused", () => {
	it("lesson 24: is offered again, and told as long as it is refused", async () => {
		await write(20);
		expect((await push(lyingStore(peer, refusing))).refused).toHaveLength(20);
		expect((await push(lyingStore(peer, refusing))).refused).toHaveLength(20);
		expect(await push(peer)).toEqual({ sent: 20, refused: [] });
		expect(await noteRows()).toBe(0);
	});

	it("costs a row each, written once, however much was refused before", async () => {
		await write(2048);
		const written: number[] = [];
		const remote = lyingStore(peer, {
			...refusing,
			hasEntries: async () => {
				written.push(ownDisk.counts.bytesWritten);
				return [];
			},
		});
		ownDisk.reset();
		await push(remote);
		const pages = written.slice(1).map((bytes, i) => bytes - (written[i] as number));
		expect(pages).toHaveLength(7);
		expect(Math.max(...pages)).toBeLessThan(256 * 40);
		expect(Math.max(...pages) - Math.min(...pages)).toBeLessThan(100);
		ownDisk.reset();
		await push(remote);
		// Refused as before: nothing new to put down, and when it was met is known near enough.
		expect(ownDisk.counts.puts).toBe(0);
		clock.advance(2 * 3_600_000);
		await push(remote);
		expect(ownDisk.counts.puts).toBe(1);
	});

	it("is noted within bounds, and nothing is lost", async () => {
		await write(mostNotes + 700);
		await push(lyingStore(peer, refusing));
		const notes = await noteRows();
		expect(notes).toBeGreaterThan(mostNotes - 256);
		expect(notes).toBeLessThanOrEqual(mostNotes);
		expect(await push(peer)).toEqual({ sent: mostNotes + 700, refused: [] });
		expect(await noteRows()).toBe(0);
		const idle = countingStore(peer);
		await push(idle.store);
		expect(idle.calls.hasEntries).toBeUndefined();
	});
});

it("what was purged at the peer is offered once, and told", async () => {
	await write(20);
	const entries = await own.findNewEntries([]);
	await peer.append((await own.entriesAfter(0, { limit: 20 })).arrivals.map(({ entry }) => entry));
	for (const docId of new Set(entries.map((entry) => linkOf(entry).docId))) await peer.purgeDocHistory(docId);
	expect((await push(peer)).refused.map(({ reason }) => reason)).toEqual(Array(20).fill("purged"));
	expect(await noteRows()).toBe(0);
	const again = countingStore(peer);
	await push(again.store);
	expect(again.calls.putEntries).toBeUndefined();
});

describe("a peer's answers:", () => {
	it("what it does not acknowledge is offered again, whatever it leaves unsaid", async () => {
		await write(10);
		const silent = lyingStore(peer, { putEntries: async () => ({ stored: [], known: [], refused: [] }) });
		const first = await push(silent);
		expect([first.sent, first.refused.length, first.refused[0]?.reason]).toEqual([0, 10, "unacknowledged"]);
		expect(await push(peer)).toEqual({ sent: 10, refused: [] });
	});

	it("addresses that were not sent count for nothing", async () => {
		await write(3);
		const boasting = lyingStore(peer, {
			hasEntries: async () => ["f".repeat(64)],
			putEntries: async (entries) => {
				const report = await peer.putEntries(entries);
				const foreign = { hash: "e".repeat(64), reason: "format" as const, message: "no" };
				return { ...report, stored: [...report.stored, { hash: "d".repeat(64), arrival: 9 }], refused: [foreign] };
			},
		});
		expect(await push(boasting)).toEqual({ sent: 3, refused: [] });
	});

	it("lesson 25: an older copy of a peer's disk gets everything again that it lost, also when nothing was ever pulled", async () => {
		await write(10);
		await push(peer);
		const { storeId } = await peer.identity();
		const older = await newStore();
		await older.append((await own.entriesAfter(0, { limit: 4 })).arrivals.map(({ entry }) => entry));
		expect(await push(withStoreId(older, storeId))).toEqual({ sent: 6, refused: [] });
		// The same for what it refused at first, and took when it was offered again.
		const late = await newStore();
		await push(lyingStore(late, refusing));
		expect((await push(late)).sent).toBe(10);
		expect((await push(withStoreId(await newStore(), (await late.identity()).storeId))).sent).toBe(10);
		// One that went on with something else.
		const other = await newStore();
		const stranger = await maker.another();
		const foreign: Entry[] = [];
		for (let i = 0; i < 30; i++) foreign.push(await stranger.make());
		await other.append(foreign);
		expect(await push(withStoreId(other, storeId))).toEqual({ sent: 10, refused: [] });
	});
});

it("a run that no page holds arrives in one call, its signed end first", async () => {
	const payload = () => crypto.randomBytes(1024 * 1024);
	const entries: Entry[] = [];
	for (let i = 0; i < 20; i++) entries.push(await maker.make({ signed: i === 19, payload: payload() }));
	await own.append(entries);
	expect(await push(peer)).toEqual({ sent: 20, refused: [] });
	expect(await held()).toBe(20);
	expect(await noteRows()).toBe(0);
});
