/** A peer that is damaged, or lies, while this side pulls. The stores are real; what lies is a wrapper round one. */
import {
	changingEntries,
	changingPages,
	countingStore,
	damageRecord,
	type EntryMaker,
	entryMaker,
	type FaultyLevel,
	faultyLevel,
	lyingStore,
	testClock,
	withStoreId,
} from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import { type Entry, linkOf, type StoredEntry } from "../../entry/entry.js";
import { prefixRange } from "../../store/row-keys.js";
import type { Arrival, ContentAddressedStore, LocalStore, PutReport } from "../../store/store.js";
import { mostNotes, mostPeers, PeerMemory } from "./peer-memory.js";
import { peerRowKinds } from "./peer-rows.js";
import { Pull, type PullLimits, type PullResult } from "./pull.js";

const crypto = nodeCrypto();
const clock = testClock(1);

let maker: EntryMaker;
let own: LocalStore;
let peer: LocalStore;
let peerDisk: FaultyLevel;
/** Authors that have no grant yet. */
let strangers: Set<string>;

async function newStore(wrap?: (faulty: FaultyLevel) => void): Promise<LocalStore> {
	const stores = memoryStores(crypto, {
		wrapLevel(level) {
			const faulty = faultyLevel(level);
			wrap?.(faulty);
			return faulty.level;
		},
	});
	return stores.open({ tenantRoot: maker.tenantRoot, dbId: maker.dbId, purpose: "documents" });
}

beforeEach(async () => {
	maker = await entryMaker({ crypto });
	own = await newStore();
	peer = await newStore((faulty) => {
		peerDisk = faulty;
	});
	strangers = new Set();
});

async function take(entries: readonly StoredEntry[]): Promise<PutReport> {
	return own.receive(entries, {
		admit: async (offered) =>
			offered.map((entry) =>
				strangers.has(linkOf(entry).createdByPublicKey)
					? { hash: entry.hash, reason: "not-member", message: "no" }
					: undefined,
			),
	});
}

interface PullOptions {
	readonly limits?: Partial<PullLimits>;
	readonly directoryChanged?: boolean;
	readonly taking?: typeof take;
}

async function pull(
	remote: ContentAddressedStore,
	{ limits = {}, directoryChanged = false, taking = take }: PullOptions = {},
): Promise<PullResult> {
	const { storeId } = await remote.identity();
	const memory = new PeerMemory({ store: own, clock, storeId, direction: "pull" });
	const kinds = directoryChanged ? (["directory", "again"] as const) : (["again"] as const);
	return new Pull({
		ownArrivals: async () => (await own.position()).arrival,
		remote,
		memory,
		take: taking,
		options: {},
		limits,
	}).run(kinds);
}

async function unsigned(count: number, from = maker): Promise<Entry[]> {
	const entries: Entry[] = [];
	for (let i = 0; i < count; i++) entries.push(await from.make({ signed: false }));
	return entries;
}

async function signed(count: number, from = maker): Promise<Entry[]> {
	const entries: Entry[] = [];
	for (let i = 0; i < count; i++) entries.push(await from.make());
	return entries;
}

async function rowsOf(kind: number): Promise<number> {
	let count = 0;
	for await (const batch of own.rows.scan(prefixRange(Uint8Array.of(kind)))) count += batch.length;
	return count;
}

async function held(): Promise<number> {
	return (await own.position()).arrival;
}

