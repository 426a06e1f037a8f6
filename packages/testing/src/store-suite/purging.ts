import { type Entry, stubOf } from "@mindoodb/core";
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
					docId: gone[0]?.common.docId as string,
				});
				const stays = await maker.document(3);
				const chunk = await maker.make({
					entryType: "attachment_chunk",
					payload: shared,
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

		test("what is new in a purged document is stored again, and stubs of it are taken", () =>
			onStage(make, async ({ store, maker, under }) => {
				const entries = await maker.document(3);
				const docId = entries[0]?.common.docId as string;
				await store.append(entries.slice(0, 2));
				await store.purgeDocHistory(docId);
				const stub = await stubOf(under.crypto, entries[2] as Entry);
				expect((await store.putEntries([stub])).stored).toMatchObject([{ arrival: 3 }]);
				const later = await maker.make({ entryType: "doc_change", docId, dependencyHashes: [stub.hash] });
				expect(await store.append([later])).toMatchObject([{ arrival: 4, document: 1 }]);
				expect((await collect(store.entriesOfDocument(1))).map(({ arrival }) => arrival)).toEqual([3, 4]);
				expect(await store.purgeDocHistory(docId)).toEqual([stub.hash, later.hash]);
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
