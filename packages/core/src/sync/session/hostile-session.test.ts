/** A peer that has proved its key and says what it must not say: the session ends with a reason, and nothing is lost. */
import {
	type EntryMaker,
	entryMaker,
	type HostedStore,
	patience,
	RawPeer,
	SessionStage,
	type StagedReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Entry, StoredEntry } from "../../entry/entry.js";
import type { Arrival, LocalStore } from "../../store/store.js";
import { packRun } from "../wire/entry-run.js";
import { StoreOpened_Answer } from "../wire/generated/sync_pb.js";
import type { MessageInit } from "../wire/messages.js";
import type { SyncSession, SyncSessionOptions } from "./sync-session.js";

const crypto = nodeCrypto();
const mallory = "66".repeat(32);
/** So much more than Alice has that she reads pages and does not reconcile. */
const far = 200;
const digest = (byte: number) => new Uint8Array(16).fill(byte);

let stage: SessionStage;
let maker: EntryMaker;
let alice: StagedReplica;
let notes: HostedStore;
let answered: Set<number>;

beforeEach(async () => {
	answered = new Set();
	maker = await entryMaker({ crypto });
	stage = new SessionStage({ crypto, tenantRoot: maker.tenantRoot, newStores: () => memoryStores(crypto) });
	alice = stage.replica("aa");
	notes = await alice.host.hosted("notes");
	await notes.append(await maker.document(3));
});

afterEach(() => stage.close());

async function held(): Promise<number> {
	return (await notes.local.position()).arrival;
}

interface Opened {
	readonly session: SyncSession;
	readonly peer: RawPeer;
}

/** Alice answers a peer that has opened the directory as 0 and the notes as 2, where it says to stand at an arrival. */
async function opened(arrival = 0, options: Partial<SyncSessionOptions> = {}): Promise<Opened> {
	const session = stage.session(alice, mallory, options);
	const peer = new RawPeer(session);
	await peer.say(open([0, "directory", 0], [2, "notes", arrival]));
	await vi.waitFor(() => expect(peer.all("opened")).toHaveLength(1), patience);
	return { session, peer };
}

function open(...stores: readonly (readonly [number, string, number])[]): MessageInit {
	return {
		case: "open",
		value: {
			live: true,
			stores: stores.map(([number, dbId, arrival]) => ({
				number,
				dbId,
				storeId: digest(number + 1),
				at: { arrival: BigInt(arrival), digest: digest(arrival === 0 ? 0 : 7) },
			})),
		},
	};
}

async function page(entries: readonly StoredEntry[], next: number, more: object = {}) {
	return { run: await packRun(crypto, entries), next: BigInt(next), digest: digest(9), ...more };
}

async function endsWith(session: SyncSession, reason: string): Promise<void> {
	expect(await session.closed).toMatchObject({ reason, byPeer: false });
}

/** Answers the next question about the notes. */
async function answer(peer: RawPeer, kind: object): Promise<void> {
	const { id } = await vi.waitFor(() => {
		const next = peer.all("request").find(({ id: each, store }) => store === 2 && !answered.has(each));
		if (next === undefined) throw new Error("nothing was asked");
		return next;
	}, patience);
	answered.add(id);
	await peer.say({ case: "response", value: { id, kind } } as MessageInit);
}

