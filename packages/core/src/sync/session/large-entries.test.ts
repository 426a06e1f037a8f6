/** Entries of documents with payloads of more than 64 KiB: they cross as Chunks, whichever way their entries do. */
import {
	type EntryMaker,
	entryMaker,
	type HostedStore,
	patience,
	SessionStage,
	type StagedReplica,
} from "@mindoodb/testing";
import { memoryPair, memoryStores, nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toHex } from "../../bytes/hex.js";
import type { Entry } from "../../entry/entry.js";
import type { LocalStore } from "../../store/store.js";
import { IncomingPayloads } from "../payloads/incoming.js";
import { RowPartials } from "../payloads/row-partials.js";
import type { Announcement } from "../wire/terms.js";
import { runSession } from "./run-session.js";
import { wholeEntries } from "./whole-entries.js";

const crypto = nodeCrypto();
const megabyte = 1024 * 1024;

let stage: SessionStage;
let maker: EntryMaker;
let alice: StagedReplica;
let server: StagedReplica;
let notes: HostedStore;
let kept: HostedStore;
let partials: LocalStore;

beforeEach(async () => {
	maker = await entryMaker({ crypto });
	const { tenantRoot } = maker;
	stage = new SessionStage({ crypto, tenantRoot, newStores: () => memoryStores(crypto) });
	partials = await memoryStores(crypto).open({ tenantRoot, dbId: "directory", purpose: "documents" });
	alice = stage.replica("aa", { incoming: newIncoming() });
	server = stage.replica("5e");
	notes = await alice.host.hosted("notes");
	kept = await server.host.hosted("notes");
});

afterEach(() => stage.close());

/** A member's, as after a restart: nothing in memory. */
function newIncoming(): IncomingPayloads {
	return new IncomingPayloads({ crypto, clock: stage.clock, partials: new RowPartials(partials.rows) });
}

function large(size: number): Promise<Entry> {
	return maker.make({ payload: crypto.randomBytes(size) });
}

/** Sizes of the payloads in a store, in order of arrival. */
async function sizes({ local }: HostedStore): Promise<(number | undefined)[]> {
	const { arrivals, damaged } = await local.entriesAfter(0, { maxBytes: 64 * megabyte });
	expect(damaged).toEqual([]);
	return arrivals.map(({ entry }) => (entry as Entry).payload?.length);
}

describe("entries with large payloads", () => {
	it("cross in both directions, between small ones", async () => {
		await notes.append([await maker.make(), await large(3 * megabyte), await maker.make()]);
		const other = await maker.another();
		const theirs = [await other.make({ payload: crypto.randomBytes(70_000) }), await other.make()];
		await kept.append([...theirs, await other.make({ payload: crypto.randomBytes(2 * megabyte) })]);
		await stage.level(alice, server);
		expect((await sizes(notes)).sort()).toEqual((await sizes(kept)).sort());
		expect(await sizes(notes)).toEqual([100, 3 * megabyte, 100, 70_000, 100, 2 * megabyte]);
	});

	it("cross when they are asked for by their hashes", async () => {
		const before = await maker.document(20);
		for (const each of [notes, kept]) await each.append(before);
		await kept.append([await maker.make(), await large(2 * megabyte), await large(80_000)]);
		await stage.level(alice, server);
		expect((await sizes(notes)).slice(20).sort()).toEqual([100, 80_000, 2 * megabyte].sort());
	});

	it("cross as they are made, while both stay connected", async () => {
		const met = stage.meet(alice, server);
		await met.level();
		await kept.append([await large(2 * megabyte)]);
		await vi.waitFor(async () => expect(await sizes(notes)).toEqual([2 * megabyte]), patience);
		await notes.append([await large(megabyte)]);
		await vi.waitFor(async () => expect(await sizes(kept)).toEqual([2 * megabyte, megabyte]), patience);
		await met.close();
	});

	it("are resumed after a cut and a restart, and what came is not sent again", async () => {
		await kept.append([await maker.make(), await large(4 * megabyte)]);
		const first = connect(3 * megabyte);
		expect(await first.ended).toMatchObject({ reason: "lost" });
		expect(await sizes(notes)).not.toContain(4 * megabyte);
		await stage.clock.advance(0);
		const second = connect();
		await second.level();
		expect(await sizes(notes)).toEqual([100, 4 * megabyte]);
		expect(second.counts.bytes).toBeLessThan(1.5 * megabyte);
		second.close();
		await second.ended;
		expect(await new RowPartials(partials.rows).list()).toEqual([]);
	});

	it("that are gone when their turn comes leave the others alone", async () => {
		const entry = await large(megabyte);
		await kept.append([entry, await maker.make()]);
		const give = kept.local.getContents?.bind(kept.local);
		kept.local.getContents = async () => [];
		await stage.level(alice, server);
		expect(await sizes(notes)).toEqual([100]);
		kept.local.getContents = give as NonNullable<typeof give>;
		await stage.level(alice, server);
		expect((await sizes(notes)).sort()).toEqual([100, megabyte].sort());
	});

	it("that are not what they were announced as end the session", async () => {
		const entry = await large(megabyte);
		await kept.append([entry]);
		kept.local.getContents = async () => [new Uint8Array(megabyte)];
		const met = stage.meet(alice, server);
		await expect(met.sessions[0].level()).rejects.toMatchObject({ code: "format" });
		expect(await sizes(notes)).toEqual([]);
	});
});

