/** Connections that break, servers that lose their disk, peers that give somebody else's name. */
import {
	changingPages,
	countingStore,
	type EntryMaker,
	entryMaker,
	type HostedStore,
	patience,
	SessionStage,
	type StagedReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LocalStore } from "../../store/store.js";
import { rememberedOf } from "../levelling/peer-memory.js";

const crypto = nodeCrypto();

let stage: SessionStage;
let maker: EntryMaker;

beforeEach(async () => {
	maker = await entryMaker({ crypto });
	stage = new SessionStage({ crypto, tenantRoot: maker.tenantRoot, newStores: () => memoryStores(crypto) });
});

afterEach(() => stage.close());

async function held({ local }: HostedStore): Promise<number> {
	return (await local.position()).arrival;
}

async function hashesOf({ local }: HostedStore): Promise<string[]> {
	return (await local.getAllHashes()).sort();
}

async function append(replica: StagedReplica, count: number): Promise<void> {
	const entries = [];
	for (let i = 0; i < count; i++) entries.push(await maker.make({ chained: false }));
	await (await replica.host.hosted("notes")).append(entries);
}

describe("a connection that breaks", () => {
	it("anywhere: what was acknowledged is there, and the next conversation goes on", async () => {
		const [a, b] = [stage.replica("aa"), stage.replica("bb")];
		const [ours, theirs] = [await a.host.hosted("notes"), await b.host.hosted("notes")];
		let whole = 0;
		for (let cutAfter = 0; cutAfter < 2600; cutAfter += 11) {
			if ((await hashesOf(ours)).join() === (await hashesOf(theirs)).join()) {
				await append(a, 2);
				await append(b, 2);
			}
			const met = stage.meet(a, b, { cutAfter });
			const levelled = await met.level().then(
				() => true,
				() => false,
			);
			if (levelled) await met.close();
			if (levelled) whole++;
			await Promise.all(met.sessions.map(({ closed }) => closed));
			for (const [from, key, to] of [
				[ours, b.key, theirs],
				[theirs, a.key, ours],
			] as const) {
				const acknowledged = from.acknowledgements.get(key)?.position.arrival ?? 0;
				const { arrivals } = await from.local.entriesAfter(0, { limit: Math.max(1, acknowledged), payload: false });
				const there = new Set(await to.local.getAllHashes());
				expect(arrivals.slice(0, acknowledged).every(({ entry }) => there.has(entry.hash))).toBe(true);
			}
		}
		expect(whole).toBeGreaterThan(3);
		await stage.level(a, b);
		expect(await hashesOf(ours)).toEqual(await hashesOf(theirs));
	});

	it("sends nothing again that arrived", async () => {
		const [a, b] = [stage.replica("aa"), stage.replica("bb")];
		await append(a, 600);
		const first = stage.meet(a, b, { cutAfter: 60_000 });
		await Promise.all(first.sessions.map(({ closed }) => closed));
		const arrived = await held(await b.host.hosted("notes"));
		expect(arrived).toBeGreaterThan(0);
		const second = await stage.level(a, b);
		expect(second.sessions[0].counts.sent).toBe(600 - arrived);
		expect(await held(await b.host.hosted("notes"))).toBe(600);
	});
});

describe("three replicas in a row", () => {
	it("pass on what is new, and no message goes round and round", async () => {
		const [a, server, c] = [stage.replica("aa"), stage.replica("5e"), stage.replica("cc")];
		const [left, right] = [stage.meet(a, server), stage.meet(c, server)];
		await left.level();
		await right.level();
		left.joined.reset();
		right.joined.reset();
		for (let i = 0; i < 5; i++) {
			await append(a, 1);
			await vi.waitFor(async () => expect(await held(await c.host.hosted("notes"))).toBe(i + 1), patience);
		}
		const ended = await c.host.hosted("notes");
		await vi.waitFor(() => {
			const { position } = ended.acknowledgements.get(server.key) ?? {};
			expect(position === undefined || position.arrival <= 5).toBe(true);
		}, patience);
		await quiet(left.joined.counts.pieces, right.joined.counts.pieces);
		// An entry one way, its acknowledgement and the moved position the other way; nothing for the rest.
		expect(Math.max(...left.joined.counts.pieces, ...right.joined.counts.pieces)).toBeLessThanOrEqual(15);
		expect(left.joined.counts.bytes[1] + right.joined.counts.bytes[0]).toBeLessThan(5 * 2 * 120);
		await left.close();
		await right.close();
		const again = stage.meet(a, server);
		await again.level();
		expect(again.joined.counts.turns).toBe(2);
		await again.close();
	});
});

