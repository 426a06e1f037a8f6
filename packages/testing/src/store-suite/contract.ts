import type { ContentAddressedStore, Crypto, Entry, StoredEntry } from "@mindoodb/core";
import { describe, expect, test } from "vitest";
import { type EntryMaker, entryMaker } from "../entry-maker.js";
import { entriesOf, hashesOf, type StoreUnderTest, wire, withoutPayload } from "./under-test.js";

/** Something that holds entries for others: an engine, a database, a peer at the other end of a wire. */
export interface ContractUnderTest {
	readonly crypto: Crypto;
	/** An empty store of this database. It may refuse whom it does not know: the suite has one author, whose key is given. */
	readonly open: (database: {
		readonly tenantRoot: string;
		readonly dbId: string;
		readonly publicKey: string;
	}) => Promise<ContentAddressedStore>;
	/** Takes everything away. */
	readonly end?: () => Promise<void>;
}

/** Takes the factory of a `LocalStore` as something that holds entries for others. */
export function asContract({ crypto, stores, end }: StoreUnderTest): ContractUnderTest {
	const open: ContractUnderTest["open"] = ({ tenantRoot, dbId }) =>
		stores.open({ tenantRoot, dbId, purpose: "documents" });
	return { crypto, open, ...(end && { end }) };
}

