import { type CountingLevel, countingLevel, type EntryMaker, entryMaker, testClock } from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { beforeEach, expect, it } from "vitest";
import type { LocalStore } from "../../store/store.js";
import { PeerMemory, rememberedOf } from "./peer-memory.js";

const crypto = nodeCrypto();

let maker: EntryMaker;
let own: LocalStore;
let ownDisk: CountingLevel;
let peer: LocalStore;

beforeEach(async () => {
	maker = await entryMaker({ crypto });
	const options = { tenantRoot: maker.tenantRoot, dbId: maker.dbId, purpose: "documents" } as const;
	const stores = memoryStores(crypto, {
		wrapLevel(level) {
			ownDisk = countingLevel(level);
			return ownDisk.level;
		},
	});
	own = await stores.open(options);
	peer = await memoryStores(crypto).open(options);
	await peer.append([await maker.make()]);
});

async function memoryAt(clock = testClock()): Promise<PeerMemory> {
	return new PeerMemory({ store: own, clock, storeId: (await peer.identity()).storeId, direction: "pull" });
}

/** Goes on from where it stood to where the other store stands. */
async function levelWith(memory: PeerMemory): Promise<void> {
	await memory.meet(peer);
	await memory.noted("again");
	const at = await peer.position();
	await memory.remember({ arrival: at.arrival, peer: at }, []);
}

it("a conversation reads what it remembers once, and writes a row for each step", async () => {
	const memory = await memoryAt();
	await levelWith(memory);
	ownDisk.reset();
	for (let step = 0; step < 5; step++) {
		await peer.append([await maker.make()]);
		await levelWith(memory);
	}
	expect(ownDisk.counts).toMatchObject({ reads: 0, iterators: 0, puts: 5 });
	expect(await (await memoryAt()).meet(peer)).toMatchObject({ arrival: 6 });
});

it("when a store was met is written again after a minute, whichever way the clock went", async () => {
	const clock = testClock();
	await levelWith(await memoryAt(clock));
	const putsOfMeeting = async () => {
		ownDisk.reset();
		await (await memoryAt(clock)).meet(peer);
		return ownDisk.counts.puts;
	};
	expect(await putsOfMeeting()).toBe(0);
	clock.advance(60_000);
	expect([await putsOfMeeting(), await putsOfMeeting()]).toEqual([1, 0]);
	clock.set(clock.now() - 3_600_000);
	expect([await putsOfMeeting(), await putsOfMeeting()]).toEqual([1, 0]);
});

it("a store that was restored meanwhile is begun anew, and what was noted of it forgotten", async () => {
	const memory = await memoryAt();
	const at = { arrival: 9, digest: "ab".repeat(16) };
	await memory.remember({ arrival: 9, peer: at }, [{ arrival: 4, kind: "again" }]);
	expect(await memory.meet(peer)).toBeUndefined();
	expect(await memory.noted("again")).toEqual([]);
	expect(await (await memoryAt()).meet(peer)).toBeUndefined();
});

it("a position waits for no disk, and stands behind the entries that it passes", async () => {
	const memory = await memoryAt();
	ownDisk.reset();
	await levelWith(memory);
	expect(ownDisk.counts).toMatchObject({ batches: 1, syncs: 0 });
});

it("of a named store its own row and notes are looked at, however many stores a peer speaks for", async () => {
	const of = { peer: "ab".repeat(32), direction: "pull" } as const;
	for (let number = 0; number < 5; number++) {
		const memory = new PeerMemory({ store: own, clock: testClock(), storeId: `0${number}`.repeat(16), ...of });
		await memory.remember({ arrival: number, peer: { arrival: number, digest: "00".repeat(16) } }, []);
	}
	const storeId = "02".repeat(16);
	const expected = { storeId, position: { arrival: 2, digest: "00".repeat(16) }, noted: false };
	expect(await rememberedOf(own, of.peer, storeId)).toEqual(expected);
	ownDisk.reset();
	expect(await rememberedOf(own, of.peer, storeId)).toEqual(expected);
	expect(ownDisk.counts).toMatchObject({ reads: 1, iterators: 0 });
});
