import {
	type AliceAndBob,
	aliceAndBob,
	countingStore,
	type FaultyLevel,
	faultyLevel,
	lyingStore,
	type TestReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import { equalBytes } from "../../bytes/compare.js";
import { concatBytes } from "../../bytes/concat.js";
import type { Entry } from "../../entry/entry.js";
import { chunkPayloadLength } from "../../entry/payload.js";
import type { Level } from "../../store/level.js";
import type { ContentAddressedStore, LocalStore } from "../../store/store.js";
import type { MindooDB } from "../mindoo-db.js";
import type { AttachmentMode } from "./attachment-mode.js";

const chunkSize = 16_384;
const payloadBytes = chunkPayloadLength(chunkSize);

let place: AliceAndBob;
/** Alice's, who has everything. */
let full: MindooDB;
/** Engines by replica, in the order in which they were made: the directory's first. */
let engines: Map<string, FaultyLevel[]>;

beforeEach(async () => {
	engines = new Map();
	place = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto, replica) =>
			memoryStores(crypto, {
				wrapLevel: (level: Level) => {
					const faulty = faultyLevel(level);
					engines.set(replica, [...(engines.get(replica) ?? []), faulty]);
					return faulty.level;
				},
			}),
	});
	full = await place.alice.tenant.openDB("files", { chunkSize });
});

/** Bytes of which no two chunks are alike. */
function bytes(chunks: number, seed = 1): Uint8Array {
	const words = new Uint32Array((chunks * chunkSize) / 4);
	let state = seed;
	for (let i = 0; i < words.length; i++) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
		words[i] = state;
	}
	return new Uint8Array(words.buffer);
}

const open = (replica: TestReplica, attachments?: AttachmentMode) =>
	replica.tenant.openDB("files", { chunkSize, ...(attachments && { attachments }) });

async function reopen(replica: TestReplica, attachments?: AttachmentMode): Promise<MindooDB> {
	await replica.reopen();
	return open(replica, attachments);
}

/** A document with a file. */
async function add(db: MindooDB, data: Uint8Array): Promise<{ readonly docId: string; readonly id: string }> {
	const { id: docId } = await db.createDocument({ title: "Minutes" });
	let id = "";
	await db.changeDoc(docId, async (_, attachments) => {
		id = await attachments.addAttachment(data, "minutes.txt", "text/plain");
	});
	return { docId, id };
}

type File = Awaited<ReturnType<typeof add>>;

async function range(db: MindooDB, { docId, id }: File, from: number, to: number): Promise<Uint8Array> {
	const doc = await db.getDocument(docId);
	if (doc === undefined) throw new Error("the document is not here");
	return doc.getAttachmentRange(id, from * chunkSize, to * chunkSize);
}

async function expectFile(db: MindooDB, file: File, data: Uint8Array): Promise<void> {
	expect(equalBytes(await range(db, file, 0, data.length / chunkSize), data)).toBe(true);
}

/** Chunks of the file whose bytes the replica behind a store holds. */
async function heldOf(store: ContentAddressedStore, { docId }: File): Promise<number[]> {
	const chunks = (await full.store.findNewEntriesForDoc([], docId)).filter(
		(entry) => entry.kind === "entry" && entry.fields?.entryType === "attachment_chunk",
	) as Entry[];
	const held = new Set(await store.hasContents?.(chunks.map(({ common }) => common.contentHash)));
	return chunks.flatMap(({ common }, index) => (held.has(common.contentHash) ? [index] : []));
}

