/** Pulls that reconcile: what holds for pages holds here. The stores are real; what lies is a wrapper round one. */
import {
	countingStore,
	damageRecord,
	type EntryMaker,
	entryMaker,
	type FaultyLevel,
	faultyLevel,
	type Lies,
	lyingStore,
	testClock,
	withStoreId,
} from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import { type Entry, linkOf, type StoredEntry } from "../../entry/entry.js";
import { prefixRange } from "../../store/row-keys.js";
import type { ContentAddressedStore, LocalStore, PutReport } from "../../store/store.js";
import { boundBetween } from "../negentropy/bound.js";
import { MessageWriter } from "../negentropy/message.js";
import { storeResponder } from "../negentropy/responder.js";
import { PeerMemory } from "./peer-memory.js";
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

/** A store that can be reconciled with, as others see it, and what was asked of it. */
function answering(store: LocalStore, lies: Lies = {}) {
	let bytes = 0;
	const honest = lyingStore(store, {
		async reconcile(message) {
			const answer = await storeResponder(crypto, store)(message);
			bytes += message.length + answer.length;
			return answer;
		},
	});
	const counting = countingStore(lyingStore(honest, lies));
	return Object.assign(counting, { bytes: () => bytes });
}

interface PullWish {
	readonly limits?: Partial<PullLimits>;
	readonly directoryChanged?: boolean;
	/** @default that of a new conversation */
	readonly memory?: PeerMemory;
}

async function memoryOf(remote: ContentAddressedStore): Promise<PeerMemory> {
	const { storeId } = await remote.identity();
	return new PeerMemory({ store: own, clock, storeId, direction: "pull" });
}

async function pull(
	remote: ContentAddressedStore,
	{ limits = {}, directoryChanged = false, memory }: PullWish = {},
): Promise<PullResult> {
	return new Pull({
		ownArrivals: async () => (await own.position()).arrival,
		remote,
		memory: memory ?? (await memoryOf(remote)),
		take,
		own: {
			crypto,
			index: async () => own,
			missing: async (hashes) => {
				const arrivals = await own.arrivalsOf(hashes);
				return hashes.filter((_, index) => arrivals[index] === undefined);
			},
		},
		options: {},
		limits,
	}).run(directoryChanged ? ["directory", "again"] : ["again"]);
}

async function make(count: number, { signed = true, from = maker } = {}): Promise<Entry[]> {
	const entries: Entry[] = [];
	for (let i = 0; i < count; i++) entries.push(await from.make({ signed }));
	return entries;
}

async function notes(): Promise<number> {
	let count = 0;
	for await (const batch of own.rows.scan(prefixRange(Uint8Array.of(peerRowKinds.note)))) count += batch.length;
	return count;
}

async function held(store = own): Promise<number> {
	return (await store.position()).arrival;
}

const complete = { refused: [], damaged: [], complete: true };

