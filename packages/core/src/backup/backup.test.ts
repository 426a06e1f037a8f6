import {
	type ContentAddressedStore,
	type Entry,
	type LocalStore,
	type OpenedBackup,
	openBackup,
	restoreBackup,
	type StoredEntry,
	verifyBackup,
} from "@mindoodb/core";
import { bytesSource, createArchive, MemorySink } from "@mindoodb/formats/apack";
import { nodeApack } from "@mindoodb/formats/node";
import { changingEntries, changingPages, type EntryMaker, entryMaker, lyingStore } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { beforeEach, expect, it } from "vitest";
import { toHex } from "../bytes/hex.js";
import { computeTenantRoot } from "../entry/ids.js";
import { encodeSegment, recordOf } from "./backup-record.js";
import { BackupStore } from "./backup-store.js";
import { encodeManifest, recordsOf } from "./manifest.js";
import { type PreviousBackup, writeBackup } from "./write-backup.js";

const platform = await nodeApack();
const env = await nodeEnv();
const { crypto } = env;
const administration = await crypto.generateSigningKeyPair();
const tenantRoot = await computeTenantRoot(crypto, {
	label: "acme",
	administrationKey: administration.publicKey,
	recoveryKey: undefined,
});
const tenant = { tenantId: "acme", administrationKey: toHex(administration.publicKey), tenantRoot };

let maker: EntryMaker;
let store: LocalStore;

beforeEach(async () => {
	maker = await entryMaker({ crypto, tenantRoot });
	store = await memoryStores(crypto).open({ tenantRoot, dbId: "notes", purpose: "documents" });
});

async function write(from: ContentAddressedStore, previous?: PreviousBackup): Promise<OpenedBackup> {
	const sink = new MemorySink();
	const sources = [{ dbId: "notes", purpose: "documents" as const, store: from }];
	await writeBackup(sink, { tenant, sources }, { env, platform, ...(previous && { previous }) });
	return openBackup(bytesSource(sink.toBytes()), { crypto, platform });
}

/** What a store says that was not honest, or is not whole any more. */
async function restoredOf(backups: readonly OpenedBackup[]) {
	const stores = memoryStores(crypto);
	const report = await restoreBackup({ crypto, stores }, backups);
	const restored = await stores.open({ tenantRoot, dbId: "notes", purpose: "documents" });
	return { ...report, hashes: await restored.getAllHashes() };
}

it("an archive is a store that can be read, and cannot be written", async () => {
	const entries = [...(await maker.document(300)), ...(await (await maker.another()).document(900))];
	await store.putEntries(entries);
	const backup = await write(store);
	const archived = new BackupStore(crypto, backup, 0);
	const [first, middle] = [entries[0] as Entry, entries[700] as Entry];
	const bytesOf = (all: readonly StoredEntry[]) => all.map((entry) => toHex(encodeSegment([recordOf(entry)])));
	for (const ask of [
		async (each: ContentAddressedStore) => bytesOf(await each.getEntries([middle.hash, "00".repeat(32), first.hash])),
		(each: ContentAddressedStore) => each.hasEntries([middle.hash, "00".repeat(32), first.hash]),
		async (each: ContentAddressedStore) => bytesOf(await each.findNewEntries([first.hash])),
		async (each: ContentAddressedStore) => bytesOf(await each.findNewEntriesForDoc([middle.hash], middle.common.docId)),
		(each: ContentAddressedStore) => each.getAllHashes(),
		(each: ContentAddressedStore) => each.resolveDependencies(middle.hash, { maxDepth: 3 }),
		...[{ limit: 20 }, { maxBytes: 1 }, { limit: 0 }, { payload: false }].map(
			(options) => async (each: ContentAddressedStore) => {
				const { arrivals, next, damaged } = await each.entriesAfter(290, options);
				const entries = bytesOf(arrivals.map(({ entry }) => entry));
				return { entries, numbers: arrivals.map(({ arrival }) => arrival), next, damaged };
			},
		),
	]) {
		expect(await ask(archived)).toEqual(await ask(store));
	}
	expect((await archived.position()).arrival).toBe(1200);
	expect((await archived.entriesAfter(1200)).digest).toBe((await archived.position()).digest);
	expect((await archived.identity()).storeId).toBe(
		(await new BackupStore(crypto, await write(store), 0).identity()).storeId,
	);
	await expect(archived.putEntries()).rejects.toMatchObject({ code: "usage" });
	await expect(archived.purgeDocHistory()).rejects.toMatchObject({ code: "usage" });
});

it("what arrives in any of the stores once the backup has begun is not in it", async () => {
	await store.putEntries(await maker.document(3));
	const beside = await memoryStores(crypto).open({ tenantRoot, dbId: "beside", purpose: "documents" });
	const other = await entryMaker({ crypto, tenantRoot, dbId: "beside" });
	await beside.putEntries(await other.document(2));
	const busy = lyingStore(store, {
		entriesAfter: async (after, options) => {
			const page = await store.entriesAfter(after, { ...options, limit: 1 });
			await store.putEntries([await maker.make()]);
			await beside.putEntries([await other.make()]);
			return page;
		},
	});
	const sink = new MemorySink();
	const sources = [
		{ dbId: "notes", purpose: "documents" as const, store: busy },
		{ dbId: "beside", purpose: "documents" as const, store: beside },
	];
	const { manifest } = await writeBackup(sink, { tenant, sources }, { env, platform });
	expect((await store.position()).arrival).toBeGreaterThan(3);
	expect(manifest.stores.map((part) => [part.to, recordsOf(part)])).toEqual([
		[3, 3],
		[2, 2],
	]);
});

