/** Two replicas in one conversation. Stores and pulls are the real ones; what the directory says is scripted. */
import {
	type EntryMaker,
	entryMaker,
	type HostedStore,
	patience,
	SessionStage,
	type StagedReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Entry } from "../../entry/entry.js";
import { StoreError } from "../../errors.js";
import type { Page } from "../../store/store.js";

const crypto = nodeCrypto();

let stage: SessionStage;
let maker: EntryMaker;
let alice: StagedReplica;
let server: StagedReplica;
let notes: HostedStore;
let kept: HostedStore;

beforeEach(async () => {
	maker = await entryMaker({ crypto });
	stage = new SessionStage({ crypto, tenantRoot: maker.tenantRoot, newStores: () => memoryStores(crypto) });
	alice = stage.replica("aa");
	server = stage.replica("5e");
	notes = await alice.host.hosted("notes");
	kept = await server.host.hosted("notes");
});

afterEach(() => stage.close());

async function held({ local }: HostedStore): Promise<number> {
	return (await local.position()).arrival;
}

/** A chain that everybody has: one entry in the directory, some in the database. */
async function level(entries: number): Promise<void> {
	const directory = await entryMaker({ crypto, tenantRoot: maker.tenantRoot, dbId: "directory" });
	await (await alice.host.hosted("directory")).append(await directory.document(1));
	await notes.append(await maker.document(entries));
	await stage.level(alice, server);
}

async function documents(count: number): Promise<Entry[]> {
	const entries: Entry[] = [];
	for (let i = 0; i < count; i++) entries.push(await maker.make());
	return entries;
}

describe("a conversation", () => {
	it("brings both sides level, and goes on with what is new", async () => {
		await notes.append(await maker.document(3));
		await kept.append(await (await maker.another()).document(5));
		const met = stage.meet(alice, server);
		await met.level();
		expect([await held(notes), await held(kept)]).toEqual([8, 8]);
		expect(met.sessions[0].counts).toMatchObject({ received: 5, sent: 3 });
		await notes.append(await maker.document(2));
		await vi.waitFor(async () => expect(await held(kept)).toBe(10), patience);
		await met.close();
		expect(await met.sessions[1].closed).toMatchObject({ reason: "done", byPeer: true });
	});

	it("tells anew what the other side holds, when nobody heard of it the last time", async () => {
		await level(5);
		for (const each of [notes, kept]) each.acknowledgements.clear();
		await stage.level(alice, server);
		expect(notes.acknowledgements.get(server.key)?.position.arrival).toBe(5);
		expect(kept.acknowledgements.get(alice.key)?.position.arrival).toBe(5);
	});

	it("comes back to a store that could not be written", async () => {
		await level(1);
		const met = stage.meet(alice, server);
		await met.level();
		const full = new StoreError("store: the engine could not write", { code: "store-io" });
		const receive = vi.spyOn(kept.local, "receive").mockRejectedValueOnce(full);
		await notes.append(await maker.document(2));
		await vi.waitFor(() => expect(receive).toHaveBeenCalledOnce(), patience);
		await vi.waitFor(() => {
			stage.clock.advance(10_000);
			expect(receive).toHaveBeenCalledTimes(2);
		}, patience);
		await vi.waitFor(async () => expect(await held(kept)).toBe(3), patience);
		await met.close();
	});

	it("takes stubs that it declined, once their document is erased here too", async () => {
		await level(1);
		const [entry] = await documents(1);
		const { docId } = (entry as Entry).common;
		await notes.append([entry as Entry]);
		await notes.local.eraseDocument(docId);
		const met = stage.meet(alice, server);
		await met.level();
		expect(await held(kept)).toBe(1);
		await kept.local.eraseDocument(docId);
		server.host.step();
		await vi.waitFor(async () => expect(await held(kept)).toBe(2), patience);
		await met.close();
	});

	it("with nothing new is one round trip of under 300 bytes with two stores", async () => {
		await level(5);
		const { joined, level: bothLevel, close } = stage.meet(alice, server);
		await bothLevel();
		// Both directions, each with 18 bytes of the channel.
		const bytes = joined.counts.bytes[0] + joined.counts.bytes[1] + 2 * 18;
		expect(joined.counts).toMatchObject({ turns: 2, pieces: [1, 1] });
		expect(bytes).toBeLessThan(300);
		await close();
	});

	it("brings 10 new documents at the other side with the answer, without asking for them", async () => {
		await level(500);
		await kept.append(await documents(10));
		const { joined, level: bothLevel, close } = stage.meet(alice, server);
		await vi.waitFor(async () => expect(await held(notes)).toBe(510), patience);
		expect(joined.counts.turns).toBeLessThanOrEqual(3);
		expect(joined.counts.bytes[0] + joined.counts.bytes[1]).toBeLessThan(6000 + 10 * 100);
		await bothLevel();
		await close();
	});

	it("sends what is new at the side that opened as soon as it is answered", async () => {
		await level(500);
		await notes.append(await documents(10));
		const { joined, level: bothLevel, close } = stage.meet(alice, server);
		await bothLevel();
		expect(await held(kept)).toBe(510);
		// Open, Opened, the page, its acknowledgement.
		expect(joined.counts.turns).toBe(4);
		await close();
	});

	it("opens databases that only the other side keeps", async () => {
		const tasks = await entryMaker({ crypto, tenantRoot: maker.tenantRoot, dbId: "tasks" });
		const busy = stage.replica("bb", { dbIds: ["notes", "tasks"] });
		await (await busy.host.hosted("tasks")).append(await tasks.document(4));
		const met = stage.meet(alice, busy);
		await met.level();
		await vi.waitFor(async () => expect(await held(await alice.host.hosted("tasks"))).toBe(4), patience);
		await met.close();
	});

	it("takes up a database that comes later, from either side", async () => {
		const met = stage.meet(alice, server);
		await met.level();
		for (const [dbId, from, to] of [
			["later", 1, 0],
			["mine", 0, 1],
		] as const) {
			const { host } = from === 0 ? alice : server;
			const author = await entryMaker({ crypto, tenantRoot: maker.tenantRoot, dbId });
			await (await host.hosted(dbId)).append(await author.document(2));
			met.sessions[from].offer([dbId]);
			const other = to === 0 ? alice : server;
			await vi.waitFor(async () => expect(await held(await other.host.hosted(dbId))).toBe(2), patience);
		}
		await met.close();
	});

	it("gets over both sides' naming a database at once", async () => {
		const met = stage.meet(alice, server);
		await met.level();
		const author = await entryMaker({ crypto, tenantRoot: maker.tenantRoot, dbId: "both" });
		const [here, there] = [await alice.host.hosted("both"), await server.host.hosted("both")];
		await here.append(await author.document(2));
		await there.append(await (await author.another()).document(3));
		met.sessions[0].offer(["both"]);
		met.sessions[1].offer(["both"]);
		await vi.waitFor(async () => expect([await held(here), await held(there)]).toEqual([5, 5]), patience);
		await here.append(await author.document(2));
		await vi.waitFor(async () => expect(await held(there)).toBe(7), patience);
		await met.close();
	});

	it("levels the databases that were asked for and no others", async () => {
		const busy = stage.replica("bb", { dbIds: ["notes", "tasks"] });
		const tasks = await entryMaker({ crypto, tenantRoot: maker.tenantRoot, dbId: "tasks" });
		await (await busy.host.hosted("tasks")).append(await tasks.document(4));
		await (await busy.host.hosted("notes")).append(await maker.document(4));
		await stage.level(alice, busy, { first: { databases: ["notes"] } });
		expect(await alice.host.databases()).toEqual(["notes"]);
		expect(await held(notes)).toBe(4);
	});

	it("of 1,500 entries reads one page ahead, and acknowledges each page", async () => {
		await kept.append(await maker.document(1500));
		const met = stage.meet(alice, server);
		await met.level();
		expect(await held(notes)).toBe(1500);
		expect(kept.acknowledgements.get(alice.key)?.position.arrival).toBe(1500);
		await met.close();
	});
});