it("a key that is not known brings no more bytes as Chunks than otherwise", async () => {
	const directory = await entryMaker({ crypto, tenantRoot: maker.tenantRoot, dbId: "directory" });
	const theirs = await alice.host.hosted("directory");
	await theirs.append([await directory.make({ payload: crypto.randomBytes(5 * megabyte) })]);
	server.host.standings.set(alice.key, "unknown");
	const fetched = vi.spyOn(theirs.local, "getContents");
	const met = stage.meet(alice, server);
	expect(await met.sessions[1].closed).toMatchObject({ byPeer: false });
	expect(fetched).not.toHaveBeenCalled();
	expect(await sizes(await server.host.hosted("directory"))).toEqual([]);
});

describe("what is announced with entries is fetched only when", () => {
	const never = async () => {
		throw new Error("expected that nothing is fetched");
	};

	async function announced(size: number): Promise<{ readonly entry: Entry; readonly announcement: Announcement }> {
		const entry = await large(size);
		const announcement = { contentHash: entry.common.contentHash, size, datum: crypto.randomBytes(32) };
		return { entry: { ...entry, payload: undefined }, announcement };
	}

	it("an entry needs it", async () => {
		const { entry, announcement } = await announced(70_000);
		const other = { ...announcement, contentHash: toHex(crypto.randomBytes(32)) };
		const parts = { mostBytes: megabyte, fetch: never };
		await expect(wholeEntries([entry], [other], parts)).rejects.toMatchObject({ code: "format" });
		await expect(wholeEntries([entry], [announcement, announcement], parts)).rejects.toMatchObject({ code: "format" });
		await expect(wholeEntries([await large(10)], [announcement], parts)).rejects.toMatchObject({ code: "format" });
	});

	it("it is no more than was asked for, unless one entry alone is", async () => {
		const [a, b] = [await announced(70_000), await announced(70_000)];
		const both = [a.announcement, b.announcement];
		const parts = { mostBytes: 100_000, fetch: never };
		await expect(wholeEntries([a.entry, b.entry], both, parts)).rejects.toMatchObject({ code: "limit" });
		const fetch = async () => new Map([[a.announcement.contentHash, new Uint8Array(70_000)]]);
		const alone = await wholeEntries([a.entry], [a.announcement], { mostBytes: 10, fetch });
		expect((alone[0] as Entry).payload).toHaveLength(70_000);
	});
});

/** Alice meets the server over a connection that holds back. @param cutAfter bytes from the server after which it breaks. */
function connect(cutAfter = Number.POSITIVE_INFINITY) {
	const [here, there] = memoryPair({ clock: stage.clock });
	const counts = { bytes: 0 };
	const incoming = {
		async *[Symbol.asyncIterator]() {
			for await (const bytes of here.incoming) {
				counts.bytes += bytes.length;
				if (counts.bytes > cutAfter) throw new Error("the connection broke");
				yield bytes;
			}
		},
	};
	const [send, end, abort] = [here.send.bind(here), here.close.bind(here), here.abort.bind(here)];
	const session = stage.session(alice, server.key, { initiator: true });
	const ended = runSession(session, { incoming, send, close: end, abort });
	void runSession(stage.session(server, alice.key), there);
	return { level: () => session.level(), close: () => session.close(), ended, counts };
}