describe("lesson 25: a server that lost its disk", () => {
	it("gets everything again, though the client remembers where it stood", async () => {
		const client = stage.replica("aa");
		await append(client, 20);
		await stage.level(client, stage.replica("5e"));
		const anew = stage.replica("5e");
		await append(anew, 1);
		await stage.level(client, anew);
		const [ours, theirs] = [await client.host.hosted("notes"), await anew.host.hosted("notes")];
		expect(await hashesOf(theirs)).toEqual(await hashesOf(ours));
		expect(await held(theirs)).toBe(21);
	});

	it("is not taken for the one before, which left something out, though its history is the same", async () => {
		const client = stage.replica("aa");
		const entries = await maker.document(5);
		const gone = stage.replica("5e", {
			wrap: (store) =>
				changingPages(store, (page) => ({
					...page,
					arrivals: page.arrivals.filter(({ arrival }) => arrival !== 5),
				})) as LocalStore,
		});
		const anew = stage.replica("5e");
		for (const each of [gone, anew]) await (await each.host.hosted("notes")).append(entries);
		const ours = await client.host.hosted("notes");
		await stage.level(client, gone);
		expect(await held(ours)).toBe(4);
		// It has seen what the client has, and the connection ended before the client heard of it.
		await (await anew.host.hosted("notes")).pull(ours.store, { peer: client.key });
		await stage.level(client, anew);
		expect(await held(ours)).toBe(5);
	});
});

describe("a peer that gives another one's store id", () => {
	it("does not move what is remembered of that one", async () => {
		const [client, server, mallory] = [stage.replica("aa"), stage.replica("5e"), stage.replica("66")];
		const kept = await server.host.hosted("notes");
		await append(server, 5);
		await stage.level(client, server);
		const { storeId } = await kept.local.identity();
		const { local } = await client.host.hosted("notes");
		const before = await rememberedOf(local, server.key);
		await append(server, 5);
		// It has seen everything, says that it is the same store, and hides what is new.
		const position = await kept.local.position();
		const false_ = await mallory.host.hosted("notes");
		const lying = new Proxy(false_.store, {
			get(target, name: keyof LocalStore) {
				if (name === "identity") return async () => ({ ...(await target.identity()), storeId });
				if (name === "position") return async () => position;
				if (name === "entriesAfter") {
					return async (after: number) => ({
						arrivals: [],
						damaged: [],
						next: Math.max(after, position.arrival),
						digest: position.digest,
					});
				}
				const value: unknown = target[name];
				return typeof value === "function" ? value.bind(target) : value;
			},
		});
		Object.assign(false_, { store: lying });
		const met = stage.meet(client, mallory);
		await vi.waitFor(async () => expect(await rememberedOf(local, mallory.key)).toMatchObject({ position }), patience);
		met.sessions[0].close();
		await Promise.all(met.sessions.map(({ closed }) => closed));
		expect(await rememberedOf(local, server.key)).toMatchObject({ storeId, position: before?.position });
		await stage.level(client, server);
		expect(await held(await client.host.hosted("notes"))).toBe(10);
	});
});

describe("lessons 32 and 33: what has been levelled", () => {
	it("is not looked at again, whatever there is", async () => {
		const [client, server] = [stage.replica("aa"), stage.replica("5e")];
		await append(client, 400);
		await stage.level(client, server);
		const kept = await server.host.hosted("notes");
		const counting = countingStore(kept.store);
		Object.assign(kept, { store: counting.store });
		await append(client, 1);
		await stage.level(client, server);
		expect(await held(kept)).toBe(401);
		expect(counting.calls.getAllHashes).toBeUndefined();
		expect(counting.calls.hasEntries).toBeUndefined();
		expect(counting.items.entriesAfter ?? 0).toBeLessThanOrEqual(1);
	});
});

/** Resolves when two counts stand still. */
async function quiet(...counts: readonly (readonly number[])[]): Promise<void> {
	for (let before = ""; ; ) {
		await new Promise((resolve) => setTimeout(resolve, 50));
		const now = JSON.stringify(counts);
		if (now === before) return;
		before = now;
	}
}