describe("entries that wait for their signed successor", () => {
	it("come with it, each offered at most twice, however many pages lie between", async () => {
		await peer.append([...(await unsigned(1500)), ...(await signed(1))]);
		let offered = 0;
		const result = await pull(peer, {
			taking: async (entries) => {
				offered += entries.length;
				return take(entries);
			},
		});
		expect(result).toEqual({ stored: 1501, refused: [], damaged: [], complete: true });
		expect(offered).toBeLessThanOrEqual(2 * 1501);
		expect(await rowsOf(peerRowKinds.note)).toBe(0);
	});

	it("are not offered with every entry that claims to follow them under a false signature", async () => {
		const run = await unsigned(30);
		const { hash: previousByAuthor } = run.at(-1) as Entry;
		const followers: Entry[] = [];
		for (let i = 0; i < 100; i++) {
			const follower = await maker.make({ signed: false, chained: false, previousByAuthor });
			followers.push({ ...follower, signature: new Uint8Array(64) });
		}
		await peer.append([...run, ...followers]);
		const short = lyingStore(peer, { entriesAfter: (arrival) => peer.entriesAfter(arrival, { limit: 30 }) });
		let offered = 0;
		const result = await pull(short, {
			taking: async (entries) => {
				offered += entries.length;
				return take(entries);
			},
		});
		expect([result.stored, offered]).toEqual([0, 130 + 30]);
	});

	it("and do not fit into memory are noted, and fetched again when it has come", async () => {
		await peer.append([...(await unsigned(1500)), ...(await signed(1))]);
		const counting = countingStore(peer);
		const result = await pull(counting.store, { limits: { carried: { bytes: 100_000 } } });
		expect(result).toEqual({ stored: 1501, refused: [], damaged: [], complete: true });
		expect(await rowsOf(peerRowKinds.note)).toBe(0);
		expect(counting.items.entriesAfter).toBeLessThanOrEqual(2 * 1501);
		expect(counting.items.entriesAfter).toBeGreaterThan(1501);
	});

	it("and are larger than a page are fetched again newest first", async () => {
		const payload = () => crypto.randomBytes(1024 * 1024);
		const entries: Entry[] = [];
		for (let i = 0; i < 20; i++) entries.push(await maker.make({ signed: i === 19, payload: payload() }));
		await peer.append(entries);
		const limits = { carried: { bytes: 2 * 1024 * 1024 } };
		expect(await pull(peer, { limits })).toMatchObject({ stored: 20, refused: [] });
	});

	it("lesson 11: are told and asked for at every meeting when it does not come", async () => {
		const run = await unsigned(300);
		await peer.append(run);
		const first = await pull(peer);
		expect([first.stored, first.refused.length, first.refused[0]?.reason]).toEqual([0, 300, "unsigned"]);
		expect((await pull(peer)).refused).toHaveLength(300);
		await peer.append(await signed(1));
		// The same peer, the same process, nothing new in the directory.
		expect(await pull(peer)).toMatchObject({ stored: 1, complete: true });
		expect(await pull(peer)).toMatchObject({ stored: 300, refused: [] });
		expect(await rowsOf(peerRowKinds.note)).toBe(0);
	});

	it("lesson 11: and signatures that are stripped on the way come when they no longer are", async () => {
		await peer.append(await signed(20));
		const stripping = changingEntries(peer, (entry) => ({ ...entry, signature: undefined }));
		expect((await pull(stripping)).refused).toHaveLength(20);
		expect(await pull(peer)).toMatchObject({ stored: 20, refused: [] });
	});
});