describe("a lazy replica", () => {
	it("takes no bytes of chunks when it levels; a range fetches its chunks alone, once", async () => {
		const data = bytes(20);
		const file = await add(full, data);
		const lazy = await open(place.bob, "lazy");
		const source = countingStore(full.store);
		await lazy.pullChangesFrom(source.store);
		expect(source.payloadBytes).toBeLessThan(2_000);
		expect(source.calls.getContents).toBeUndefined();
		expect(await lazy.store.getAllHashes()).toEqual(await full.store.getAllHashes());
		await expect(range(lazy, file, 3, 5)).rejects.toMatchObject({ code: "chunk-missing" });
		lazy.addSource(source.store);
		for (let i = 0; i < 2; i++) {
			expect(equalBytes(await range(lazy, file, 3, 5), data.slice(3 * chunkSize, 5 * chunkSize))).toBe(true);
			expect(source.items.getContents).toBe(2);
		}
		expect(await heldOf(lazy.store, file)).toEqual([3, 4]);
		await expectFile(lazy, file, data);
		expect(source.items.getContents).toBe(20);
	});

	it("may keep its chunks in a store of their own", async () => {
		const data = bytes(4);
		const file = await add(full, data);
		const { env, tenant } = place.bob;
		const { tenantRoot } = tenant.identity;
		const attachmentStore = await env.stores.open({ tenantRoot, dbId: "files", purpose: "attachments" });
		const lazy = await tenant.openDB("files", { attachmentStore, attachments: "lazy" });
		await lazy.pullChangesFrom(full.store);
		expect(await heldOf(lazy.store, file)).toEqual([]);
		lazy.addSource(full.store);
		await range(lazy, file, 1, 2);
		expect(await heldOf(attachmentStore, file)).toEqual([1]);
		expect(await (await lazy.getDocument(file.docId))?.getHeldBytes(file.id)).toBe(chunkSize);
		expect(await lazy.pinAttachments(file.docId)).toEqual({ chunks: 3, bytes: 3 * payloadBytes, missing: 0 });
		await expectFile(lazy, file, data);
	});

	it("names the chunk that no source has, and reads the others", async () => {
		const data = bytes(6);
		const file = await add(full, data);
		const lazy = await open(place.bob, "lazy");
		await lazy.pullChangesFrom(full.store);
		const chunks = (await full.store.findNewEntries([])) as Entry[];
		const lost = chunks.filter(({ fields }) => fields?.entryType === "attachment_chunk")[2] as Entry;
		lazy.addSource(
			lyingStore(full.store, {
				getContents: async (hashes) =>
					(await full.store.getContents?.(hashes.filter((hash) => hash !== lost.common.contentHash))) ?? [],
			}),
		);
		await expect(range(lazy, file, 0, 6)).rejects.toMatchObject({ code: "chunk-missing", data: { hash: lost.hash } });
		expect(equalBytes(await range(lazy, file, 3, 6), data.slice(3 * chunkSize))).toBe(true);
	});

	it("fetches what two readers want at once, once", async () => {
		const data = bytes(4);
		const file = await add(full, data);
		const lazy = await open(place.bob, "lazy");
		await lazy.pullChangesFrom(full.store);
		const source = countingStore(full.store);
		lazy.addSource(source.store);
		await Promise.all([expectFile(lazy, file, data), expectFile(lazy, file, data)]);
		expect(source.items.getContents).toBe(4);
	});

	it("offers what it has: who levels with it knows what is lacking, and gets it from somebody else", async () => {
		const data = bytes(8);
		const file = await add(full, data);
		const lazy = await open(place.bob, "lazy");
		await lazy.pullChangesFrom(full.store);
		lazy.addSource(full.store);
		await range(lazy, file, 0, 2);
		const carol = await place.fixture.member("carol");
		const third = await open(carol);
		await third.pullChangesFrom(lazy.store);
		expect(await heldOf(third.store, file)).toEqual([0, 1]);
		await expect(range(third, file, 2, 3)).rejects.toMatchObject({ code: "chunk-missing" });
		const source = countingStore(full.store);
		await third.pullChangesFrom(source.store);
		expect(source.items.getContents).toBe(6);
		await expectFile(third, file, data);
	});

	it("pushes its headers; whoever pushes behind it brings the bytes", async () => {
		const data = bytes(5);
		const file = await add(full, data);
		const lazy = await open(place.bob, "lazy");
		await lazy.pullChangesFrom(full.store);
		const third = await open(await place.fixture.member("carol"));
		expect((await lazy.pushChangesTo(third.store)).refused).toEqual([]);
		expect(await heldOf(third.store, file)).toEqual([]);
		expect((await full.pushChangesTo(third.store)).refused).toEqual([]);
		await expectFile(third, file, data);
	});

	it("is sent no bytes by those who push to it", async () => {
		const file = await add(full, bytes(5));
		const lazy = await open(place.bob, "lazy");
		let sent = 0;
		const counting = lyingStore(lazy.store, {
			putEntries: (entries) => {
				for (const entry of entries) sent += entry.kind === "entry" ? (entry.payload?.length ?? 0) : 0;
				return lazy.store.putEntries(entries);
			},
		});
		expect((await full.pushChangesTo(counting)).refused).toEqual([]);
		expect(sent).toBeLessThan(2_000);
		// Nor does it keep what somebody sends all the same.
		await lazy.store.putEntries(await full.store.getEntries(await full.store.getAllHashes()));
		expect(await heldOf(lazy.store, file)).toEqual([]);
	});

	it("becomes eager and fetches the rest, tells how far it is, and stops when told to", async () => {
		const data = bytes(2_000 / 4);
		const file = await add(full, data);
		await (await open(place.bob, "lazy")).pullChangesFrom(full.store);
		const eager = await reopen(place.bob, "eager");
		const fetched: number[] = [];
		eager.addSource(full.store);
		const control = new AbortController();
		const onFetched = (sum: number) => {
			fetched.push(sum);
			control.abort(new Error("enough"));
		};
		await expect(eager.fetchAttachments({ signal: control.signal, onFetched })).rejects.toThrow("enough");
		expect(fetched).toHaveLength(1);
		const rest = data.length / chunkSize - (await heldOf(eager.store, file)).length;
		expect(await eager.fetchAttachments()).toEqual({ chunks: rest, bytes: rest * payloadBytes, missing: 0 });
		expect(await eager.fetchAttachments()).toEqual({ chunks: 0, bytes: 0, missing: 0 });
		await expectFile(eager, file, data);
		// The choice is remembered.
		await (await reopen(place.bob, "lazy")).close();
		const still = await open(place.bob);
		await add(full, bytes(3, 9));
		const source = countingStore(full.store);
		await still.pullChangesFrom(source.store);
		expect(source.calls.getContents).toBeUndefined();
	});
});

