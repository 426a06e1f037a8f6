import type { Entry, LocalStore } from "@mindoodb/core";
import { describe, expect, test } from "vitest";
import {
	closedAndOpened,
	collect,
	hashesOf,
	type MakeStoreUnderTest,
	onStage,
	type Stage,
	withoutPayload,
} from "./under-test.js";

const size = 5000;

/** Chunks without their bytes, and bytes without their chunks. */
export function testContents(make: MakeStoreUnderTest): void {
	const makeChunk = ({ maker }: Stage, fill: number) =>
		maker.make({ entryType: "attachment_chunk", payload: new Uint8Array(size + 29).fill(fill), originalSize: size });
	const hashOf = ({ common }: Entry) => common.contentHash;
	const payloadsOf = async (store: LocalStore, entries: readonly Entry[]) =>
		(await store.getEntries(hashesOf(entries))).map((entry) => entry.kind === "entry" && entry.payload?.[0]);

	describe("payloads of documents", () => {
		test("may be lacking where that is asked for, are no damage then, and come later", () =>
			onStage(make, async (stage) => {
				const small = await stage.maker.make({ originalSize: 71 });
				const large = await stage.maker.make({ payload: new Uint8Array(9000).fill(2), originalSize: 20_000 });
				const here = await stage.maker.make();
				const bare = [small, large].map(withoutPayload);
				const refused = (await stage.store.putEntries([...bare, here])).refused.map(({ reason }) => reason);
				expect(refused).toEqual(["format", "format"]);
				expect((await stage.store.receive(bare, { headersAlone: true })).stored).toHaveLength(2);
				expect((await stage.store.putEntries(bare)).known).toEqual(hashesOf(bare));
				for await (const store of closedAndOpened(stage)) {
					expect(await payloadsOf(store, [small, large])).toEqual([undefined, undefined]);
					for (const contents of [true, false]) {
						expect((await store.entriesAfter(0, { contents })).damaged).toEqual([]);
					}
					expect(await collect(one(store.verifyRecords()))).toEqual([]);
					const lacking = await collect(store.contents.lacking());
					expect(new Set(lacking)).toEqual(
						new Set([
							{ contentHash: hashOf(small), bytes: 100, ofDocument: true },
							{ contentHash: hashOf(large), bytes: 20_029, ofDocument: true },
						]),
					);
				}
				const { contents } = stage.store;
				await contents.put(
					[small, large].map((entry) => ({ contentHash: hashOf(entry), payload: entry.payload as Uint8Array })),
				);
				for await (const store of closedAndOpened(stage)) {
					expect(await store.getEntries(hashesOf([small, large]))).toEqual([small, large]);
					expect(await collect(store.contents.lacking())).toEqual([]);
				}
				await stage.store.purgeDocHistory(small.common.docId);
				expect(await stage.store.contents.has([hashOf(small), hashOf(large)])).toEqual([false, true]);
			}));
	});

	describe("payloads of chunks", () => {
		test("may be lacking, and are no damage then", () =>
			onStage(make, async (stage) => {
				const [a, b] = [await makeChunk(stage, 1), await makeChunk(stage, 2)];
				const hashes = [hashOf(a), hashOf(b)];
				expect(await stage.store.wantsContents?.(hashes)).toEqual(hashes);
				expect((await stage.store.putEntries([withoutPayload(a), b])).refused).toEqual([]);
				for await (const store of closedAndOpened(stage)) {
					expect(await payloadsOf(store, [a, b])).toEqual([undefined, 2]);
					expect(await store.wantsContents?.(hashes)).toEqual([hashOf(a)]);
					expect(await store.hasContents?.(hashes)).toEqual([hashOf(b)]);
					expect(await store.getContents?.(hashes)).toEqual([b.payload]);
					const page = await store.entriesAfter(0);
					expect([page.damaged, page.arrivals.length]).toEqual([[], 2]);
					expect(await collect(one(store.verifyRecords()))).toEqual([]);
					expect(await collect(store.contents.lacking())).toEqual([
						{ contentHash: hashOf(a), bytes: size + 29, ofDocument: false },
					]);
				}
			}));

		test("are left out of pages that do not want them", () =>
			onStage(make, async (stage) => {
				const document = await stage.maker.make({ payload: new Uint8Array(9000).fill(3) });
				await stage.store.append([await makeChunk(stage, 1), document, await makeChunk(stage, 2)]);
				const { arrivals } = await stage.store.entriesAfter(0, { contents: false, maxBytes: 10_000 });
				expect(arrivals.map(({ entry }) => entry.kind === "entry" && entry.payload?.length)).toEqual([
					undefined,
					9000,
					undefined,
				]);
			}));

		test("come later: with their entries, or alone; only true ones that a chunk needs", () =>
			onStage(make, async (stage) => {
				const { store } = stage;
				const [a, b, stranger] = [await makeChunk(stage, 1), await makeChunk(stage, 2), await makeChunk(stage, 3)];
				await store.putEntries([a, b].map(withoutPayload));
				expect((await store.putEntries([{ ...a, payload: b.payload }])).known).toEqual([a.hash]);
				expect(await payloadsOf(store, [a])).toEqual([undefined]);
				expect((await store.putEntries([a])).known).toEqual([a.hash]);
				expect(await payloadsOf(store, [a])).toEqual([1]);
				const contents = [b, stranger].map((entry) => ({
					contentHash: hashOf(entry),
					payload: entry.payload as Uint8Array,
				}));
				expect(await store.contents.put(contents)).toEqual([hashOf(b)]);
				expect(await store.contents.has([hashOf(b), hashOf(stranger)])).toEqual([true, false]);
				expect(await collect(store.contents.lacking())).toEqual([]);
			}));

		test("do not make a chunk that no store takes alone: one that is far off the size in the header counts as lacking", () =>
			onStage(make, async (stage) => {
				const { maker, store } = stage;
				const entryType = "attachment_chunk";
				const small = await maker.make({ entryType, payload: new Uint8Array(size).fill(1), originalSize: 1 });
				const large = await maker.make({ entryType, payload: new Uint8Array(100).fill(2), originalSize: size });
				for (const offered of [[small, large], [small, large].map(withoutPayload)]) {
					const { refused } = await store.putEntries(offered);
					expect(refused).toMatchObject([{ hash: small.hash, reason: "format" }]);
				}
				expect(await store.getEntries([small.hash, large.hash])).toEqual([withoutPayload(large)]);
				expect(await store.wantsContents?.([hashOf(large)])).toEqual([hashOf(large)]);
			}));

		test("are not taken where they would lie in a record, so none passes for the place of another", () =>
			onStage(make, async (stage) => {
				const { maker, store } = stage;
				for (const length of [14, 4096]) {
					const payload = new Uint8Array(length);
					const chunk = await maker.make({ entryType: "attachment_chunk", payload, originalSize: size });
					await store.putEntries([withoutPayload(chunk)]);
					expect(await store.contents.put([{ contentHash: hashOf(chunk), payload }])).toEqual([]);
					expect(await store.hasContents?.([hashOf(chunk)])).toEqual([]);
				}
			}));

		test("are dropped and taken again; those that an upload has staged stay", () =>
			onStage(make, async (stage) => {
				const [a, b] = [await makeChunk(stage, 1), await makeChunk(stage, 2)];
				await stage.store.append([a, b]);
				await stage.store.staging.put(
					"ab".repeat(8),
					[{ contentHash: hashOf(b), payload: b.payload as Uint8Array }],
					1,
				);
				expect(await stage.store.contents.drop([hashOf(a), hashOf(b)])).toEqual([hashOf(a)]);
				for await (const store of closedAndOpened(stage))
					expect(await payloadsOf(store, [a, b])).toEqual([undefined, 2]);
				expect((await stage.store.putEntries([a])).known).toEqual([a.hash]);
				expect(await payloadsOf(stage.store, [a])).toEqual([1]);
				await stage.store.contents.drop([hashOf(a)], { unwanted: true });
				expect(await collect(stage.store.contents.lacking())).toEqual([]);
				expect(await payloadsOf(stage.store, [a])).toEqual([undefined]);
			}));

		test("go with the purge of the last document that needs them, lacking or not", () =>
			onStage(make, async (stage) => {
				const [a, b] = [await makeChunk(stage, 1), await makeChunk(stage, 2)];
				await stage.store.putEntries([withoutPayload(a), b]);
				expect(hashesOf(await stage.store.contents.entriesOf(hashOf(b)))).toEqual([b.hash]);
				await stage.store.purgeDocHistory(a.common.docId);
				await stage.store.purgeDocHistory(b.common.docId);
				expect(await collect(stage.store.contents.lacking())).toEqual([]);
				expect(await stage.store.contents.has([hashOf(a), hashOf(b)])).toEqual([false, false]);
			}));

		test("are refused, or not called lasting, by a store that was told so", () =>
			onStage(make, async (stage) => {
				const [a, b] = [await makeChunk(stage, 1), await makeChunk(stage, 2)];
				await stage.store.append([a]);
				await stage.store.contents.setPolicy({ wanted: false, lasting: false });
				for await (const store of closedAndOpened(stage)) {
					await store.putEntries([b]);
					expect(await payloadsOf(store, [a, b])).toEqual([1, undefined]);
					expect(await store.wantsContents?.([hashOf(b)])).toEqual([]);
					expect(await store.hasContents?.([hashOf(a)], { lasting: true })).toEqual([]);
					expect(await store.hasContents?.([hashOf(a)])).toEqual([hashOf(a)]);
				}
			}));
	});
}

async function* one<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
	for await (const item of items) yield [item];
}