describe("notes of what was not stored", () => {
	it("lesson 24: wait for the directory when it is the author who is not known", async () => {
		strangers.add(maker.publicKey);
		await peer.append(await signed(10));
		expect((await pull(peer)).refused).toHaveLength(10);
		const idle = countingStore(peer);
		expect((await pull(idle.store)).refused).toEqual([]);
		expect(idle.calls.entriesAfter).toBeUndefined();
		strangers.clear();
		expect(await pull(peer, { directoryChanged: true })).toMatchObject({ stored: 10, refused: [] });
		expect(await rowsOf(peerRowKinds.note)).toBe(0);
	});

	it("are bounded, and nothing is lost: the position stays before what could not be noted", async () => {
		const stranger = await maker.another();
		strangers.add(stranger.publicKey);
		const declined = mostNotes + 700;
		await peer.append([...(await signed(declined, stranger)), ...(await signed(3))]);
		expect(await pull(peer)).toMatchObject({ stored: 3, complete: true });
		const notes = await rowsOf(peerRowKinds.note);
		expect(notes).toBeGreaterThan(mostNotes - 256);
		expect(notes).toBeLessThanOrEqual(mostNotes);
		await peer.append(await signed(1));
		expect((await pull(peer)).stored).toBe(1);
		expect(await rowsOf(peerRowKinds.note)).toBe(notes);
		strangers.clear();
		expect(await pull(peer, { directoryChanged: true })).toMatchObject({ stored: declined, refused: [] });
		expect(await held()).toBe(declined + 4);
		expect(await rowsOf(peerRowKinds.note)).toBe(0);
		const idle = countingStore(peer);
		await pull(idle.store, { directoryChanged: true });
		expect(idle.calls.entriesAfter).toBeUndefined();
	});

	it("are tried again round a record that is damaged there; it is told, and comes when it is mended", async () => {
		strangers.add(maker.publicKey);
		await peer.append(await signed(100));
		await pull(peer);
		strangers.clear();
		await damageRecord(peerDisk, 40, "bytes");
		const result = await pull(peer, { directoryChanged: true });
		expect(result).toEqual({ stored: 99, refused: [], damaged: [40], complete: true });
		expect((await pull(peer)).damaged).toEqual([40]);
		// The same bit once more.
		await damageRecord(peerDisk, 40, "bytes");
		expect(await pull(peer)).toMatchObject({ stored: 1, damaged: [] });
		expect(await rowsOf(peerRowKinds.note)).toBe(0);
	});

	it("are made of records that are damaged at the first sight, and of bytes that were spoilt on the way", async () => {
		await peer.append(await signed(30));
		await damageRecord(peerDisk, 7, "bytes");
		const [spoilt] = (await peer.getArrivals([20])) as [Arrival];
		const spoiling = changingEntries(peer, (entry) =>
			entry.hash === spoilt.entry.hash ? { ...(entry as Entry), payload: new Uint8Array(100) } : entry,
		);
		const first = await pull(spoiling);
		expect(first).toMatchObject({
			stored: 28,
			damaged: [7],
			refused: [{ hash: spoilt.entry.hash, reason: "address" }],
		});
		await damageRecord(peerDisk, 7, "bytes");
		expect(await pull(peer)).toEqual({ stored: 2, refused: [], damaged: [], complete: true });
	});

	it("are struck out when the entry was erased at the peer, or came from elsewhere", async () => {
		strangers.add(maker.publicKey);
		const entries = await signed(3);
		await peer.append(entries);
		await pull(peer);
		strangers.clear();
		await peer.purgeDocHistory((entries[0] as Entry).common.docId);
		await own.putEntries(entries.slice(1, 2));
		expect(await pull(peer, { directoryChanged: true })).toEqual({
			stored: 1,
			refused: [],
			damaged: [],
			complete: true,
		});
		expect(await rowsOf(peerRowKinds.note)).toBe(0);
	});

	it("what was erased here is not asked for again", async () => {
		const [entry] = (await signed(1)) as [Entry];
		await own.putEntries([entry]);
		await own.purgeDocHistory(entry.common.docId);
		await peer.append([entry]);
		expect((await pull(peer)).refused).toMatchObject([{ reason: "purged" }]);
		expect(await rowsOf(peerRowKinds.note)).toBe(0);
	});
});