describe("a store of which nothing is remembered", () => {
	it("lesson 33: gives what is missing here, and no page or list of what both have", async () => {
		const shared = await make(600);
		await own.append([...shared, ...(await make(20))]);
		await peer.append([...shared.slice(0, 300), ...(await make(20)), ...shared.slice(300)]);
		const remote = answering(peer);
		expect(await pull(remote.store)).toEqual({ stored: 20, ...complete });
		expect(await held()).toBe(640);
		expect(remote.calls.entriesAfter).toBeUndefined();
		expect(remote.items.entriesByHash).toBe(20);
		expect(remote.bytes()).toBeLessThan(32 * 620);
		expect(remote.calls.reconcile).toBeLessThanOrEqual(5);
	});

	it("is remembered then: the next pull asks for nothing, and one after that for what is new", async () => {
		const shared = await make(50);
		await own.append(shared);
		await peer.append([...shared, ...(await make(5))]);
		await pull(answering(peer).store);
		const idle = answering(peer);
		expect(await pull(idle.store)).toEqual({ stored: 0, ...complete });
		expect([idle.calls.reconcile, idle.calls.entriesAfter, idle.calls.entriesByHash]).toEqual([
			undefined,
			undefined,
			undefined,
		]);
		await peer.append(await make(1));
		const later = answering(peer);
		expect(await pull(later.store)).toEqual({ stored: 1, ...complete });
		expect([later.calls.reconcile, later.items.entriesAfter]).toEqual([undefined, 1]);
	});

	it("is read by pages when this side has next to nothing of it, and when it cannot reconcile", async () => {
		await peer.append(await make(40));
		const empty = answering(peer);
		expect(await pull(empty.store)).toEqual({ stored: 40, ...complete });
		expect([empty.calls.reconcile, empty.calls.entriesAfter]).toEqual([undefined, 1]);
		const other = await newStore();
		await other.append([...(await own.getEntries(await own.getAllHashes())), ...(await make(3))]);
		const old = answering(other, { reconcile: async () => Uint8Array.of(0x60) });
		expect(await pull(old.store)).toEqual({ stored: 3, ...complete });
	});

	it("is read when it was empty at the first meeting and holds no more than a page", async () => {
		await own.append(await make(300));
		const remote = answering(peer);
		const memory = await memoryOf(remote.store);
		expect(await pull(remote.store, { memory })).toEqual({ stored: 0, ...complete });
		await peer.append(await make(3));
		expect(await pull(remote.store, { memory })).toEqual({ stored: 3, ...complete });
		expect(remote.calls.reconcile).toBeUndefined();
	});

	it("is reconciled with when it was empty at the first meeting and others filled it with what is here", async () => {
		const shared = await make(300);
		await own.append(shared);
		const remote = answering(peer);
		const memory = await memoryOf(remote.store);
		await pull(remote.store, { memory });
		await peer.append([...shared, ...(await make(3))]);
		expect(await pull(remote.store, { memory })).toEqual({ stored: 3, ...complete });
		expect(remote.items.entriesAfter ?? 0).toBe(0);
	});

	it("loses nothing that comes to it meanwhile", async () => {
		const shared = await make(100);
		await own.append(shared);
		await peer.append([...shared, ...(await make(10))]);
		const late = await make(3);
		const [stranger] = [await maker.another()];
		strangers.add(stranger.publicKey);
		const strange = await make(2, { from: stranger });
		let first = true;
		const growing = answering(peer, {
			async reconcile(message) {
				if (first) await peer.append([...late, ...strange]);
				first = false;
				return storeResponder(crypto, peer)(message);
			},
		});
		expect(await pull(growing.store)).toMatchObject({ stored: 13, complete: true });
		// What lies behind the position is not noted twice.
		expect(await notes()).toBe(0);
		strangers.clear();
		expect(await pull(peer)).toMatchObject({ stored: 2 });
		expect(await held()).toBe(115);
	});

	it("does not bring back what was purged here, nor is asked for what it has purged itself", async () => {
		const shared = await make(100);
		await own.append(shared);
		await peer.append([...shared, ...(await make(5))]);
		const [gone] = shared as [Entry];
		await own.purgeDocHistory(gone.common.docId);
		const purgedThere = (await peer.getArrivals([103]))[0]?.entry as Entry;
		await peer.purgeDocHistory(purgedThere.common.docId);
		const remote = answering(peer);
		expect(await pull(remote.store)).toEqual({ stored: 4, ...complete });
		expect(remote.items.entriesByHash).toBe(5);
		expect(await own.hasEntries([gone.hash])).toEqual([]);
		expect(await notes()).toBe(0);
		const idle = answering(peer);
		await pull(idle.store);
		expect(idle.calls.entriesByHash).toBeUndefined();
	});

	it("has entries that wait for their signed successor, which comes in another batch", async () => {
		const shared = await make(100);
		const run = [...(await make(700, { signed: false })), ...(await make(1))];
		await own.append(shared);
		await peer.append([...shared, ...run]);
		expect(await pull(answering(peer).store)).toEqual({ stored: 701, ...complete });
		expect(await notes()).toBe(0);
	});

	it("has entries that come after their signed successor, by the clock, and before what stands between", async () => {
		const shared = await make(50);
		const run: Entry[] = [];
		for (let i = 0; i < 600; i++) {
			const createdAt = 1_600_000_000_000 + (i === 599 ? -1 : i);
			run.push(await maker.make({ signed: i === 599, createdAt }));
		}
		await own.append(shared);
		await peer.append([...shared, ...run]);
		expect(await pull(answering(peer).store)).toEqual({ stored: 600, ...complete });
	});

	it("has entries that do not fit into memory while they wait: they are noted, and fetched again", async () => {
		const shared = await make(100);
		await own.append(shared);
		await peer.append([...shared, ...(await make(700, { signed: false })), ...(await make(1))]);
		const limits = { carried: { bytes: 100_000 } };
		expect(await pull(answering(peer).store, { limits })).toEqual({ stored: 701, ...complete });
		expect(await notes()).toBe(0);
	});

	it("lesson 24: has entries of strangers, which are noted and come when the directory knows them", async () => {
		const stranger = await maker.another();
		const shared = await make(50);
		await own.append(shared);
		await peer.append([...(await make(10, { from: stranger })), ...shared, ...(await make(5))]);
		strangers.add(stranger.publicKey);
		expect(await pull(answering(peer).store)).toMatchObject({ stored: 5, complete: true, refused: { length: 10 } });
		const idle = answering(peer);
		expect(await pull(idle.store)).toEqual({ stored: 0, ...complete });
		strangers.clear();
		const again = answering(peer);
		expect(await pull(again.store, { directoryChanged: true })).toEqual({ stored: 10, ...complete });
		expect(again.calls.reconcile).toBeUndefined();
		expect(await notes()).toBe(0);
	});

	it("has damaged records, which are told, noted, and come when they are mended", async () => {
		const shared = await make(50);
		await own.append(shared);
		await peer.append([...shared, ...(await make(20))]);
		await damageRecord(peerDisk, 60, "bytes");
		expect(await pull(answering(peer).store)).toEqual({ stored: 19, refused: [], damaged: [60], complete: true });
		await damageRecord(peerDisk, 60, "bytes");
		expect(await pull(answering(peer).store)).toEqual({ stored: 1, ...complete });
		expect(await notes()).toBe(0);
	});

	it("is reconciled with again when there was no room for the notes", async () => {
		const stranger = await maker.another();
		strangers.add(stranger.publicKey);
		const shared = await make(400);
		await own.append(shared);
		await peer.append([...shared, ...(await make(4200, { from: stranger }))]);
		expect(await pull(answering(peer).store)).toMatchObject({ stored: 0, complete: true });
		strangers.clear();
		expect(await pull(answering(peer).store)).toEqual({ stored: 4200, ...complete });
	});

	it("lesson 25: is an older copy of itself, restored: what it got since is found", async () => {
		const entries = await make(200);
		await peer.append(entries);
		await pull(answering(peer).store);
		const restored = await newStore();
		await restored.append([...entries.slice(0, 100), ...(await make(150))]);
		const { storeId } = await peer.identity();
		const remote = answering(restored);
		expect(await pull(withStoreId(remote.store, storeId))).toEqual({ stored: 150, ...complete });
		// No page but the one without entries that tells where the two histories part.
		expect([remote.calls.reconcile, remote.items.entriesAfter]).toEqual([expect.any(Number), 0]);
		// And this side restored, the same way.
		own = await newStore();
		await own.append(entries.slice(0, 150));
		expect(await pull(answering(peer).store)).toEqual({ stored: 50, ...complete });
	});
});