/** What `ContentAddressedStore` promises to whoever reaches a store through it alone. */
export function testContract(make: () => Promise<ContractUnderTest>): void {
	const on = async (run: (store: ContentAddressedStore, maker: EntryMaker) => Promise<void>): Promise<void> => {
		const under = await make();
		const maker = await entryMaker({ crypto: under.crypto });
		const { tenantRoot, dbId, publicKey } = maker;
		const store = await under.open({ tenantRoot, dbId, publicKey });
		try {
			await run(store, maker);
		} finally {
			await store.close();
			await under.end?.();
		}
	};

	describe("the contract", () => {
		test("an empty store says whose it is and has nothing", () =>
			on(async (store, { tenantRoot, dbId }) => {
				const storeId = expect.stringMatching(/^[0-9a-f]{32}$/);
				expect(await store.identity()).toEqual({ storeId, tenantRoot, dbId });
				expect(await store.position()).toEqual({ arrival: 0, digest: "0".repeat(32) });
				expect(await store.entriesAfter(0)).toEqual({ arrivals: [], next: 0, digest: "0".repeat(32), damaged: [] });
				expect(await store.getAllHashes()).toEqual([]);
			}));

		test("what was put comes back byte for byte, by address and by arrival, once", () =>
			on(async (store, maker) => {
				const entries = [
					...(await maker.document(3)),
					await maker.make({ payload: new Uint8Array(4096).fill(1, 0, 1) }),
					await maker.make({ payload: new Uint8Array(300_000).fill(2, 0, 1), originalSize: 400_000 }),
					await maker.make({ entryType: "attachment_chunk", payload: chunkPayload, originalSize: 70_000 }),
				];
				const { stored, known, refused } = await store.putEntries(entries);
				expect([hashesOf(stored), known, refused]).toEqual([hashesOf(entries), [], []]);
				expect(stored.map(({ arrival }) => arrival)).toEqual([1, 2, 3, 4, 5, 6]);
				expect(await store.putEntries(entries)).toEqual({ stored: [], known: hashesOf(entries), refused: [] });
				const backwards = [...entries].reverse();
				expect((await store.getEntries(hashesOf(backwards))).map(wire)).toEqual(backwards.map(wire));
				expect(entriesOf((await store.entriesAfter(0)).arrivals)).toEqual(entries.map(wire));
				expect(await store.getAllHashes()).toEqual(hashesOf(entries));
			}));

		test("what is not genuine is refused by name and stops nothing else", () =>
			on(async (store, maker) => {
				const [payload, signature, stranger, unsigned, good] = [
					await maker.make(),
					await maker.make(),
					await maker.make({ dbId: "other", chained: false }),
					await maker.make({ signed: false, chained: false }),
					await maker.make({ chained: false }),
				];
				const offered = [spoilt(payload, "payload"), spoilt(signature, "signature"), stranger, unsigned, good];
				const report = await store.putEntries(offered);
				expect(hashesOf(report.stored)).toEqual([good.hash]);
				expect(new Map(report.refused.map(({ hash, reason }) => [hash, reason]))).toEqual(
					new Map([
						[payload.hash, "address"],
						[signature.hash, "signature"],
						[stranger.hash, "wrong-database"],
						[unsigned.hash, "unsigned"],
					]),
				);
				expect(hashesOf((await store.putEntries([payload, signature])).stored)).toEqual(hashesOf([payload, signature]));
			}));

		test("pages go on where the last one ended, and their digests lead to the position", () =>
			on(async (store, maker) => {
				const entries: Entry[] = [];
				for (const size of [100, 5000, 5000, 100, 100]) entries.push(await maker.make({ payload: opaque(size) }));
				await store.putEntries(entries);
				const pages: string[][] = [];
				let page = await store.entriesAfter(0, { limit: 2, maxBytes: 5050 });
				for (; page.arrivals.length > 0; page = await store.entriesAfter(page.next, { limit: 2, maxBytes: 5050 })) {
					pages.push(hashesOf(page.arrivals.map(({ entry }) => entry)));
				}
				expect(pages.map(({ length }) => length)).toEqual([1, 1, 1, 2]);
				expect(pages.flat()).toEqual(hashesOf(entries));
				expect(await store.position()).toEqual({ arrival: 5, digest: page.digest });
				const bare = await store.entriesAfter(3, { payload: false });
				expect(entriesOf(bare.arrivals)).toEqual(entries.slice(3).map(withoutPayload).map(wire));
			}));

		test("tells what it has and what is new, and takes any text for an address", () =>
			on(async (store, maker) => {
				const [one, two] = [await maker.document(3), await maker.document(2)];
				await store.putEntries([...one, ...two]);
				const [a, b, c] = hashesOf(one) as [string, string, string];
				const junk = ["ab".repeat(32), "../../etc/passwd", "", a.toUpperCase()];
				expect(await store.hasEntries([...junk, c, a])).toEqual([c, a]);
				expect(await store.getEntries(junk)).toEqual([]);
				expect(hashesOf(await store.findNewEntries([a, ...hashesOf(two)]))).toEqual([b, c]);
				const ofOne = await store.findNewEntriesForDoc([b], one[0]?.common.docId as string);
				expect(ofOne.map(wire)).toEqual([one[0], one[2]].map((entry) => wire(withoutPayload(entry as Entry))));
				expect(await store.findNewEntriesForDoc([], "unknown")).toEqual([]);
			}));

		test("walks dependencies, nearest first", () =>
			on(async (store, maker) => {
				const entries = await maker.document(4);
				await store.putEntries(entries);
				const [a, b, c, d] = hashesOf(entries) as [string, string, string, string];
				expect(await store.resolveDependencies(d)).toEqual([d, c, b, a]);
				expect(await store.resolveDependencies(d, { maxDepth: 2, includeStart: false })).toEqual([c, b]);
				expect(await store.resolveDependencies("ab".repeat(32))).toEqual([]);
			}));

		test("calls at once agree on what came first", () =>
			on(async (store, maker) => {
				const entries: Entry[] = [];
				for (let i = 0; i < 30; i++) entries.push(await maker.make());
				const reports = await Promise.all(
					[0, 5, 10, 15].map((start) => store.putEntries(entries.slice(start, start + 15))),
				);
				const stored = reports.flatMap((report) => report.stored);
				expect(stored.map(({ arrival }) => arrival).sort((x, y) => x - y)).toEqual(
					entries.map((_, index) => index + 1),
				);
				expect(hashesOf(stored).sort()).toEqual(hashesOf(entries).sort());
				const page = await store.entriesAfter(0);
				const byArrival = new Map(stored.map(({ arrival, hash }) => [arrival, hash]));
				for (const { arrival, entry } of page.arrivals) expect(entry.hash).toBe(byArrival.get(arrival));
			}));
	});
}

const chunkPayload = new Uint8Array(70_029).fill(1, 0, 1);

/** Bytes that pass for an encrypted payload. */
function opaque(length: number): Uint8Array {
	return new Uint8Array(length).fill(length, 1);
}

function spoilt(entry: Entry, part: "payload" | "signature"): StoredEntry {
	const bytes = (entry[part] as Uint8Array).slice();
	bytes[20] = (bytes[20] as number) ^ 1;
	return { ...entry, [part]: bytes };
}
