import type { Entry } from "@mindoodb/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MakeStoreUnderTest, onStage } from "./under-test.js";

/** Author chains: heads and forks, in whatever order entries arrive. */
export function testChains(make: MakeStoreUnderTest): void {
	describe("author chains", () => {
		test("lesson 16, 26: a fork is reported, and both ends are heads", () =>
			onStage(make, async (stage) => {
				const { maker } = stage;
				const [a, b] = [await maker.make(), await maker.make()];
				maker.continueFrom(a.hash);
				const fork = await maker.make();
				expect((await stage.store.append([a, b])).map(({ fork }) => fork)).toEqual([false, false]);
				await stage.reopen();
				expect(await stage.store.append([fork])).toMatchObject([{ fork: true }]);
				expect([...(await stage.store.chainHeads(maker.publicKey))].sort()).toEqual([b.hash, fork.hash].sort());
				maker.continueFrom(fork.hash);
				const next = await maker.make();
				expect(await stage.store.append([next])).toMatchObject([{ fork: false }]);
				expect([...(await stage.store.chainHeads(maker.publicKey))].sort()).toEqual([b.hash, next.hash].sort());
			}));

		test("two successors of a missing entry are a fork too", () =>
			onStage(make, async ({ store, maker }) => {
				const [a, b] = [await maker.make(), await maker.make()];
				maker.continueFrom(a.hash);
				const fork = await maker.make();
				expect(await store.append([b])).toMatchObject([{ fork: false }]);
				expect(await store.append([fork])).toMatchObject([{ fork: true }]);
				expect(await store.append([a])).toMatchObject([{ fork: false }]);
				expect([...(await store.chainHeads(maker.publicKey))].sort()).toEqual([b.hash, fork.hash].sort());
			}));

		test("chunks are on no chain", () =>
			onStage(make, async ({ store, maker }) => {
				const first = await maker.make();
				const chunk = await maker.make({ entryType: "attachment_chunk" });
				await store.append([first, chunk]);
				expect(await store.chainHeads(maker.publicKey)).toEqual([first.hash]);
				expect(await store.chainHeads("ab".repeat(32))).toEqual([]);
			}));

		test("an entry of another author is nobody's predecessor", () =>
			onStage(make, async ({ store, maker }) => {
				const mine = await maker.make();
				const other = await maker.another();
				const theirs = await other.make({ previousByAuthor: mine.hash });
				expect(await store.append([mine, theirs])).toMatchObject([{ fork: false }, { fork: false }]);
				expect(await store.chainHeads(maker.publicKey)).toEqual([mine.hash]);
				expect(await store.chainHeads(other.publicKey)).toEqual([theirs.hash]);
			}));

		test("heads are those that nobody names, for any tree in any order and any batches", () =>
			onStage(make, async ({ under, options, maker }) => {
				const parents = fc.array(fc.nat(30), { minLength: 1, maxLength: 14 });
				let database = 0;
				await fc.assert(
					fc.asyncProperty(parents, fc.infiniteStream(fc.nat(1000)), fc.nat(3), async (shape, order, size) => {
						const dbId = `tree-${database++}`;
						const store = await under.stores.open({ ...options, dbId });
						const entries: Entry[] = [];
						for (const parent of shape) {
							maker.continueFrom(parent === 0 ? undefined : entries[parent % (entries.length || 1)]?.hash);
							entries.push(await maker.make({ dbId }));
						}
						const shuffled = entries
							.map((entry) => ({ entry, key: order.next().value as number }))
							.sort((a, b) => a.key - b.key)
							.map(({ entry }) => entry);
						let forks = 0;
						for (let start = 0; start < shuffled.length; start += size + 1) {
							const placed = await store.append(shuffled.slice(start, start + size + 1));
							forks += placed.filter(({ fork }) => fork).length;
						}
						const named = new Map<string, number>();
						for (const { common } of entries) {
							if (common.previousByAuthor !== undefined) {
								named.set(common.previousByAuthor, (named.get(common.previousByAuthor) ?? 0) + 1);
							}
						}
						const heads = entries.map(({ hash }) => hash).filter((hash) => !named.has(hash));
						expect([...(await store.chainHeads(maker.publicKey))].sort()).toEqual(heads.sort());
						expect(forks).toBe([...named.values()].reduce((sum, count) => sum + count - 1, 0));
						await store.close();
					}),
					{ numRuns: 40 },
				);
			}));
	});
}