describe("a message that must not be ends the session", () => {
	const wrong: Record<string, MessageInit> = {
		"about a store that was not opened": { case: "announce", value: { store: 8, after: 0n } },
		"an answer that nobody asked for": { case: "response", value: { id: 3, kind: { case: "hashes", value: {} } } },
		"the answer to an Open that was not sent": { case: "opened", value: {} },
		"a second store with a number that is taken": open([2, "other", 0]),
		"a store with a number of this side's": open([3, "other", 0]),
		"the acknowledgement of what was never here": {
			case: "acknowledge",
			value: { store: 2, known: { arrival: 3n, digest: digest(1) } },
		},
		"the acknowledgement of what is yet to come": {
			case: "acknowledge",
			value: { store: 2, known: { arrival: 30n, digest: digest(1) } },
		},
		"an announcement without news": {
			case: "announce",
			value: { store: 2, after: 5n, page: { run: Uint8Array.of(0, 0), next: 5n, digest: digest(1) } },
		},
		"a request with a number that was used": { case: "request", value: { id: 0, store: 2 } },
	};
	for (const [name, message] of Object.entries(wrong)) {
		it(name, async () => {
			const { session, peer } = await opened();
			await peer.say(message);
			await endsWith(session, "protocol");
			await vi.waitFor(() => expect(peer.all("close")).toMatchObject([{ reason: "protocol", retry: true }]), patience);
			expect(await held()).toBe(3);
		});
	}

	it("bytes that are no message", async () => {
		const { session, peer } = await opened();
		await peer.send(Uint8Array.of(5, 255, 255, 255, 255, 255));
		await endsWith(session, "protocol");
	});

	it("the length of a message that nobody would send, before any of it is there", async () => {
		const { session, peer } = await opened();
		await peer.send(Uint8Array.of(255, 255, 255, 127));
		await endsWith(session, "limit");
	});

	it("lesson 10: a chunk that nobody asked for", async () => {
		const { session, peer } = await opened();
		await peer.send(new Uint8Array(200));
		await endsWith(session, "protocol");
	});

	it("more questions at a time than are allowed", async () => {
		const { session, peer } = await opened(0, { limits: { outputBytes: 50 } });
		peer.reading(false);
		const frames: Promise<void>[] = [];
		for (let id = 1; id <= 40; id++) {
			frames.push(peer.say({ case: "request", value: { id, store: 2, kind: { case: "position", value: true } } }));
		}
		await Promise.all(frames);
		await endsWith(session, "limit");
	});
});

describe("an answer that is not what was asked for", () => {
	it("goes beyond it", async () => {
		const { session, peer } = await opened(far);
		await answer(peer, { case: "page", value: await page([], 5000) });
		await endsWith(session, "protocol");
	});

	it("names an arrival behind its own end", async () => {
		const { session, peer } = await opened(far);
		const entries = await (await maker.another()).document(2);
		await answer(peer, { case: "page", value: await page(entries, 1) });
		await endsWith(session, "protocol");
		expect(await held()).toBe(3);
	});

	it("is of another kind", async () => {
		const { session, peer } = await opened(far);
		await answer(peer, { case: "where", value: { position: { arrival: 1n, digest: digest(1) } } });
		await endsWith(session, "protocol");
	});

	it("says that the store went back", async () => {
		const { session, peer } = await opened(far);
		await answer(peer, { case: "page", value: await page(await (await maker.another()).document(10), 10) });
		await answer(peer, { case: "page", value: await page([], 10) });
		await vi.waitFor(async () => expect(await held()).toBe(13), patience);
		await peer.say({ case: "announce", value: { store: 2, after: 10n } });
		await answer(peer, { case: "where", value: { position: { arrival: 4n, digest: digest(1) } } });
		await endsWith(session, "protocol");
		expect(await held()).toBe(13);
	});

	it("lesson 5: holds entries of another database or tenant, which are not stored; the rest is", async () => {
		const { session, peer } = await opened(far);
		const elsewhere = await entryMaker({ crypto, tenantRoot: maker.tenantRoot, dbId: "tasks" });
		const abroad = await entryMaker({ crypto, dbId: "notes" });
		const good = await (await maker.another()).document(2);
		const entries = [...(await elsewhere.document(2)), ...(await abroad.document(2)), ...good];
		await answer(peer, { case: "page", value: await page(entries, 6) });
		await answer(peer, { case: "page", value: await page([], 6) });
		await vi.waitFor(
			() => expect(peer.all("acknowledge").some(({ store, done }) => store === 2 && done)).toBe(true),
			patience,
		);
		expect(await held()).toBe(5);
		const declined = peer.all("acknowledge").flatMap(({ store, declined: each }) => (store === 2 ? each : []));
		expect(declined.map(({ reason }) => reason)).toEqual(new Array(4).fill("wrong-database"));
		session.close();
	});
});

