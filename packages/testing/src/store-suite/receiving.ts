import {
	type Entry,
	encodeHeader,
	type HeaderInput,
	parseEntry,
	type StoredEntry,
	type Stub,
	stubOf,
	toHex,
} from "@mindoodb/core";
import { describe, expect, test } from "vitest";
import { hashesOf, type MakeStoreUnderTest, onStage, type Stage, wire } from "./under-test.js";

/** Entries that others offer: nothing of them is believed. */
export function testReceiving(make: MakeStoreUnderTest): void {
	/** Offers one entry that must be refused for `reason` and leave nothing behind. */
	const refuses = (name: string, reason: string, spoil: (stage: Stage, genuine: Entry) => Promise<StoredEntry>) =>
		test(name, () =>
			onStage(make, async (stage) => {
				const { store, maker } = stage;
				const genuine = await maker.make();
				const bad = await spoil(stage, genuine);
				const beside = await (await maker.another()).make();
				const report = await store.putEntries([bad, beside]);
				expect(report.stored).toEqual([{ hash: beside.hash, arrival: 1 }]);
				expect(report.known).toEqual([]);
				expect(report.refused).toEqual([{ hash: bad.hash, reason, message: expect.any(String) }]);
				expect(await store.getAllHashes()).toEqual([beside.hash]);
				// The genuine entry is welcome afterwards, whatever was offered under its address.
				expect((await store.putEntries([genuine])).stored).toMatchObject([{ hash: genuine.hash }]);
			}),
		);

	describe("receiving", () => {
		test("stores what is sound, once", () =>
			onStage(make, async (stage) => {
				const entries = await stage.maker.document(5);
				expect(await stage.store.putEntries(entries.slice(0, 2))).toMatchObject({ known: [], refused: [] });
				const report = await stage.store.putEntries([...entries, entries[4] as Entry]);
				expect(report.stored.map(({ arrival }) => arrival)).toEqual([3, 4, 5]);
				expect([...report.known].sort()).toEqual([...hashesOf(entries.slice(0, 2)), entries[4]?.hash].sort());
				expect((await (await stage.reopen()).getEntries(hashesOf(entries))).map(wire)).toEqual(entries.map(wire));
			}));

		refuses("a header that is cut short", "format", async (_, genuine) => ({
			...genuine,
			header: genuine.header.slice(0, -1),
		}));
		refuses("a header with bytes behind it", "format", async (_, genuine) => ({
			...genuine,
			header: Uint8Array.of(...genuine.header, 0),
		}));
		refuses("a header that is too large", "limit", async (_, genuine) => ({
			...genuine,
			header: new Uint8Array(50_000),
		}));
		refuses("another address than its own", "address", async ({ maker }, genuine) => ({
			...(await maker.make()),
			hash: genuine.hash,
		}));
		refuses("a flipped bit in the header", "address", async (_, genuine) => flip(genuine, "header", 90));
		refuses("lesson 7: junk under a genuine address", "address", async (_, genuine) => flip(genuine, "payload", 5));
		refuses("a payload that is missing", "format", async (_, genuine) => ({ ...genuine, payload: undefined }));
		refuses("a payload that is too short", "limit", async (_, genuine) => ({
			...genuine,
			payload: new Uint8Array(28),
		}));
		refuses("a chunk of more than a mebibyte", "limit", async ({ maker }) =>
			maker.make({ entryType: "attachment_chunk", payload: new Uint8Array(1024 * 1024 + 1) }),
		);
		refuses("a deflated payload that announces to unfold too far", "limit", async ({ maker }) =>
			maker.make({ payload: deflated(100), originalSize: 16_384 + 32 * 100 + 1 }),
		);
		test("takes a deflated payload that unfolds as far as allowed, and any size that is not deflated", () =>
			onStage(make, async ({ store, maker }) => {
				const farthest = await maker.make({ payload: deflated(100), originalSize: 16_384 + 32 * 100 });
				const plain = await maker.make({ payload: new Uint8Array(100), originalSize: 10_000_000 });
				expect((await store.putEntries([farthest, plain])).stored).toHaveLength(2);
			}));
		refuses("a signature with a flipped bit", "signature", async (_, genuine) => flip(genuine, "signature", 40));
		refuses("a signature of another length", "format", async (_, genuine) => ({
			...genuine,
			signature: new Uint8Array(63),
		}));
		refuses("lesson 11: a signature that was stripped", "unsigned", async (_, genuine) => ({
			...genuine,
			signature: undefined,
		}));
		refuses("a chunk without its own signature", "unsigned", async ({ maker }) =>
			maker.make({ entryType: "attachment_chunk", signed: false }),
		);
		refuses("a header that names another author", "signature", async ({ maker, under }, genuine) => {
			const other = await maker.another();
			const fields = { ...(genuine.fields as HeaderInput), createdByPublicKey: other.publicKey };
			return parseEntry(under.crypto, { ...genuine, header: encodeHeader(fields) });
		});
		refuses("lesson 5: another database's entry", "wrong-database", async ({ maker }) =>
			maker.make({ dbId: "other", chained: false }),
		);
		refuses("lesson 5: another tenant's entry", "wrong-database", async ({ maker }) =>
			maker.make({ tenantRoot: "ab".repeat(32), chained: false }),
		);
		refuses("a stub without a purge", "stub", async ({ maker, under }) => stubOf(under.crypto, await maker.make()));

		test("never trusts what stands beside the bytes", () =>
			onStage(make, async ({ store, maker }) => {
				const [a, b] = [await maker.make(), await maker.make()];
				const lying: Entry = { ...a, common: b.common, fields: b.fields };
				await store.putEntries([lying]);
				const [entry] = await store.getEntries([a.hash]);
				expect((entry as Entry).common.docId).toBe(a.common.docId);
			}));

		test("one signature vouches for the run behind it, and for nothing beyond", () =>
			onStage(make, async ({ store, maker }) => {
				const run: Entry[] = [];
				for (let i = 0; i < 10; i++) run.push(await maker.make({ signed: i === 6 }));
				const report = await store.putEntries(run);
				expect(hashesOf(report.stored)).toEqual(hashesOf(run.slice(0, 7)));
				expect(report.refused.map(({ hash, reason }) => [hash, reason])).toEqual(
					run.slice(7).map(({ hash }) => [hash, "unsigned"]),
				);
				expect(await store.chainHeads(maker.publicKey)).toEqual([run[6]?.hash]);
				const last = await maker.make();
				expect((await store.putEntries([last, ...run.slice(7)])).stored).toHaveLength(4);
			}));

		test("a stored successor vouches for what comes later", () =>
			onStage(make, async ({ store, maker }) => {
				const [a, b, c] = [
					await maker.make({ signed: false }),
					await maker.make({ signed: false }),
					await maker.make(),
				];
				expect((await store.putEntries([c])).stored).toHaveLength(1);
				expect((await store.putEntries([a])).refused).toMatchObject([{ reason: "unsigned" }]);
				expect((await store.putEntries([a, b])).stored).toHaveLength(2);
				expect(await store.chainHeads(maker.publicKey)).toEqual([c.hash]);
			}));

		test("another author's entry vouches for nothing", () =>
			onStage(make, async ({ store, maker }) => {
				const victim = await maker.make({ signed: false });
				const other = await maker.another();
				const named = await other.make({ previousByAuthor: victim.hash });
				expect((await store.putEntries([named, victim])).refused).toMatchObject([
					{ hash: victim.hash, reason: "unsigned" },
				]);
				expect((await store.putEntries([victim])).refused).toMatchObject([{ hash: victim.hash, reason: "unsigned" }]);
			}));

		test("a chunk is vouched for by nobody", () =>
			onStage(make, async ({ store, maker }) => {
				const chunk = await maker.make({ entryType: "attachment_chunk", signed: false });
				const named = await maker.make({ previousByAuthor: chunk.hash });
				expect((await store.putEntries([named, chunk])).refused).toMatchObject([
					{ hash: chunk.hash, reason: "unsigned" },
				]);
				expect((await store.putEntries([chunk])).refused).toMatchObject([{ hash: chunk.hash, reason: "unsigned" }]);
			}));

		test("a spoilt payload in a run blocks only itself", () =>
			onStage(make, async ({ store, maker }) => {
				const [a, b, c] = [
					await maker.make({ signed: false }),
					await maker.make({ signed: false }),
					await maker.make(),
				];
				const report = await store.putEntries([a, flip(b, "payload", 3), c]);
				expect(hashesOf(report.stored)).toEqual([a.hash, c.hash]);
				expect(report.refused).toMatchObject([{ hash: b.hash, reason: "address" }]);
				expect((await store.putEntries([b])).stored).toHaveLength(1);
			}));

		test("a false signature vouches for nothing", () =>
			onStage(make, async ({ store, maker }) => {
				const [a, b] = [await maker.make({ signed: false }), await maker.make()];
				const report = await store.putEntries([a, flip(b, "signature", 3)]);
				expect(report.stored).toEqual([]);
				expect(report.refused.map(({ reason }) => reason).sort()).toEqual(["signature", "unsigned"]);
			}));

		test("asks who may store after all checks, and writes rows for what was stored", () =>
			onStage(make, async ({ store, maker }) => {
				const [a, b, c] = [await maker.make(), await maker.make(), await maker.make()];
				await store.append([a]);
				const asked: string[][] = [];
				const report = await store.receive([a, b, c, flip(await maker.make(), "signature", 1)], {
					admit: async (entries) => {
						asked.push(hashesOf(entries));
						return entries.map(({ hash }) =>
							hash === b.hash ? { hash, reason: "not-member", message: "no" } : undefined,
						);
					},
					rows: async (placements) => [
						{ type: "put", key: Uint8Array.of(7), value: Uint8Array.from(placements.map(({ arrival }) => arrival)) },
					],
				});
				expect(asked).toEqual([[b.hash, c.hash]]);
				expect(report).toMatchObject({ stored: [{ hash: c.hash, arrival: 2 }], known: [a.hash] });
				expect(report.refused.map(({ reason }) => reason).sort()).toEqual(["not-member", "signature"]);
				expect(await store.rows.get(Uint8Array.of(7))).toEqual(Uint8Array.of(2));
			}));

		test("takes stubs of a document that was erased for everybody, and of no other, whoever may store", () =>
			onStage(make, async ({ store, maker, under }) => {
				const purged = await maker.make();
				const successor = await maker.make({
					entryType: "doc_change",
					docId: purged.common.docId,
					dependencyHashes: [purged.hash],
				});
				const stubs = await Promise.all([successor, await maker.make()].map((entry) => stubOf(under.crypto, entry)));
				const [wanted, unwanted] = stubs as [Stub, Stub];
				await store.putEntries([purged]);
				await store.eraseDocument(purged.common.docId);
				const report = await store.receive(stubs, { admit: async (offered) => offered.map(() => undefined) });
				expect(report.stored).toEqual([{ hash: wanted.hash, arrival: 2 }]);
				expect(report.refused).toMatchObject([{ hash: unwanted.hash, reason: "stub" }]);
				expect(await store.getEntries([wanted.hash])).toEqual([wanted]);
				expect(await store.chainHeads(maker.publicKey)).toContain(wanted.hash);
			}));

		test("keeps what it does not know: later versions, types, critical extensions", () =>
			onStage(make, async (stage) => {
				const { maker, under } = stage;
				const genuine = await maker.make({ extensions: new Map([[5, Uint8Array.of(1)]]) });
				expect(genuine.fields).toBeDefined();
				expect((await stage.store.putEntries([genuine])).stored).toHaveLength(1);
				const [entry] = await (await stage.reopen()).getEntries([genuine.hash]);
				expect(wire(entry as Entry)).toEqual(wire(genuine));
				expect((entry as Entry).fields).toBeUndefined();
				expect(toHex(await under.crypto.sha256((entry as Entry).payload as Uint8Array))).toBe(
					genuine.common.contentHash,
				);
			}));

		test("lesson 10, 14: 10,000 entries of which 100 are bad", () =>
			onStage(make, async ({ store, maker }) => {
				const entries: Entry[] = [];
				for (let i = 0; i < 10_000; i++) entries.push(await maker.make({ signed: i % 50 === 49 }));
				const bad = entries.map((entry, index) => (index % 100 === 17 ? flip(entry, "payload", index % 50) : entry));
				const report = await store.putEntries(bad);
				expect(report.refused).toHaveLength(100);
				expect(report.refused.every(({ reason }) => reason === "address")).toBe(true);
				expect(report.stored).toHaveLength(9_900);
				const again = await store.putEntries(entries);
				expect(again.known).toHaveLength(9_900);
				expect(again.stored).toHaveLength(100);
				expect(await store.chainHeads(maker.publicKey)).toEqual([entries[9_999]?.hash]);
			}));

		test("several receives overlap and agree", () =>
			onStage(make, async ({ store, maker }) => {
				const entries: Entry[] = [];
				for (let i = 0; i < 60; i++) entries.push(await maker.make());
				const reports = await Promise.all(
					[0, 20, 10, 30].map((start) => store.putEntries(entries.slice(start, start + 30))),
				);
				const stored = reports.flatMap((report) => hashesOf(report.stored));
				expect([...stored].sort()).toEqual([...hashesOf(entries)].sort());
				expect((await store.position()).arrival).toBe(60);
				expect(await store.chainHeads(maker.publicKey)).toEqual([entries[59]?.hash]);
			}));
	});
}

/** Opaque bytes in mode 2. */
function deflated(length: number): Uint8Array {
	return new Uint8Array(length).fill(2, 0, 1);
}

function flip(entry: Entry, part: "header" | "payload" | "signature", at: number): Entry {
	const bytes = (entry[part] as Uint8Array).slice();
	bytes[at] = (bytes[at] as number) ^ 1;
	return { ...entry, [part]: bytes };
}
