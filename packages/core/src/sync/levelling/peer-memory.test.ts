import { type CountingLevel, countingLevel, type EntryMaker, entryMaker, testClock } from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { beforeEach, expect, it } from "vitest";
import type { LocalStore } from "../../store/store.js";
import { PeerMemory } from "./peer-memory.js";

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