describe("an eager replica", () => {
	it("is sent bytes that it has in another document once, also when it pulls", async () => {
		const data = bytes(10);
		await add(full, data);
		const theirs = await open(place.bob);
		await theirs.pullChangesFrom(full.store);
		const again = await add(full, data);
		const source = countingStore(full.store);
		await theirs.pullChangesFrom(source.store);
		expect(source.payloadBytes).toBeLessThan(2_000);
		expect(source.calls.getContents).toBeUndefined();
		await expectFile(theirs, again, data);
	});

	it("that is cut off between headers and bytes goes on at the next levelling", async () => {
		const data = bytes(5);
		const file = await add(full, data);
		const theirs = await open(place.bob);
		const engine = engines.get("bob")?.at(-1) as FaultyLevel;
		const cut = lyingStore(full.store, {
			getContents: async (hashes) => {
				engine.failWrites({ times: 1 });
				return (await full.store.getContents?.(hashes)) ?? [];
			},
		});
		await expect(theirs.pullChangesFrom(cut)).rejects.toMatchObject({ code: "store-io" });
		expect(await heldOf(theirs.store, file)).toEqual([]);
		const after = await reopen(place.bob);
		expect(await heldOf(after.store, file)).toEqual([]);
		expect((await after.pullChangesFrom(full.store)).stored).toBe(0);
		await expectFile(after, file, data);
	});
});

describe("sources", () => {
	it("that lie, cut short, fail or never answer are asked after the others", async () => {
		const data = bytes(6);
		const file = await add(full, data);
		const lazy = await open(place.bob, "lazy");
		await lazy.pullChangesFrom(full.store);
		const asked: string[] = [];
		const honest = async (hashes: readonly string[]) => (await full.store.getContents?.(hashes)) ?? [];
		const source = (name: string, answer: (hashes: readonly string[]) => Promise<Uint8Array[]>) =>
			lazy.addSource(
				lyingStore(full.store, {
					getContents: (hashes) => {
						asked.push(name);
						return answer(hashes);
					},
				}),
			);
		source("lies", async (hashes) => hashes.map(() => new Uint8Array(payloadBytes)));
		source("cuts", async (hashes) => (await honest(hashes)).map((payload) => payload.subarray(0, -1)));
		source("floods", async (hashes) => hashes.map(() => new Uint8Array(2 << 20)));
		source("fails", async () => {
			throw new Error("no");
		});
		source("hangs", () => {
			queueMicrotask(() => place.bob.clock.advance(60_000));
			return new Promise(() => {});
		});
		source("junk", async () => "bytes" as unknown as Uint8Array[]);
		source("honest", honest);
		expect(equalBytes(await range(lazy, file, 0, 2), data.slice(0, 2 * chunkSize))).toBe(true);
		expect(asked).toEqual(["lies", "cuts", "floods", "fails", "hangs", "junk", "honest"]);
		asked.length = 0;
		expect(equalBytes(await range(lazy, file, 2, 6), data.slice(2 * chunkSize))).toBe(true);
		expect(asked).toEqual(["honest"]);
		expect(place.bob.clock.waiting).toBeLessThan(2);
	});

	it("that are taken away are not asked", async () => {
		const file = await add(full, bytes(2));
		const lazy = await open(place.bob, "lazy");
		await lazy.pullChangesFrom(full.store);
		lazy.addSource(full.store)();
		await expect(range(lazy, file, 0, 1)).rejects.toMatchObject({ code: "chunk-missing" });
	});
});