describe("what a peer may not know or do", () => {
	it("asks about a database that it did not open, and gets nothing", async () => {
		const only = stage.replica("ab", { takesAll: false });
		const session = stage.session(only, mallory);
		const peer = new RawPeer(session);
		await peer.say(open([0, "directory", 0], [2, "secret", 0]));
		await vi.waitFor(() => expect(peer.all("opened")).toHaveLength(1), patience);
		expect(peer.all("opened")[0]?.stores.find(({ number }) => number === 2)?.answer).toBe(StoreOpened_Answer.ABSENT);
		await peer.say({ case: "request", value: { id: 1, store: 2, kind: { case: "position", value: true } } });
		await endsWith(session, "protocol");
	});

	it("erases nothing here", async () => {
		const { session, peer } = await opened();
		const [entry] = (await notes.local.getArrivals([1])) as [Arrival<Entry>];
		const { docId } = entry.entry.common;
		await peer.say({ case: "request", value: { id: 1, store: 2, kind: { case: "purge", value: docId } } });
		await vi.waitFor(() => expect(peer.all("response")[0]?.kind.case).toBe("failed"), patience);
		expect(await notes.local.getAllHashes()).toHaveLength(3);
		session.close();
	});

	it("opens stores without end", async () => {
		const { session, peer } = await opened(0, { limits: { stores: 4 } });
		for (let number = 4; number < 40 && !session.ended; number += 2) await peer.say(open([number, `db${number}`, 0]));
		await endsWith(session, "limit");
	});
});

describe("lesson 10: memory stays bounded", () => {
	it("when a peer asks and does not read", async () => {
		const big = await Promise.all(
			Array.from({ length: 60 }, () => maker.make({ chained: false, payload: crypto.randomBytes(60_000) })),
		);
		await notes.append(big);
		const { session, peer } = await opened(0, { limits: { outputBytes: 700_000 } });
		peer.reading(false);
		for (let id = 1; id <= 16; id++) {
			const value = { after: 0n, limit: 256, maxBytes: 2 ** 30 };
			await peer.say({ case: "request", value: { id, store: 2, kind: { case: "read", value } } });
		}
		await new Promise((resolve) => setTimeout(resolve, 300));
		expect(session.waitingOutput).toBeLessThan(700_000 + 1024 * 1024);
		// Whoever reads again gets the rest.
		peer.reading(true);
		await vi.waitFor(() => {
			peer.reading(true);
			expect(peer.all("response")).toHaveLength(16);
		}, patience);
		session.close();
	});

	it("when a peer wants to know again and again whether somebody is there, and does not read", async () => {
		const { session, peer } = await opened(0, { limits: { outputBytes: 10_000 } });
		peer.reading(false);
		for (let i = 0; i < 10_000; i++) await peer.say({ case: "ping", value: { number: i } });
		expect(session.waitingOutput).toBeLessThan(11_000);
		session.close();
	});

	it("when announcements come faster than they can be taken: what has no room is read again", async () => {
		let goOn = () => {};
		const gate = new Promise<void>((resolve) => {
			goOn = resolve;
		});
		const slow = stage.replica("a5", {
			wrap: (store) =>
				new Proxy(store, {
					get(target, name: keyof LocalStore) {
						if (name === "receive")
							return (...given: Parameters<LocalStore["receive"]>) => gate.then(() => target.receive(...given));
						const value: unknown = target[name];
						return typeof value === "function" ? value.bind(target) : value;
					},
				}),
		});
		const session = stage.session(slow, mallory, { limits: { waitingBytes: 3000 } });
		const peer = new RawPeer(session);
		await peer.say(open([0, "directory", 0], [2, "notes", 0]));
		await vi.waitFor(() => expect(peer.all("opened")).toHaveLength(1), patience);
		const author = await maker.another();
		for (let after = 0; after < 40; after++) {
			const value = { store: 2, after: BigInt(after), page: await page([await author.make()], after + 1) };
			await peer.say({ case: "announce", value });
		}
		expect(session.waitingInput).toBeGreaterThan(1000);
		expect(session.waitingInput).toBeLessThanOrEqual(3000);
		goOn();
		await vi.waitFor(() => expect(peer.all("request").some(({ kind }) => kind.case === "read")).toBe(true), patience);
		session.close();
	});
});