describe("pages that lie:", () => {
	const endless = { position: async () => ({ arrival: Number.MAX_SAFE_INTEGER, digest: "0".repeat(32) }) };

	it("they hold nothing and never end", async () => {
		const remote = lyingStore(peer, {
			...endless,
			entriesAfter: async (arrival) => ({
				arrivals: [],
				damaged: [],
				next: arrival + 256,
				digest: "0".repeat(32),
			}),
		});
		const counting = countingStore(remote);
		expect(await pull(counting.store, { limits: { emptyPages: 50 } })).toMatchObject({ stored: 0, complete: false });
		expect(counting.calls.entriesAfter).toBe(51);
	});

	it("they hold junk and never end", async () => {
		const junk = await unsigned(256);
		const remote = lyingStore(peer, {
			...endless,
			entriesAfter: async (arrival) => ({
				arrivals: junk.map((entry, i) => ({ arrival: arrival + i + 1, entry })),
				damaged: [],
				next: arrival + 256,
				digest: "0".repeat(32),
			}),
		});
		const counting = countingStore(remote);
		expect((await pull(counting.store, { limits: { refused: 2560 } })).complete).toBe(false);
		expect(counting.calls.entriesAfter).toBe(11);
		expect(await rowsOf(peerRowKinds.note)).toBeLessThanOrEqual(mostNotes);
	});

	it("they bring the same genuine entries for ever", async () => {
		const entries = await signed(100);
		const remote = lyingStore(peer, {
			...endless,
			entriesAfter: async (arrival) => ({
				arrivals: entries.map((entry, i) => ({ arrival: arrival + i + 1, entry })),
				damaged: [],
				next: arrival + 100,
				digest: "0".repeat(32),
			}),
		});
		const counting = countingStore(remote);
		await expect(pull(counting.store)).rejects.toMatchObject({ code: "format" });
		expect(counting.calls.entriesAfter).toBeLessThanOrEqual(3);
		// What was genuine of it stays.
		expect(await held()).toBe(100);
	});

	for (const [name, change, message] of [
		["they go backwards", { arrivals: [], next: 0 }, /at most 256 arrivals on/],
		["they end beyond what was asked for", { next: 100_000 }, /at most 256 arrivals on/],
		["they end nowhere", { next: Number.NaN }, /at most 256 arrivals on/],
		["they name damaged records that are not in them", { damaged: [5000] }, /arrivals that ascend/],
		["their digest is none", { digest: "no" }, /hex/],
	] as const) {
		it(name, async () => {
			await peer.append(await signed(300));
			const lying = changingPages(peer, (page) => (page.next > 256 ? { ...page, ...change } : page));
			await expect(pull(lying)).rejects.toThrow(message);
			// Nothing is lost by it: the honest rest comes from where this side stood.
			expect((await pull(peer)).complete).toBe(true);
			expect(await held()).toBe(300);
		});
	}

	it("they give arrivals twice, out of order, or others than were asked for", async () => {
		await peer.append(await signed(10));
		const [first, second] = (await peer.entriesAfter(0)).arrivals as [Arrival, Arrival];
		for (const arrivals of [
			[first, first],
			[second, first],
			[first, { ...second, entry: first.entry }],
			[{ ...first, arrival: 11 }],
			[{ ...first, arrival: 0.5 }],
		]) {
			await expect(pull(changingPages(peer, (page) => ({ ...page, arrivals })))).rejects.toMatchObject({
				code: "format",
			});
		}
		expect(await held()).toBe(0);
	});

	it("they are larger than was asked for", async () => {
		await peer.append([
			await maker.make({ payload: crypto.randomBytes(5 * 1024 * 1024) }),
			await maker.make({ payload: crypto.randomBytes(5 * 1024 * 1024) }),
		]);
		const greedy = lyingStore(peer, {
			entriesAfter: (arrival, options) => peer.entriesAfter(arrival, { ...options, maxBytes: 1e9 }),
		});
		await expect(pull(greedy)).rejects.toMatchObject({ code: "limit" });
		expect(await pull(peer)).toMatchObject({ stored: 2, complete: true });
	});

	it("they end before what was announced", async () => {
		await peer.append(await signed(10));
		const lying = lyingStore(peer, {
			position: async () => ({ ...(await peer.position()), arrival: 500 }),
		});
		expect(await pull(lying)).toMatchObject({ stored: 10, complete: false });
	});
});

describe("lesson 25: a store's identity", () => {
	it("kept by an older copy of its disk makes nobody believe that it is level", async () => {
		const entries = await signed(20);
		await peer.append(entries);
		await pull(peer);
		const { storeId } = await peer.identity();
		const restored = await newStore();
		await restored.append([...entries.slice(0, 10), ...(await signed(25))]);
		expect(await pull(withStoreId(restored, storeId))).toMatchObject({ stored: 25, complete: true });
	});

	it("that is new at every meeting fills no disk, and costs an honest peer at most its place", async () => {
		await peer.append(await signed(5));
		await pull(peer);
		const stranger = await maker.another();
		strangers.add(stranger.publicKey);
		const liar = await newStore();
		await liar.append(await signed(3, stranger));
		for (let i = 0; i < mostPeers + 50; i++) {
			clock.advance(1);
			await pull(withStoreId(liar, i.toString(16).padStart(32, "0")));
		}
		expect(await rowsOf(peerRowKinds.position)).toBeLessThanOrEqual(mostPeers);
		expect(await rowsOf(peerRowKinds.note)).toBeLessThanOrEqual(3 * mostPeers);
		await peer.append(await signed(1));
		expect(await pull(peer)).toMatchObject({ stored: 1, complete: true });
	});
});
