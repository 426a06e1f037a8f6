/** A new device in a session: it takes the newest documents before those that arrived first, and everything in the end. */
import { type EntryMaker, entryMaker, type HostedStore, SessionStage, type StagedReplica } from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Entry, linkOf } from "../../entry/entry.js";
import type { LocalStore } from "../../store/store.js";
import { RecentDocuments } from "../levelling/recent-documents.js";

const crypto = nodeCrypto();

let stage: SessionStage;
let maker: EntryMaker;
let server: StagedReplica;
let kept: HostedStore;

beforeEach(async () => {
	maker = await entryMaker({ crypto });
	const { tenantRoot } = maker;
	stage = new SessionStage({ crypto, tenantRoot, newStores: () => memoryStores(crypto) });
	server = stage.replica("5e");
	kept = await server.host.hosted("notes");
});

afterEach(() => stage.close());

/** Ids of documents in the order in which their newest entries arrived, newest first. */
async function byRecency({ local }: HostedStore): Promise<string[]> {
	const { arrivals } = await local.entriesAfter(0, { limit: 4096, payload: false });
	return [...new Set(arrivals.map(({ entry }) => linkOf(entry).docId).reverse())];
}

/** Ids of documents in the order in which they came. */
async function asTheyCame({ local }: HostedStore): Promise<string[]> {
	const { arrivals } = await local.entriesAfter(0, { limit: 4096, payload: false });
	return [...new Set(arrivals.map(({ entry }) => linkOf(entry).docId))];
}

/** Documents of three entries each that were all made, then all changed, then changed in another order. */
async function documents(count: number): Promise<void> {
	const made: Entry[][] = [];
	for (let i = 0; i < count; i++) {
		maker.continueFrom(undefined);
		made.push(await maker.document(3));
	}
	await kept.append(made.map(([first]) => first as Entry));
	await kept.append(made.map(([, second]) => second as Entry));
	await kept.append(
		made.toSorted(([a], [b]) => ((a as Entry).hash < (b as Entry).hash ? -1 : 1)).flatMap((each) => each.slice(2)),
	);
}

async function device(latestFirst = true): Promise<{ readonly bob: StagedReplica; readonly notes: HostedStore }> {
	const bob = stage.replica("bb", { latestFirst });
	return { bob, notes: await bob.host.hosted("notes") };
}

describe("a new device", () => {
	it("gets the newest documents first, whole, and nothing twice", async () => {
		await documents(60);
		const { bob, notes } = await device();
		const met = await stage.level(bob, server);
		expect(await asTheyCame(notes)).toEqual(await byRecency(kept));
		expect((await notes.local.position()).arrival).toBe(180);
		expect(met.sessions[0].counts).toMatchObject({ received: 180, declinedHere: 0 });
		const again = await stage.level(bob, server);
		expect(again.sessions[0].counts.received).toBe(0);
	});

	it("gets what is larger than a page in several, before older documents", async () => {
		const { docId } = (await maker.make()).common;
		await kept.append(await maker.document(20));
		const long: Entry[] = [];
		for (let i = 0; i < 40; i++) {
			maker.continueFrom(undefined);
			long.push(await maker.make({ docId, payload: crypto.randomBytes(60_000) }));
		}
		await kept.append(long);
		const { bob, notes } = await device();
		await stage.level(bob, server);
		expect((await asTheyCame(notes))[0]).toBe(docId);
		expect((await notes.local.position()).arrival).toBe(60);
	});

	it("goes on after a cut with what it lacks", async () => {
		await documents(60);
		const { bob, notes } = await device();
		const met = stage.meet(bob, server, { cutAfter: 20_000 });
		await Promise.allSettled([met.sessions[0].closed]);
		await stage.level(bob, server);
		expect((await notes.local.position()).arrival).toBe(180);
	});
});

async function all(store: LocalStore, options: { limit?: number; maxBytes?: number; dense?: boolean } = {}) {
	const recent = new RecentDocuments(store);
	const pages: Entry[][] = [];
	for (let place: { before: number; within: number } | undefined = { before: 1e6, within: 0 }; place; ) {
		const { entries, next } = await recent.entries({ ...place, ...options });
		pages.push(entries as Entry[]);
		place = next;
	}
	return pages;
}

describe("documents by recency", () => {
	it("are given once, however small the answers", async () => {
		await documents(20);
		const whole = (await all(kept.local)).flat();
		expect(new Set(whole.map(({ hash }) => hash)).size).toBe(60);
		expect((await all(kept.local, { limit: 1 })).flat()).toEqual(whole);
		expect((await all(kept.local, { limit: 7 })).flat()).toEqual(whole);
		expect((await all(kept.local, { maxBytes: 250 })).flat()).toEqual(whole);
	});
});