it("waits once for a source that says it has everything and gives nothing, however much is lacking", async () => {
	const file = await add(full, bytes(150));
	const copy = await open(place.bob, "lazy");
	await copy.pullChangesFrom(full.store);
	let asked = 0;
	copy.addSource(
		lyingStore(full.store, {
			getContents: () => {
				asked++;
				return new Promise(() => undefined);
			},
		}),
	);
	let fetched: unknown;
	const fetching = copy.fetchAttachments({ docId: file.docId }).then((result) => {
		fetched = result;
	});
	for (let waits = 0; fetched === undefined && waits < 8; waits++) {
		await expect.poll(() => fetched !== undefined || asked > waits).toBe(true);
		place.bob.clock.advance(30_000);
	}
	await fetching;
	expect(fetched).toEqual({ chunks: 0, bytes: 0, missing: 150 });
	expect(asked).toBe(1);
});

describe("a bound", () => {
	const five = { maxBytes: 5 * payloadBytes };

	it("makes what was read longest ago leave, also across a restart", async () => {
		const file = await add(full, bytes(12));
		let bounded = await open(place.bob, five);
		await bounded.pullChangesFrom(full.store);
		bounded.addSource(full.store);
		for (const chunk of [4, 3, 2, 1, 0, 4]) await range(bounded, file, chunk, chunk + 1);
		bounded = await reopen(place.bob, five);
		bounded.addSource(full.store);
		await range(bounded, file, 8, 9);
		await range(bounded, file, 9, 10);
		await settled(bounded);
		expect(await heldOf(bounded.store, file)).toEqual([0, 1, 4, 8, 9]);
	});

	it("lets a reader go on whose bytes leave meanwhile", async () => {
		const data = bytes(600);
		const file = await add(full, data);
		const bounded = await open(place.bob, { maxBytes: 0 });
		await bounded.pullChangesFrom(full.store);
		const source = countingStore(full.store);
		bounded.addSource(source.store);
		const doc = await bounded.getDocument(file.docId);
		const pieces: Uint8Array[] = [];
		for await (const piece of doc?.streamAttachment(file.id) ?? []) {
			// Three pieces of 2 MiB are on their way at most, however long the reader takes.
			if (pieces.length === 0) expect(source.items.getContents).toBeLessThanOrEqual(3 * 128);
			pieces.push(piece);
		}
		expect(equalBytes(concatBytes(...pieces), data)).toBe(true);
		await settled(bounded);
		expect(await heldOf(bounded.store, file)).toEqual([]);
	});

	it("never takes what no other replica is known to keep", async () => {
		const bounded = await open(place.bob, { maxBytes: 0 });
		await bounded.pullChangesFrom(full.store);
		const own = await add(bounded, bytes(4));
		const { docId } = own;
		const held = async () => (await heldByEntries(bounded, docId)).length;
		await settled(bounded);
		expect(await held()).toBe(4);
		// One that makes room too is no place to rely on, nor is one that took the headers alone.
		const carol = await place.fixture.member("carol");
		const other = await open(carol, { maxBytes: 2 ** 40 });
		await other.pullChangesFrom(bounded.store);
		other.addSource(bounded.store);
		await range(other, own, 0, 4);
		await bounded.pushChangesTo(other.store);
		expect(await held()).toBe(4);
		await bounded.pushChangesTo(full.store);
		expect(await held()).toBe(0);
		bounded.addSource(full.store);
		await expectFile(bounded, own, bytes(4));
	});

	it("relies on no replica that has the same bytes for another document's sake alone", async () => {
		const data = bytes(3);
		const theirs = await add(full, data);
		const bounded = await open(place.bob, { maxBytes: 0 });
		const own = await add(bounded, data);
		bounded.addSource(full.store);
		await settled(bounded);
		expect(await heldByEntries(bounded, own.docId)).toHaveLength(3);
		await full.store.purgeDocHistory(theirs.docId);
		await bounded.pushChangesTo(full.store);
		await expectFile(full, own, data);
		expect(await heldByEntries(bounded, own.docId)).toEqual([]);
	});

	it("spares pinned documents, until they are not", async () => {
		const [file, other] = [await add(full, bytes(3)), await add(full, bytes(3, 5))];
		let bounded = await open(place.bob, { maxBytes: 0 });
		await bounded.pullChangesFrom(full.store);
		bounded.addSource(full.store);
		expect(await bounded.pinAttachments(file.docId)).toMatchObject({ chunks: 3, missing: 0 });
		await range(bounded, other, 0, 3);
		await settled(bounded);
		expect([await heldOf(bounded.store, file), await heldOf(bounded.store, other)]).toEqual([[0, 1, 2], []]);
		bounded = await reopen(place.bob);
		expect(await bounded.pinnedAttachments()).toEqual([file.docId]);
		// What comes later is fetched too.
		await full.changeDoc(file.docId, (_, attachments) => attachments.appendToAttachment(file.id, bytes(2, 8)));
		await bounded.pullChangesFrom(full.store);
		expect(await heldOf(bounded.store, file)).toEqual([0, 1, 2, 3, 4]);
		await bounded.unpinAttachments(file.docId);
		bounded.addSource(full.store);
		await settled(bounded);
		expect(await heldOf(bounded.store, file)).toEqual([]);
	});

	it("counts what was here before there was one", async () => {
		const file = await add(full, bytes(4));
		await (await open(place.bob)).pullChangesFrom(full.store);
		const bounded = await reopen(place.bob, { maxBytes: payloadBytes });
		bounded.addSource(full.store);
		await settled(bounded);
		expect(await heldOf(bounded.store, file)).toHaveLength(1);
	});

	it("that is none is refused", async () => {
		for (const attachments of [{ maxBytes: -1 }, { maxBytes: 0.5 }, "some", {}, null] as AttachmentMode[]) {
			await expect(place.bob.tenant.openDB("files", { attachments })).rejects.toMatchObject({ code: "usage" });
		}
	});
});