it("forged records are named one by one, and nothing of such an archive is restored", async () => {
	const entries = await maker.document(5);
	await store.putEntries(entries);
	const stranger = await (await maker.another()).make();
	const forge = (hash: string, change: (entry: Entry) => StoredEntry) =>
		changingEntries(store, (entry) => (entry.hash === hash && entry.kind === "entry" ? change(entry) : entry));
	const [target] = entries.slice(2) as [Entry];
	const forgeries: readonly ((entry: Entry) => StoredEntry)[] = [
		(entry) => ({ ...entry, payload: new Uint8Array(entry.payload?.length ?? 0) }),
		(entry) => ({ ...entry, signature: stranger.signature }),
		(entry) => ({ ...entry, header: entry.header.slice(1) }),
		(entry) => ({ ...entry, payload: undefined }),
	];
	for (const change of forgeries) {
		const backup = await write(forge(target.hash, change));
		const { faults } = await verifyBackup(crypto, [backup]);
		expect(faults.map(({ archive, dbId, record }) => [archive, dbId, record])).toEqual([[1, "notes", 3]]);
		await expect(restoredOf([backup])).rejects.toMatchObject({ code: "address" });
	}
	const twice = await write(forge(target.hash, () => entries[0] as Entry));
	expect((await verifyBackup(crypto, [twice])).faults.map(({ message }) => message)).toEqual([
		"the entry is there twice",
	]);
});

it("genuine entries that the manifest does not speak of are refused, also under right checksums", async () => {
	const [first, second] = (await maker.document(2)) as [Entry, Entry];
	await store.putEntries([first, second]);
	const { manifest } = await write(store);
	const forged = async (records: readonly StoredEntry[], more: readonly string[] = []) => {
		const sink = new MemorySink();
		const writer = await createArchive(sink, { platform });
		await writer.add({ name: "stores/0" }, encodeSegment(records.map(recordOf)));
		for (const name of more) await writer.add({ name }, new Uint8Array(1));
		await writer.add({ name: "manifest" }, encodeManifest(manifest));
		await writer.close();
		return openBackup(bytesSource(sink.toBytes()), { crypto, platform });
	};
	expect((await verifyBackup(crypto, [await forged([first, second])])).faults).toEqual([]);
	const swapped = await forged([second, first]);
	expect((await verifyBackup(crypto, [swapped])).faults).toMatchObject([{ record: 1, records: 2 }]);
	await expect(restoredOf([swapped])).rejects.toMatchObject({ code: "address" });
	expect(await new BackupStore(crypto, swapped, 0).entriesAfter(0)).toMatchObject({ arrivals: [], damaged: [1, 2] });
	await expect(forged([first])).rejects.toMatchObject({ code: "format" });
	await expect(forged([first, second], ["extra"])).rejects.toMatchObject({ code: "format" });
});

it("what nobody vouches for is told and left out, unless the archive before has its successor", async () => {
	const unsigned = await maker.make({ signed: false });
	const signed = await maker.make();
	await store.putEntries([unsigned, signed]);
	const whole = await write(store);
	expect(await verifyBackup(crypto, [whole])).toMatchObject({ faults: [], unvouched: [] });
	const purged = await store.purgeDocHistory(signed.common.docId);
	expect(purged).toEqual([signed.hash]);
	const backup = await write(store);
	expect(await verifyBackup(crypto, [backup])).toMatchObject({ faults: [], unvouched: [unsigned.hash] });
	expect(await restoredOf([backup])).toMatchObject({ unvouched: [unsigned.hash], hashes: [] });
});

it("an unsigned entry may rest on a successor in an archive before, which is not there to see alone", async () => {
	const unsigned = await maker.make({ signed: false });
	const signed = await maker.make();
	await store.append([signed]);
	const first = await write(store);
	await store.putEntries([unsigned]);
	const second = await write(store, first);
	expect(await verifyBackup(crypto, [second])).toMatchObject({ faults: [], unvouched: [unsigned.hash], entries: 1 });
	expect(await verifyBackup(crypto, [first, second])).toMatchObject({ faults: [], unvouched: [], entries: 2 });
	expect((await restoredOf([first, second])).hashes).toEqual(await store.getAllHashes());
});

it("a store that does not stand where it stood is written whole, and damage in it is counted", async () => {
	await store.putEntries(await maker.document(3));
	const first = await write(store);
	await store.putEntries(await maker.document(2));
	const mark = first.marks[0] as (typeof first.marks)[number];
	const other = { id: first.id, tenantRoot, marks: [{ ...mark, digest: "00".repeat(16) }] };
	expect((await write(store, other)).marks[0]).toMatchObject({ from: 0, to: 5 });
	expect((await write(store, first)).marks[0]).toMatchObject({ from: 3, to: 5 });
	const damaged = changingPages(store, (page) => ({
		...page,
		arrivals: page.arrivals.filter(({ arrival }) => arrival !== 2),
		damaged: page.next < 2 ? [] : [2],
	}));
	expect((await write(damaged)).marks[0]).toMatchObject({ to: 5, damaged: 1 });
});
