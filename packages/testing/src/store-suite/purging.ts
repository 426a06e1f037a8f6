import { type Entry, linkOf, stubOf } from "@mindoodb/core";
import { describe, expect, test } from "vitest";
import { closedAndOpened, collect, hashesOf, type MakeStoreUnderTest, onStage } from "./under-test.js";

const everything = { lower: { createdAt: 0, hashPrefix: new Uint8Array(0) } };

/** `purgeDocHistory`. */
export function testPurging(make: MakeStoreUnderTest): void {
	describe("purging", () => {
		test("lesson 22: erases one document, for good", () =>
			onStage(make, async (stage) => {
				const { maker, under } = stage;
				const shared = under.crypto.randomBytes(6000);
				const gone = await maker.document(5);
				const goneChunk = await maker.make({
					entryType: "attachment_chunk",
					payload: shared,
					originalSize: shared.length - 29,
					docId: gone[0]?.common.docId as string,
				});
				const stays = await maker.document(3);
				const chunk = await maker.make({
					entryType: "attachment_chunk",
					payload: shared,
					originalSize: shared.length - 29,
					docId: stays[0]?.common.docId as string,
				});
				const { store } = stage;
				await store.append([...gone, goneChunk, ...stays, chunk]);
				const erased = [...gone, goneChunk];
				const [position, fingerprint] = [await store.position(), await store.fingerprint(everything)];
				const docId = gone[0]?.common.docId as string;
				expect([...(await store.purgeDocHistory(docId))].sort()).toEqual([...hashesOf(erased)].sort());
				for await (const open of closedAndOpened(stage)) {
					expect(await open.position()).toEqual(position);
					expect(await open.fingerprint(everything)).toEqual(fingerprint);
					expect(await open.hasEntries(hashesOf(erased))).toEqual([]);
					expect(await open.getEntries(hashesOf(erased))).toEqual([]);
					expect(await open.getAllHashes()).toEqual(hashesOf([...stays, chunk]));
					expect(hashesOf(await open.getEntries([chunk.hash]))).toEqual([chunk.hash]);
					const page = await open.entriesAfter(0);
					expect(page).toMatchObject({ next: 10, digest: position.digest, damaged: [] });
					expect(page.arrivals.map(({ arrival }) => arrival)).toEqual([7, 8, 9, 10]);
					expect(await collect(open.entriesOfDocument(1))).toEqual([]);
					expect(await open.documentId(1)).toBe(docId);
					expect((await collect(open.records(everything))).length).toBe(10);
					const offered = await open.putEntries([...erased, await stubOf(under.crypto, gone[2] as Entry)]);
					expect(offered.stored).toEqual([]);
					expect(offered.refused.map(({ reason }) => reason)).toEqual(new Array(7).fill("purged"));
					expect(await open.arrivalsOf([gone[0]?.hash as string])).toEqual([1]);
				}
				expect(await stage.store.purgeDocHistory(docId)).toEqual([]);
				expect(await stage.store.purgeDocHistory("unknown")).toEqual([]);
			}));

		test("what is new in a purged document is stored again, and stubs of it are refused", () =>
			onStage(make, async ({ store, maker, under }) => {
				const entries = await maker.document(3);
				const docId = entries[0]?.common.docId as string;
				await store.append(entries.slice(0, 2));
				await store.purgeDocHistory(docId);
				const stub = await stubOf(under.crypto, entries[2] as Entry);
				expect((await store.putEntries([stub])).refused).toMatchObject([{ hash: stub.hash, reason: "stub" }]);
				expect(await store.append(entries.slice(2))).toMatchObject([{ arrival: 3, document: 1 }]);
				expect((await collect(store.entriesOfDocument(1))).map(({ arrival }) => arrival)).toEqual([3]);
				expect(await store.purgeDocHistory(docId)).toEqual([stub.hash]);
			}));

		test("the links of what was purged stay, for this store alone", () =>
			onStage(make, async (stage) => {
				const { maker, under } = stage;
				const gone = await maker.document(3, { signed: false });
				const stays = await maker.make();
				await stage.store.append([...gone, stays]);
				await stage.store.purgeDocHistory(gone[0]?.common.docId as string);
				const stubs = await Promise.all(gone.map((entry) => stubOf(under.crypto, entry)));
				for await (const open of closedAndOpened(stage)) {
					const chain = await collect(open.entriesOfAuthor(maker.publicKey));
					expect(chain.slice(0, 3).map(({ entry }) => entry)).toEqual(stubs);
					expect(chain.map(({ entry }) => linkOf(entry).previousByAuthor)).toEqual([undefined, ...hashesOf(gone)]);
					expect((await open.getArrivals([2], { purged: true })).map(({ entry }) => entry)).toEqual([stubs[1]]);
					// Nothing of it is shown to those who might pass it on.
					expect(await open.getArrivals([1, 2, 3])).toEqual([]);
					expect((await open.entriesAfter(0)).arrivals.map(({ arrival }) => arrival)).toEqual([4]);
					expect(await open.getEntries(hashesOf(gone))).toEqual([]);
					expect(hashesOf(await open.findNewEntries([]))).toEqual([stays.hash]);
					expect(await open.resolveDependencies(gone[2]?.hash as string)).toEqual([]);
					for await (const damaged of open.verifyRecords()) expect(damaged).toBeUndefined();
				}
			}));

		test("what was erased for everybody is passed on as stubs, and what comes later is kept as one", () =>
			onStage(make, async (stage) => {
				const { maker, under } = stage;
				const entries = await maker.document(4, { signed: false });
				const docId = entries[0]?.common.docId as string;
				const stays = await maker.make();
				const stubs = await Promise.all(entries.map((entry) => stubOf(under.crypto, entry)));
				const [early, late] = [entries.slice(0, 2), entries.slice(2)];
				const large = await maker.make({
					payload: under.crypto.randomBytes(6000),
					originalSize: 6000 - 29,
					docId,
					entryType: "attachment_chunk",
				});
				await stage.store.append([...early, large]);
				expect(await stage.store.isErased(docId)).toBe(false);
				expect([...(await stage.store.eraseDocument(docId))].sort()).toEqual([...hashesOf([...early, large])].sort());
				expect((await stage.store.putEntries([...late, stays])).stored).toHaveLength(3);
				expect((await stage.store.putEntries([...early, ...stubs])).known).toHaveLength(6);
				for await (const open of closedAndOpened(stage)) {
					expect(await open.isErased(docId)).toBe(true);
					const page = await open.entriesAfter(0);
					expect(page.arrivals.map(({ entry }) => entry.kind)).toEqual([...new Array(5).fill("stub"), "entry"]);
					expect(await open.getEntries(hashesOf(entries))).toEqual(stubs);
					expect(await open.hasEntries(hashesOf(entries))).toEqual(hashesOf(entries));
					// Chunks are listed apart.
					expect((await collect(open.entriesOfDocument(1))).map(({ arrival }) => arrival)).toEqual([1, 2, 4, 5]);
					for await (const damaged of open.verifyRecords()) expect(damaged).toBeUndefined();
					expect(await open.eraseDocument(docId)).toEqual([]);
					// What was erased for everybody is not made a secret of this store by a purge of its own.
					expect(await open.purgeDocHistory(docId)).toEqual([]);
					expect(await open.hasEntries(hashesOf(entries))).toEqual(hashesOf(entries));
				}
			}));

		test("two stores of which one erased before it got the entries are level", () =>
			onStage(make, async ({ store, maker, under, options }) => {
				const entries = await maker.document(3);
				const docId = entries[0]?.common.docId as string;
				await store.append(entries);
				await store.eraseDocument(docId);
				const other = await (await make()).stores.open({ ...options });
				await other.eraseDocument(docId);
				await other.putEntries(entries);
				expect(await other.fingerprint(everything)).toEqual(await store.fingerprint(everything));
				expect((await other.position()).digest).toBe((await store.position()).digest);
				expect(await other.getEntries(hashesOf(entries))).toEqual(await store.getEntries(hashesOf(entries)));
				expect(await other.getEntries(hashesOf(entries))).toEqual(
					await Promise.all(entries.map((entry) => stubOf(under.crypto, entry))),
				);
				await other.close();
			}));

		test("what was purged from a store alone is passed on as stubs once everybody erases it", () =>
			onStage(make, async (stage) => {
				const { maker, under } = stage;
				const entries = await maker.document(3);
				const docId = entries[0]?.common.docId as string;
				await stage.store.append(entries);
				await stage.store.purgeDocHistory(docId);
				expect(await stage.store.eraseDocument(docId)).toEqual([]);
				for await (const open of closedAndOpened(stage)) {
					expect(await open.getEntries(hashesOf(entries))).toEqual(
						await Promise.all(entries.map((entry) => stubOf(under.crypto, entry))),
					);
					expect((await collect(open.entriesOfDocument(1))).map(({ arrival }) => arrival)).toEqual([1, 2, 3]);
				}
			}));

		test("rows that go with a document are written with its purge", () =>
			onStage(make, async (stage) => {
				const { maker } = stage;
				const [entry] = (await maker.document(1)) as [Entry];
				const [gone, written] = [Uint8Array.of(1), Uint8Array.of(2)];
				await stage.store.append([entry], { rows: async () => [{ type: "put", key: gone, value: gone }] });
				await stage.store.purgeDocHistory(entry.common.docId, {
					rows: async () => [
						{ type: "del", key: gone },
						{ type: "put", key: written, value: written },
					],
				});
				for await (const open of closedAndOpened(stage)) {
					expect(await open.rows.getMany([gone, written])).toEqual([undefined, written]);
				}
			}));

		test("a chain goes on from a purged head", () =>
			onStage(make, async (stage) => {
				const { maker } = stage;
				const [first] = (await maker.document(1)) as [Entry];
				await stage.store.append([first]);
				await stage.store.purgeDocHistory(first.common.docId);
				await stage.reopen();
				expect(await stage.store.chainHeads(maker.publicKey)).toEqual([first.hash]);
				const next = await maker.make();
				expect(await stage.store.append([next])).toMatchObject([{ fork: false }]);
				maker.continueFrom(first.hash);
				expect(await stage.store.append([await maker.make()])).toMatchObject([{ fork: true }]);
			}));
	});
}