describe("a purge", () => {
	it("erases the bytes that are here, but for those that another document needs", async () => {
		const data = bytes(3);
		const [file, other] = [await add(full, data), await add(full, data)];
		const alone = await add(full, bytes(3, 7));
		const lazy = await open(place.bob, "lazy");
		await lazy.pullChangesFrom(full.store);
		lazy.addSource(full.store);
		await range(lazy, file, 0, 3);
		await range(lazy, alone, 0, 1);
		await lazy.store.purgeDocHistory(file.docId);
		await lazy.store.purgeDocHistory(alone.docId);
		await expectFile(lazy, other, data);
		expect(await heldOf(lazy.store, alone)).toEqual([]);
		// What nothing needs any more is lacking nowhere.
		const eager = await reopen(place.bob, "eager");
		eager.addSource(full.store);
		expect(await eager.fetchAttachments()).toEqual({ chunks: 0, bytes: 0, missing: 0 });
	});
});

/** Room is made behind the reader's back; unpinning nothing waits for it. */
async function settled(db: MindooDB): Promise<void> {
	await db.unpinAttachments("none");
}

async function heldByEntries(db: MindooDB, docId: string): Promise<string[]> {
	const entries = (await db.store.findNewEntriesForDoc([], docId)) as Entry[];
	const chunks = entries.filter(({ fields }) => fields?.entryType === "attachment_chunk");
	return (await (db.store as LocalStore).hasContents?.(chunks.map(({ common }) => common.contentHash))) ?? [];
}