describe("what is new while a conversation goes on", () => {
	it("goes out in order, and is not sent back: four messages for an edit", async () => {
		await level(5);
		const { joined, level: bothLevel, close } = stage.meet(alice, server);
		await bothLevel();
		joined.reset();
		await notes.append(await documents(1));
		await vi.waitFor(async () => expect(await held(kept)).toBe(6), patience);
		await vi.waitFor(() => expect(notes.acknowledgements.get(server.key)?.position.arrival).toBe(6), patience);
		await new Promise((resolve) => setTimeout(resolve, 50));
		// The edit and its acknowledgement; that the server's store has moved by an entry which came from here.
		expect(joined.counts.pieces[0]).toBe(1);
		expect(joined.counts.pieces[1]).toBeLessThanOrEqual(2);
		expect(joined.counts.bytes[1]).toBeLessThan(200);
		await close();
		const again = stage.meet(alice, server);
		await again.level();
		expect(again.joined.counts).toMatchObject({ turns: 2 });
		await again.close();
	});

	it("is told once to who has given 1,500 entries, and none of them is read for it", async () => {
		await level(1);
		await notes.append(await maker.document(1500));
		const reading = vi.spyOn(kept.local, "entriesAfter");
		const before = notes.pulls;
		await stage.level(alice, server);
		const pages = await Promise.all(reading.mock.results.map(({ value }) => value as Promise<Page>));
		expect(pages.flatMap(({ arrivals }) => arrivals)).toEqual([]);
		// One begins with nothing to take, one takes the position.
		expect(notes.pulls - before).toBeLessThanOrEqual(2);
		const { joined, level: bothLevel, close } = stage.meet(alice, server);
		await bothLevel();
		expect(joined.counts.turns).toBe(2);
		await close();
	});

	it("reaches who gives 1,500 entries among these, at its own place", async () => {
		await level(1);
		await notes.append(await maker.document(1500));
		const other = await maker.another();
		alice.host.strangers.add(other.publicKey);
		const receive = kept.local.receive.bind(kept.local);
		let pages = 0;
		const receiving = vi.spyOn(kept.local, "receive").mockImplementation(async (...given) => {
			if (++pages > 1) await kept.append(await other.document(2));
			return receive(...given);
		});
		const met = stage.meet(alice, server);
		await met.level();
		await vi.waitFor(() => expect(kept.acknowledgements.get(alice.key)?.position.arrival).toBe(1505), patience);
		await met.close();
		expect([pages, await held(notes)]).toEqual([3, 1501]);
		// They are asked for again by their numbers.
		receiving.mockRestore();
		alice.host.strangers.clear();
		await stage.level(alice, server);
		expect(await held(notes)).toBe(1505);
	});
});