describe("a store that lies", () => {
	let shared: Entry[];

	beforeEach(async () => {
		shared = await make(100);
		await own.append(shared);
		await peer.append([...shared, ...(await make(10))]);
	});

	/** Nothing is lost by it: an honest store with the same identity gives everything. */
	async function makeGood(): Promise<void> {
		expect(await pull(answering(peer).store)).toMatchObject({ complete: true });
		expect((await peer.findNewEntries(await own.getAllHashes())).map(({ hash }) => hash)).toEqual([]);
	}

	/** A message with one list of ids that nobody has, and a fingerprint of the rest that never fits. */
	function inventing(count: number) {
		return async () => {
			const records = Array.from({ length: count }, (_, index) => ({
				timestamp: BigInt(index),
				id: crypto.randomBytes(32),
			}));
			const writer = new MessageWriter(undefined);
			const [last, beyond] = [records.at(-1), { timestamp: BigInt(count), id: new Uint8Array(32) }] as const;
			const upper = boundBetween(last ?? beyond, beyond);
			writer.write({ mode: "id-list", upper, ids: records.map(({ id }) => id) });
			writer.close(crypto.randomBytes(16));
			return writer.finish();
		};
	}

	it("names entries without end that never come: pages tell what is there", async () => {
		const remote = answering(peer, { reconcile: inventing(100) });
		const reconciling = { needed: 500, barrenRounds: 64, absent: 2000 };
		expect(await pull(remote.store, { limits: { reconciling } })).toEqual({ stored: 10, ...complete });
		expect(remote.items.entriesByHash).toBeLessThanOrEqual(2500);
		expect(remote.calls.reconcile).toBeLessThanOrEqual(25);
	});

	it("never comes to an end", async () => {
		const remote = answering(peer, { reconcile: inventing(0) });
		expect(await pull(remote.store)).toEqual({ stored: 10, ...complete });
		expect(remote.calls.reconcile).toBe(65);
	});

	it("gives junk under the hashes that were asked for, for ever", async () => {
		const [genuine] = shared as [Entry];
		const remote = answering(peer, {
			reconcile: inventing(200),
			entriesByHash: async (hashes) => ({
				arrivals: hashes.map((hash, index) => ({ arrival: index + 1, entry: { ...genuine, hash } })),
				damaged: [],
				covered: hashes.length,
			}),
		});
		const result = await pull(remote.store, {
			limits: { refused: 1000, reconciling: { needed: 100, barrenRounds: 64, absent: 1000 } },
		});
		expect(result).toMatchObject({ stored: 0, complete: false });
		expect(remote.calls.reconcile).toBeLessThanOrEqual(6);
		expect(await notes()).toBe(0);
		await makeGood();
	});

	it("keeps nobody from coming back for what was spoilt on the way", async () => {
		const spoiling = answering(peer, {
			async entriesByHash(hashes, options) {
				const found = await peer.entriesByHash(hashes, options);
				const [first, ...rest] = found.arrivals as [{ arrival: number; entry: Entry }];
				const spoilt = { ...first, entry: { ...first.entry, payload: new Uint8Array(100) } };
				return { ...found, arrivals: [spoilt, ...rest] };
			},
		});
		expect(await pull(spoiling.store)).toMatchObject({ stored: 9, complete: true, refused: [{ reason: "address" }] });
		expect(await notes()).toBe(1);
		expect(await pull(answering(peer).store)).toEqual({ stored: 1, ...complete });
	});

	for (const [name, change] of [
		["others than were asked for", { arrivals: "shared" }],
		["one twice", { arrivals: "twice" }],
		["an answer for nothing", { covered: 0 }],
		["an answer for more than was asked", { covered: 1000 }],
		["no number of an arrival", { arrival: 0.5 }],
		[
			"a number for each of endless damaged records",
			{ damaged: Array.from({ length: 5000 }, (_, index) => index + 1) },
		],
		["more bytes than were asked for", { bytes: 5 * 1024 * 1024 }],
	] as const) {
		it(`gives ${name}`, async () => {
			const lying = answering(peer, {
				async entriesByHash(hashes, options) {
					const found = await peer.entriesByHash(hashes, options);
					const [first, second] = found.arrivals as [
						{ arrival: number; entry: Entry },
						{ arrival: number; entry: Entry },
					];
					if ("covered" in change || "damaged" in change) return { ...found, ...change };
					if ("arrival" in change) return { ...found, arrivals: [{ ...first, arrival: change.arrival }] };
					if ("bytes" in change) {
						const payload = new Uint8Array(change.bytes);
						return {
							...found,
							arrivals: [first, second].map((each) => ({ ...each, entry: { ...each.entry, payload } })),
						};
					}
					if (change.arrivals === "twice") return { ...found, arrivals: [first, first] };
					return { ...found, arrivals: [{ arrival: 1, entry: shared[0] as Entry }] };
				},
			});
			await expect(pull(lying.store)).rejects.toMatchObject({ name: "FormatError" });
			await makeGood();
		});
	}

	it("answers with what is no message, or one that is too long", async () => {
		for (const answer of [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(1024 * 1024 + 1).fill(0x61)]) {
			await expect(pull(answering(peer, { reconcile: async () => answer }).store)).rejects.toMatchObject({
				name: "FormatError",
			});
		}
		await makeGood();
	});
});
