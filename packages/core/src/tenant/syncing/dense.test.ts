/** A new device and long documents: their newest snapshots and what follows come first, the past behind everything else or not at all. */
import { MemorySink } from "@mindoodb/formats/apack";
import { nodeApack } from "@mindoodb/formats/node";
import { type AliceAndBob, aliceAndBob, lyingStore, setField, type TestReplica } from "@mindoodb/testing";
import { listenInMemory, memoryStores, nodeClock, nodeEnv } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import type { DocumentExplanation } from "../../database/explain.js";
import type { MindooDB } from "../../database/mindoo-db.js";
import type { HistoryMode } from "../../sync/connecting/sync-options.js";
import type { Transport } from "../../transport.js";
import { backupTenant } from "../tenant-backup.js";

const edits = 45;

let place: AliceAndBob;
let notes: MindooDB;
let id: string;
/** Heads of the document after ten edits. */
let early: readonly string[];

beforeEach(async () => {
	place = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const { tenant } = place.alice;
	notes = await tenant.openDB("long", { snapshots: { changes: 20 } });
	await notes.createDocument({ title: "short" });
	({ id } = await notes.createDocument({ no: "-1" }));
	for (let no = 0; no < edits; no++) {
		await notes.changeDoc(id, setField("no", `${no}`));
		if (no === 9) early = (await notes.getDocument(id))?.heads ?? [];
		// Snapshots that are due are written by then.
		if (no % 21 === 20) {
			await notes.close();
			notes = await tenant.openDB("long", { snapshots: { changes: 20 } });
		}
	}
	return () => place.fixture.close();
});

function wayTo({ tenant }: TestReplica): Transport {
	return listenInMemory((duplex) => void tenant.acceptSync(duplex), { clock: nodeClock() }).transport;
}

function openAtBobs(history?: HistoryMode): Promise<MindooDB> {
	return place.bob.tenant.openDB("long", history && { history });
}

describe("a dense device", () => {
	it("shows a long document without its past, and counts what is not there", async () => {
		const theirs = await openAtBobs();
		const handle = place.bob.tenant.sync(wayTo(place.alice), { history: "dense" });
		await handle.done;
		expect((await theirs.getDocument(id))?.getData().no).toBe(`${edits - 1}`);
		const { past } = await handle.countLacking();
		// What the newest snapshot covers, and the older one.
		expect(past.payloads).toBeGreaterThan(35);
		expect(past.payloads).toBeLessThan(edits);
		const verdicts = ((await theirs.explain(id)) as DocumentExplanation).entries.map(({ verdict }) => verdict.kind);
		expect(new Set(verdicts)).toEqual(new Set(["accepted"]));
		expect((await theirs.getDocumentAtHashes(id, early))?.getData().no).toBe("9");
	});

	it("writes on, and level again it has sent its edit and fetched nothing", async () => {
		const theirs = await openAtBobs("dense");
		const way = wayTo(place.alice);
		await place.bob.tenant.sync(way).done;
		const before = await theirs.countLacking();
		await theirs.changeDoc(id, setField("no", "bob's"));
		await place.bob.tenant.sync(way).done;
		expect((await notes.getDocument(id))?.getData().no).toBe("bob's");
		expect(await theirs.countLacking()).toEqual(before);
		const env = { crypto: place.bob.env.crypto, clock: place.bob.clock };
		const backup = backupTenant(place.bob.tenant, new MemorySink(), { env, platform: await nodeApack() });
		await expect(backup).rejects.toMatchObject({ data: { field: "history" } });
	});

	it("that is to have the past after all fetches it with the next sync", async () => {
		const theirs = await openAtBobs("dense");
		const way = wayTo(place.alice);
		await place.bob.tenant.sync(way).done;
		await place.bob.tenant.sync(way, { history: "whole" }).done;
		expect((await theirs.countLacking()).past).toEqual({ payloads: 0, bytes: 0 });
	});

	it("fetches the past of a document when it is asked to", async () => {
		const theirs = await openAtBobs("dense");
		await place.bob.tenant.sync(wayTo(place.alice)).done;
		const end = theirs.addSource(notes.store);
		const { payloads, missing } = await theirs.fetchHistory({ docId: id });
		end();
		expect([payloads > 35, missing]).toEqual([true, 0]);
		expect((await theirs.countLacking()).past).toEqual({ payloads: 0, bytes: 0 });
		expect((await theirs.getDocument(id))?.getData().no).toBe(`${edits - 1}`);
	});

	it("keeps what of the past it is given anyway", async () => {
		const theirs = await openAtBobs("dense");
		await place.bob.tenant.sync(wayTo(place.alice)).done;
		await theirs.store.putEntries(await notes.store.getEntries(await notes.getAllChangeHashesForDoc(id)));
		expect((await theirs.countLacking()).past.payloads).toBe(0);
	});

	it("fetches what it cannot do without, when the other side leaves out more", async () => {
		const { store } = notes;
		const lying = lyingStore(store, {
			recent: async (options) => {
				const { entries = [], next } = (await store.recent?.(options)) ?? { next: undefined };
				return {
					entries: entries.map((entry) => (entry.kind === "stub" ? entry : { ...entry, payload: undefined })),
					next,
				};
			},
		});
		const theirs = await openAtBobs("dense");
		await theirs.pullChangesFrom(lying);
		expect(await theirs.getAllDocumentIds()).toHaveLength(2);
	});
});
