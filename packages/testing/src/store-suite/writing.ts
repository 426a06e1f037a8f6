import type { Entry, LocalStore, RowWrite } from "@mindoodb/core";
import { describe, expect, test } from "vitest";
import type { EntryMaker } from "../entry-maker.js";
import { closedAndOpened, hashesOf, type MakeStoreUnderTest, onStage, wire } from "./under-test.js";

const everything = { lower: { createdAt: 0, hashPrefix: new Uint8Array(0) } };

/** Appending and reading back what one writes oneself. */
export function testWriting(make: MakeStoreUnderTest): void {
	describe("writing", () => {
		test("an empty store is empty", () =>
			onStage(make, async ({ store, options }) => {
				const identity = await store.identity();
				expect(identity).toEqual({
					storeId: expect.stringMatching(/^[0-9a-f]{32}$/),
					tenantRoot: options.tenantRoot,
					dbId: "notes",
				});
				expect(await store.position()).toEqual({ arrival: 0, digest: "0".repeat(32) });
				expect(await store.getAllHashes()).toEqual([]);
				expect(store.documentCount()).toBe(0);
				expect(await store.append([])).toEqual([]);
				expect(await store.entriesAfter(0)).toEqual({ arrivals: [], next: 0, digest: "0".repeat(32), damaged: [] });
			}));

		test("tells of new entries when they are there, and of nothing else", () =>
			onStage(make, async ({ store, maker }) => {
				const arrivals: Promise<number>[] = [];
				const end = store.onAppended(() => arrivals.push(store.position().then(({ arrival }) => arrival)));
				const entries = [await maker.make(), await maker.make()];
				await store.append(entries);
				expect(await Promise.all(arrivals)).toEqual([2]);
				await store.append(entries);
				await store.append([], { rows: async () => [{ type: "put", key: Uint8Array.of(1), value: Uint8Array.of(1) }] });
				await store.putEntries([await maker.make()]);
				expect(await Promise.all(arrivals)).toEqual([2, 3]);
				end();
				await store.append([await maker.make()]);
				expect(arrivals).toHaveLength(2);
			}));

		test("gives entries back byte for byte, also after opening again", () =>
			onStage(make, async (stage) => {
				const { maker, under } = stage;
				const head = "ab".repeat(32);
				const entries = [
					await maker.make(),
					await maker.make({ payload: under.crypto.randomBytes(4096), directoryHeads: ["00".repeat(32), head] }),
					await maker.make({ payload: under.crypto.randomBytes(4097), signed: false }),
					await maker.make({
						entryType: "doc_delete",
						dependencyHashes: [head],
						payload: under.crypto.randomBytes(29),
					}),
					await maker.make({
						entryType: "doc_snapshot",
						dependencyHashes: ["01".repeat(32), head],
						decryptionKeyId: "schlüssel",
					}),
					await maker.make({
						entryType: "attachment_chunk",
						payload: under.crypto.randomBytes(300_000),
						originalSize: 5,
					}),
					await maker.make({
						docId: "kurz",
						extensions: new Map([[128, Uint8Array.of(1, 2, 3)]]),
						createdAt: 2 ** 48 - 1,
					}),
					await (await maker.another()).make({ createdAt: 0 }),
				];
				const placements = await stage.store.append(entries);
				expect(placements.map(({ arrival }) => arrival)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
				for await (const store of closedAndOpened(stage)) {
					expect((await store.getEntries(hashesOf(entries))).map(wire)).toEqual(entries.map(wire));
					const page = await store.entriesAfter(0);
					expect(page.arrivals.map(({ entry }) => wire(entry))).toEqual(entries.map(wire));
					const [entry] = await store.getEntries([entries[6]?.hash as string]);
					expect((entry as Entry).fields).toEqual(entries[6]?.fields);
					expect(await store.getAllHashes()).toEqual(hashesOf(entries));
				}
			}));

		test("keeps the identity when opened again; another database gets another", () =>
			onStage(make, async (stage) => {
				const first = await stage.store.identity();
				expect(await (await stage.reopen()).identity()).toEqual(first);
				const other = await stage.under.stores.open({ ...stage.options, dbId: "other" });
				expect((await other.identity()).storeId).not.toBe(first.storeId);
				await stage.store.append([await stage.maker.make()]);
				expect(await other.position()).toMatchObject({ arrival: 0 });
				await other.close();
				expect(await stage.under.stores.list(stage.options.tenantRoot)).toEqual(["notes", "other"]);
				await stage.under.stores.drop(stage.options.tenantRoot, "other");
				expect(await stage.under.stores.list(stage.options.tenantRoot)).toEqual(["notes"]);
				expect(await stage.under.stores.list("00".repeat(32))).toEqual([]);
			}));

		test("lesson 25: a store that is made anew has another identity", () =>
			onStage(make, async (stage) => {
				const before = await stage.store.identity();
				await stage.store.append([await stage.maker.make()]);
				await stage.store.close();
				await stage.under.stores.drop(stage.options.tenantRoot, stage.options.dbId);
				stage.store = await stage.under.stores.open(stage.options);
				expect((await stage.store.identity()).storeId).not.toBe(before.storeId);
				expect(await stage.store.position()).toMatchObject({ arrival: 0 });
			}));

		test("skips what it has, within one call and between calls", () =>
			onStage(make, async ({ store, maker }) => {
				const [first, second] = [await maker.make(), await maker.make()];
				const placed = await store.append([first, first, second]);
				expect(placed.map(({ arrival }) => arrival)).toEqual([1, 1, 2]);
				expect(await store.append([second, first])).toMatchObject([{ arrival: 2 }, { arrival: 1, document: 1 }]);
				expect(await store.position()).toMatchObject({ arrival: 2 });
			}));

		test("numbers documents from 1 without gaps", () =>
			onStage(make, async (stage) => {
				const { maker } = stage;
				const one = await maker.document(3);
				const two = await maker.document(2);
				const placements = await stage.store.append([...one, ...two]);
				expect(placements.map(({ document }) => document)).toEqual([1, 1, 1, 2, 2]);
				await stage.store.append([await maker.make()]);
				for await (const store of closedAndOpened(stage)) {
					expect(store.documentCount()).toBe(3);
					expect(await store.documentNumber(two[0]?.common.docId as string)).toBe(2);
					expect(await store.documentId(2)).toBe(two[0]?.common.docId);
					expect(await store.documentNumber("unknown")).toBeUndefined();
					expect(await store.documentId(4)).toBeUndefined();
				}
			}));

		test("refuses entries of another database or tenant", () =>
			onStage(make, async ({ store, maker }) => {
				const other = await maker.make({ dbId: "other" });
				await expect(store.append([other])).rejects.toMatchObject({ code: "wrong-database" });
				const tenant = await maker.make({ tenantRoot: "ab".repeat(32) });
				await expect(store.append([tenant])).rejects.toMatchObject({ code: "wrong-database" });
				expect(await store.position()).toMatchObject({ arrival: 0 });
			}));

		test("writes rows in the batch of their entries, and none when they cannot be made", () =>
			onStage(make, async (stage) => {
				const { maker, store } = stage;
				const key = Uint8Array.of(1, 2);
				const rows = async (placements: readonly { readonly arrival: number }[]): Promise<RowWrite[]> => [
					{ type: "put", key, value: Uint8Array.from(placements.map(({ arrival }) => arrival)) },
				];
				await store.append([await maker.make(), await maker.make()], { rows });
				expect(await store.rows.get(key)).toEqual(Uint8Array.of(1, 2));
				const lost = await maker.make();
				const other = await maker.make({ chained: false });
				const failing = store.append([lost], {
					rows: async () => {
						throw new RangeError("rows");
					},
				});
				const beside = store.append([other]);
				await expect(failing).rejects.toThrow("rows");
				expect(await beside).toMatchObject([{ arrival: 3 }]);
				expect(await store.hasEntries([lost.hash])).toEqual([]);
				await stage.reopen();
				expect(await stage.store.rows.get(key)).toEqual(Uint8Array.of(1, 2));
				expect(await stage.store.position()).toMatchObject({ arrival: 3 });
			}));

		test("many calls at once are carried out in order", () =>
			onStage(make, async ({ store, maker }) => {
				const entries: Entry[] = [];
				for (let i = 0; i < 100; i++) entries.push(await maker.make());
				const placements = await Promise.all(entries.map((entry) => store.append([entry])));
				expect(placements.flat().map(({ arrival }) => arrival)).toEqual(entries.map((_, index) => index + 1));
				expect(placements.flat().some(({ fork }) => fork)).toBe(false);
				expect(await store.getAllHashes()).toEqual(hashesOf(entries));
				expect(await store.chainHeads(maker.publicKey)).toEqual([entries[99]?.hash]);
			}));

		test("a closed store says so", () =>
			onStage(make, async ({ store, maker }) => {
				await store.close();
				await store.close();
				await expect(store.append([await maker.make()])).rejects.toMatchObject({ code: "closed" });
				await expect(store.getEntries(["00".repeat(32)])).rejects.toMatchObject({ code: "closed" });
				await expect(store.rows.get(Uint8Array.of(1))).rejects.toMatchObject({ code: "closed" });
			}));

		test("a store that is open cannot be opened again, unless it is one that several share", () =>
			onStage(make, async ({ under, options, store, maker }) => {
				if (under.shared) return seenByBoth(store, await under.stores.open(options), maker);
				await expect(under.stores.open(options)).rejects.toMatchObject({ code: "store-locked" });
				await expect(under.stores.drop(options.tenantRoot, options.dbId)).rejects.toMatchObject({
					code: "store-locked",
				});
				await store.append([await maker.make()]);
			}));
	});
}

async function seenByBoth(one: LocalStore, other: LocalStore, maker: EntryMaker): Promise<void> {
	const entries: Entry[] = [];
	for (const [index, store] of [one, other, other, one, other].entries()) {
		const entry = await maker.make({ docId: `document ${index % 3}` });
		entries.push(entry);
		expect(await store.append([entry])).toMatchObject([{ arrival: index + 1, document: (index % 3) + 1, fork: false }]);
		for (const reader of [one, other]) {
			expect((await reader.position()).arrival).toBe(index + 1);
			expect((await reader.entriesAfter(index)).arrivals.map(({ entry }) => wire(entry))).toEqual([wire(entry)]);
			expect(await reader.fingerprint(everything)).toMatchObject({ count: index + 1 });
		}
	}
	await one.eraseDocument("document 1");
	const late = await maker.make({ docId: "document 1" });
	expect(await other.isErased("document 1")).toBe(true);
	expect((await other.putEntries([late])).stored).toHaveLength(1);
	expect(await one.getEntries([late.hash])).toMatchObject([{ kind: "stub" }]);
	expect(await one.chainHeads(maker.publicKey)).toEqual([late.hash]);
	await other.close();
}
