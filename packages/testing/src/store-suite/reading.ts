import type { Entry } from "@mindoodb/core";
import { describe, expect, test } from "vitest";
import { collect, entriesOf, hashesOf, type MakeStoreUnderTest, onStage, wire, withoutPayload } from "./under-test.js";

/** Listings, pages, dependencies. */
export function testReading(make: MakeStoreUnderTest): void {
	describe("reading", () => {
		test("answers in the order asked for and leaves out what it does not have", () =>
			onStage(make, async ({ store, maker }) => {
				const entries = await maker.document(3);
				await store.append(entries);
				const [a, b, c] = hashesOf(entries) as [string, string, string];
				const unknown = "ab".repeat(32);
				expect(hashesOf(await store.getEntries([c, unknown, a, c]))).toEqual([c, a, c]);
				expect(await store.hasEntries([unknown, b, a])).toEqual([b, a]);
				expect(await store.arrivalsOf([c, unknown, a])).toEqual([3, undefined, 1]);
				expect((await store.getArrivals([3, 99, 1])).map(({ arrival }) => arrival)).toEqual([3, 1]);
				expect(await store.hasEntries(["../../etc/passwd", "", a.toUpperCase()])).toEqual([]);
				expect(await store.getEntries(["../../etc/passwd"])).toEqual([]);
			}));

		test("pages by number and by bytes, always at least one entry", () =>
			onStage(make, async ({ store, maker, under }) => {
				const entries: Entry[] = [];
				for (const size of [100, 5000, 5000, 100, 100])
					entries.push(await maker.make({ payload: under.crypto.randomBytes(size) }));
				await store.append(entries);
				const pages: string[][] = [];
				const digests: string[] = [];
				for (let after = 0; ; ) {
					const page = await store.entriesAfter(after, { limit: 2, maxBytes: 5050 });
					if (page.next === after) break;
					pages.push(hashesOf(page.arrivals.map(({ entry }) => entry)));
					digests.push(page.digest);
					after = page.next;
				}
				expect(pages.map(({ length }) => length)).toEqual([1, 1, 1, 2]);
				expect(pages.flat()).toEqual(hashesOf(entries));
				expect((await store.entriesAfter(0, { maxBytes: 1 })).arrivals).toHaveLength(1);
				expect((await store.entriesAfter(5)).digest).toBe(digests.at(-1));
				expect((await store.entriesAfter(3, { limit: 1 })).next).toBe(4);
				expect(await store.position()).toEqual({ arrival: 5, digest: digests.at(-1) });
				const bare = await store.entriesAfter(0, { payload: false, maxBytes: 1 });
				expect(entriesOf(bare.arrivals)).toEqual(entries.map(withoutPayload).map(wire));
			}));

		test("pages pass over what the reader has, which weighs nothing", () =>
			onStage(make, async ({ store, maker, under }) => {
				const entries: Entry[] = [];
				for (let i = 0; i < 12; i++) entries.push(await maker.make({ payload: under.crypto.randomBytes(1000) }));
				await store.append(entries);
				const hashes = hashesOf(entries);
				const has = new Set(hashes.filter((_, index) => index !== 4 && index < 8));
				const skip = (hash: string) => has.has(hash);
				const page = await store.entriesAfter(0, { maxBytes: 2800, skip });
				expect(page.arrivals.map(({ arrival, entry }) => [arrival, entry.hash])).toEqual([
					[5, hashes[4]],
					[9, hashes[8]],
				]);
				expect(page.next).toBe(9);
				const rest = await store.entriesAfter(5, { limit: 3, skip });
				expect(rest).toMatchObject({ arrivals: [], damaged: [], next: 8 });
				expect(rest.digest).toBe((await store.entriesAfter(8, { limit: 0 })).digest);
			}));

		test("finds entries by their hashes, as many as fit, with their arrivals", () =>
			onStage(make, async ({ store, maker, under }) => {
				const entries: Entry[] = [];
				for (const size of [100, 5000, 5000, 100, 100])
					entries.push(await maker.make({ payload: under.crypto.randomBytes(size) }));
				await store.append(entries);
				const [a, b, c, d, e] = hashesOf(entries) as [string, string, string, string, string];
				const unknown = "ab".repeat(32);
				const all = await store.entriesByHash([e, unknown, a, "../..", b]);
				expect(all).toMatchObject({ damaged: [], covered: 5 });
				expect(all.arrivals.map(({ arrival, entry }) => [arrival, entry.hash])).toEqual([
					[5, e],
					[1, a],
					[2, b],
				]);
				expect(entriesOf(all.arrivals)[2]).toEqual(wire(entries[1] as Entry));
				// What does not fit is asked for again, from the first that is not answered on.
				const asked = [a, unknown, b, a, unknown, c, d];
				const first = await store.entriesByHash(asked, { maxBytes: 5500 });
				expect(hashesOf(first.arrivals.map(({ entry }) => entry))).toEqual([a, b]);
				expect(first.covered).toBe(5);
				const second = await store.entriesByHash(asked.slice(5), { maxBytes: 1 });
				expect([hashesOf(second.arrivals.map(({ entry }) => entry)), second.covered]).toEqual([[c], 1]);
				await store.purgeDocHistory(entries[0]?.common.docId as string);
				const left = await store.entriesByHash([a, d]);
				expect(left.arrivals.map(({ arrival }) => arrival)).toEqual([4]);
				expect(left).toMatchObject({ damaged: [], covered: 2 });
			}));

		test("lists by document and by author, from any arrival on", () =>
			onStage(make, async ({ store, maker }) => {
				const other = await maker.another();
				const one = await maker.document(5, { signed: false });
				const two = await other.document(4, { signed: false });
				await store.append([...one.slice(0, 2), ...two.slice(0, 3)]);
				await store.append([...one.slice(2, 4), ...two.slice(3)]);
				await store.append(one.slice(4));
				expect(entriesOf(await collect(store.entriesOfDocument(1)))).toEqual(one.map(wire));
				const numbers = async (arrivals: AsyncIterable<readonly { readonly arrival: number }[]>) =>
					(await collect(arrivals)).map(({ arrival }) => arrival);
				expect(await numbers(store.entriesOfDocument(1))).toEqual([1, 2, 6, 7, 9]);
				const except = new Set([2, 3, 9]);
				expect(await numbers(store.entriesOfDocument(1, { except }))).toEqual([1, 6, 7]);
				expect(await numbers(store.entriesOfDocument(1, { after: 6, except }))).toEqual([7]);
				for (let after = 0; after < 11; after++) {
					expect(await numbers(store.entriesOfDocument(1, { after }))).toEqual(
						[1, 2, 6, 7, 9].filter((each) => each > after),
					);
					expect(await numbers(store.entriesOfAuthor(other.publicKey, { after }))).toEqual(
						[3, 4, 5, 8].filter((each) => each > after),
					);
				}
				expect(entriesOf(await collect(store.entriesOfAuthor(other.publicKey)))).toEqual(
					two.map(withoutPayload).map(wire),
				);
				expect([...(await store.authors())].sort()).toEqual([maker.publicKey, other.publicKey].sort());
				expect(await collect(store.entriesOfAuthor("ab".repeat(32)))).toEqual([]);
				expect(await collect(store.entriesOfDocument(99))).toEqual([]);
			}));

		test("tells the outlines of a document as its entries do", () =>
			onStage(make, async ({ store, maker }) => {
				const other = await maker.another();
				const one = await maker.document(5, { signed: false });
				await store.append([...one.slice(0, 3), ...(await other.document(2, { signed: false }))]);
				await store.append(one.slice(3));
				const outlines = await collect(store.outlinesOfDocument(1));
				expect(outlines.map(({ arrival }) => arrival)).toEqual([1, 2, 3, 6, 7]);
				for (const [index, { arrival, hash, shared, ...told }] of outlines.entries()) {
					const { fields } = one[index] as (typeof one)[number];
					expect(hash).toBe(one[index]?.hash);
					expect(fields).toMatchObject(told);
					expect(fields).toMatchObject(shared);
				}
				await store.purgeDocHistory(one[0]?.common.docId ?? "");
				expect(await collect(store.outlinesOfDocument(1))).toEqual([]);
				expect(await collect(store.outlinesOfDocument(2))).toHaveLength(2);
				const short = await maker.make({ docId: "kurz" });
				await store.append([short]);
				expect(await collect(store.outlinesOfDocument(3))).toMatchObject([
					{ hash: short.hash, entryType: "doc_create" },
				]);
			}));

		test("finds what is new, without payload", () =>
			onStage(make, async ({ store, maker }) => {
				const one = await maker.document(3);
				const two = await maker.document(2);
				await store.append([...one, ...two]);
				const known = [one[0]?.hash as string, two[1]?.hash as string, "ab".repeat(32)];
				const fresh = [...one.slice(1), two[0] as Entry];
				expect((await store.findNewEntries(known)).map(wire)).toEqual(fresh.map(withoutPayload).map(wire));
				const docId = one[0]?.common.docId as string;
				expect(hashesOf(await store.findNewEntriesForDoc(known, docId))).toEqual(hashesOf(one.slice(1)));
				expect(await store.findNewEntriesForDoc([], "unknown")).toEqual([]);
			}));

		test("walks dependencies, nearest first, and ends at cycles and gaps", () =>
			onStage(make, async ({ store, maker }) => {
				const [a, b, c] = (await maker.document(3)) as [Entry, Entry, Entry];
				const docId = a.common.docId;
				const missing = "77".repeat(32);
				const make = (...hashes: string[]) =>
					maker.make({ entryType: "doc_change", docId, dependencyHashes: [...hashes].sort() });
				const left = await make(c.hash);
				const right = await make(b.hash, missing);
				const top = await make(left.hash, right.hash);
				await store.append([a, b, c, left, right, top]);
				const near = [left.hash, right.hash].sort();
				const answer = await store.resolveDependencies(top.hash);
				expect(answer.slice(0, 1)).toEqual([top.hash]);
				expect(answer.slice(1, 3).sort()).toEqual(near);
				expect(answer.slice(3, 5).sort()).toEqual([b.hash, c.hash].sort());
				expect(answer.slice(5)).toEqual([a.hash]);
				expect(await store.resolveDependencies(top.hash, { maxDepth: 0 })).toEqual([top.hash]);
				expect((await store.resolveDependencies(top.hash, { maxDepth: 1, includeStart: false })).sort()).toEqual(near);
				expect(await store.resolveDependencies(missing)).toEqual([]);
				expect(await store.resolveDependencies(c.hash, { stopAtEntryType: "doc_change" })).toEqual([c.hash]);
			}));

		test("visits each entry once, however many paths lead to it", () =>
			onStage(make, async ({ store, maker }) => {
				let rung = [await maker.make()];
				const entries = [...rung];
				const docId = rung[0]?.common.docId as string;
				for (let i = 0; i < 40; i++) {
					const dependencyHashes = hashesOf(rung).sort();
					const next = () => maker.make({ entryType: "doc_change", docId, dependencyHashes, signed: false });
					rung = [await next(), await next()];
					entries.push(...rung);
				}
				await store.append(entries);
				expect(await store.resolveDependencies(rung[0]?.hash as string)).toHaveLength(entries.length - 1);
			}));

		test("lesson 6: a path ends at what an accepted snapshot covers, and at nothing else", () =>
			onStage(make, async ({ store, maker }) => {
				const [a, b, c, d] = (await maker.document(4)) as [Entry, Entry, Entry, Entry];
				const docId = a.common.docId;
				const snapshot = await maker.make({ entryType: "doc_snapshot", docId, dependencyHashes: [b.hash] });
				await store.append([a, b, c, d, snapshot]);
				const stop = { stopAtEntryType: "doc_snapshot" } as const;
				expect(await store.resolveDependencies(d.hash, stop)).toEqual([d.hash, c.hash, b.hash, a.hash]);
				store.setSnapshotCover(async (hash) => ([a.hash, b.hash].includes(hash) ? snapshot.hash : undefined));
				expect(await store.resolveDependencies(d.hash, stop)).toEqual([d.hash, c.hash, snapshot.hash]);
				expect(await store.resolveDependencies(d.hash)).toEqual([d.hash, c.hash, b.hash, a.hash]);
				expect(await store.resolveDependencies(snapshot.hash, stop)).toEqual([snapshot.hash]);
				store.setSnapshotCover(undefined);
				expect(await store.resolveDependencies(d.hash, stop)).toEqual([d.hash, c.hash, b.hash, a.hash]);
			}));

		test("a damaged record is reported and hides no other", (context) =>
			onStage(make, async ({ store, maker, under, options }) => {
				if (under.damage === undefined) return context.skip();
				const payload = under.crypto.randomBytes(5000);
				const entries = [...(await maker.document(4)), await maker.make({ payload })];
				await store.append(entries);
				await under.damage(options, 2, "bytes");
				await under.damage(options, 4, "missing");
				const page = await store.entriesAfter(0);
				expect(page.damaged).toEqual([2, 4]);
				expect(page.next).toBe(5);
				expect(page.digest).toBe((await store.position()).digest);
				const whole = [entries[0], entries[2], entries[4]] as Entry[];
				expect(entriesOf(page.arrivals)).toEqual(whole.map(wire));
				const hash = entries[1]?.hash as string;
				await expect(store.getEntries([entries[0]?.hash as string, hash])).rejects.toMatchObject({
					code: "store-damaged",
					data: { hash },
				});
				expect(hashesOf(await store.getEntries(hashesOf(whole)))).toEqual(hashesOf(whole));
				const byHash = await store.entriesByHash(hashesOf(entries));
				expect(entriesOf(byHash.arrivals)).toEqual(whole.map(wire));
				expect(byHash).toMatchObject({ damaged: [2, 4], covered: 5 });
				expect(hashesOf((await collect(store.entriesOfDocument(1))).map(({ entry }) => entry))).toEqual(
					hashesOf(whole.slice(0, 2)),
				);
				const found: number[] = [];
				for await (const each of store.verifyRecords()) found.push(each.arrival);
				expect(found).toEqual(expect.arrayContaining([2, 4]));
				expect(found).not.toContain(1);
				expect(await store.append([await maker.make()])).toMatchObject([{ arrival: 6 }]);
			}));

		test("verifies everything and finds nothing in a sound store", () =>
			onStage(make, async ({ store, maker, under }) => {
				const entries = await maker.document(300, { signed: false });
				await store.append([...entries, await maker.make({ payload: under.crypto.randomBytes(9000) })]);
				await store.purgeDocHistory(entries[0]?.common.docId as string);
				const done: number[] = [];
				const found: unknown[] = [];
				for await (const each of store.verifyRecords({ onProgress: (count) => done.push(count) })) found.push(each);
				expect(found).toEqual([]);
				expect(done.at(-1)).toBe(301);
			}));
	});
}
