import {
	applyBackups,
	backupTenant,
	type ContentAddressedStore,
	type LocalStore,
	type OpenedBackup,
	openBackup,
	type PreviousBackup,
	restoreBackup,
	type StoredEntry,
	type StoreFactory,
	verifyBackup,
} from "@mindoodb/core";
import { type ArchiveEncryption, bytesSource, MemorySink } from "@mindoodb/formats/apack";
import { nodeApack } from "@mindoodb/formats/node";
import { type AliceAndBob, aliceAndBob, setField, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { describe, expect, it } from "vitest";

const platform = await nodeApack();
const env = await nodeEnv();
const { crypto } = env;
const newStores = (own: typeof crypto) => memoryStores(own);
const newTenant = (): Promise<AliceAndBob> => aliceAndBob({ env, newStores });
const cheap = (password: string): ArchiveEncryption => ({
	cipher: "aes-256-gcm",
	password,
	kdf: { name: "argon2id", memoryKiB: 8, iterations: 1, parallelism: 1 },
});

async function back(
	{ tenant, env: own }: TestReplica,
	options: { readonly previous?: PreviousBackup; readonly encryption?: ArchiveEncryption } = {},
): Promise<Uint8Array> {
	const sink = new MemorySink();
	await backupTenant(tenant, sink, { env: own, platform, ...options });
	return sink.toBytes();
}

const open = (bytes: Uint8Array, password?: string): Promise<OpenedBackup> =>
	openBackup(bytesSource(bytes), { crypto, platform, ...(password && { password }) });

const openAll = (archives: readonly Uint8Array[]) => Promise.all(archives.map((bytes) => open(bytes)));

async function entriesOf(store: ContentAddressedStore): Promise<StoredEntry[]> {
	const entries: StoredEntry[] = [];
	for (let at = 0; ; ) {
		const page = await store.entriesAfter(at);
		if (page.next === at) return entries;
		for (const { entry } of page.arrivals) entries.push(entry);
		at = page.next;
	}
}

async function restored(archives: readonly Uint8Array[]): Promise<StoreFactory> {
	const stores = memoryStores(crypto);
	await restoreBackup({ crypto, stores }, await openAll(archives));
	return stores;
}

const openStore = (stores: StoreFactory, tenantRoot: string, dbId: string): Promise<LocalStore> =>
	stores.open({ tenantRoot, dbId, purpose: "documents" });

async function shown(replica: TestReplica): Promise<Record<string, unknown>> {
	const all: Record<string, unknown> = {};
	for await (const doc of (await replica.db()).iterateDocuments()) all[doc.id] = doc.getData();
	return all;
}

/** Archives travel; nothing else does. */
async function carry(from: TestReplica, to: TestReplica) {
	return applyBackups(to.tenant, { backups: [await open(await back(from))], crypto });
}

describe("a backup", () => {
	it("is restored byte by byte, in the order of arrival, stubs too", async () => {
		const { fixture, alice, notes } = await newTenant();
		const gone = await notes.createDocument({ title: "gone" });
		const kept = await notes.createDocument({ title: "kept" });
		await notes.changeDoc(kept, async (_, attachments) => {
			await attachments.addAttachment(new Uint8Array(300_000).fill(7), "big.bin", "application/octet-stream");
		});
		await (await alice.directory()).requestPurge({ dbId: "notes", docId: gone.id });
		const stores = await restored([await back(alice)]);
		for (const dbId of ["notes", "directory"]) {
			const before = await entriesOf((await alice.db(dbId)).store);
			const store = await openStore(stores, fixture.identity.tenantRoot, dbId);
			expect(await entriesOf(store)).toEqual(before);
			await store.close();
		}
		expect((await entriesOf(notes.store)).map(({ kind }) => kind)).toContain("stub");
	});

	it("is written while its databases are in use, and holds what was there when it began", async () => {
		const { fixture, alice, notes } = await newTenant();
		await notes.createDocuments(Array.from({ length: 300 }, (_, n) => ({ n })));
		const before = {
			notes: await entriesOf(notes.store),
			directory: await entriesOf((await alice.db("directory")).store),
		};
		const sink = new MemorySink();
		let edits: Promise<unknown> | undefined;
		await backupTenant(alice.tenant, sink, {
			env: alice.env,
			platform,
			onProgress: () => {
				edits ??= Promise.all([notes.createDocument({ late: true }), fixture.member("carol")]);
			},
		});
		await edits;
		expect((await entriesOf(notes.store)).length).toBeGreaterThan(before.notes.length);
		const stores = await restored([sink.toBytes()]);
		for (const dbId of ["notes", "directory"] as const) {
			const store = await openStore(stores, fixture.identity.tenantRoot, dbId);
			expect(await entriesOf(store)).toEqual(before[dbId]);
		}
	});

	it("continues another one: a store that was made anew is written whole", async () => {
		const { fixture, alice, bob, notes } = await newTenant();
		const doc = await notes.createDocument({ n: 0 });
		const archives = [await back(alice)];
		for (let n = 1; n < 4; n++) {
			await notes.changeDoc(doc, setField("n", n));
			if (n === 2) await alice.db("second").then((db) => db.createDocument({}));
			archives.push(await back(alice, { previous: await open(archives.at(-1) as Uint8Array) }));
		}
		const opened = await openAll(archives);
		const spans = opened.map(({ manifest }) => manifest.stores.map(({ dbId, from, to }) => [dbId, from, to]));
		expect(spans.map((each) => each.find(([dbId]) => dbId === "notes"))).toEqual([
			["notes", 0, 1],
			["notes", 1, 2],
			["notes", 2, 3],
			["notes", 3, 4],
		]);
		const stores = await restored(archives);
		const store = await openStore(stores, fixture.identity.tenantRoot, "notes");
		expect(await entriesOf(store)).toEqual(await entriesOf(notes.store));
		expect(await verifyBackup(crypto, opened)).toMatchObject({ faults: [], unvouched: [] });

		const other = await back(bob, { previous: opened[3] as OpenedBackup });
		const [, anew] = (await openAll([archives[3] as Uint8Array, other])) as [OpenedBackup, OpenedBackup];
		expect(anew.manifest.stores.every(({ from }) => from === 0)).toBe(true);
	});

	it("may be continued on one replica and on another in turn; the newest one is what is restored", async () => {
		const { fixture, alice, bob, notes } = await newTenant();
		await notes.createDocument({ n: 0 });
		await carry(alice, bob);
		const archives = [await back(alice)];
		for (const replica of [bob, alice, bob]) {
			await (await replica.db()).createDocument({});
			archives.push(await back(replica, { previous: await open(archives.at(-1) as Uint8Array) }));
		}
		expect(await verifyBackup(crypto, await openAll(archives))).toMatchObject({ faults: [], unvouched: [] });
		const store = await openStore(await restored(archives), fixture.identity.tenantRoot, "notes");
		expect(await entriesOf(store)).toEqual(await entriesOf((await bob.db()).store));
	});

	it("is refused with a gap, in the wrong order, or beside another tenant's", async () => {
		const { alice, notes } = await newTenant();
		const archives = [await back(alice)];
		for (let n = 1; n < 3; n++) {
			await notes.createDocument({ n });
			archives.push(await back(alice, { previous: await open(archives.at(-1) as Uint8Array) }));
		}
		const [first, second, third] = (await openAll(archives)) as [OpenedBackup, OpenedBackup, OpenedBackup];
		const refused = async (backups: readonly OpenedBackup[], error: object) => {
			const stores = memoryStores(crypto);
			await expect(restoreBackup({ crypto, stores }, backups)).rejects.toMatchObject(error);
			expect(await stores.list(first.tenantRoot)).toEqual([]);
		};
		await refused([first, third], { code: "chain", data: { expected: first.id, found: second.id } });
		await refused([second, third], { code: "chain", data: { expected: first.id, found: second.id } });
		await refused([second, first], { code: "chain", data: { expected: second.id, found: "none" } });
		const foreign = await open(await back((await newForeign()).alice));
		await refused([first, foreign], { code: "wrong-database" });
		await expect(back(alice, { previous: foreign })).rejects.toMatchObject({ code: "wrong-database" });
	});

	it("shows nothing of its contents and, encrypted, no ids either", async () => {
		const { alice, notes } = await newTenant();
		await notes.createDocument({ title: "a very secret title" });
		const bytes = await back(alice, { encryption: cheap("archive") });
		for (const text of ["notes", "fixture", "alice", "secret", "directory", alice.tenant.identity.tenantRoot]) {
			expect(Buffer.from(bytes).includes(text)).toBe(false);
			if (text === "alice" || text === "secret") expect(Buffer.from(await back(alice)).includes(text)).toBe(false);
		}
		await expect(open(bytes)).rejects.toMatchObject({ code: "key" });
		await expect(open(bytes, "wrong")).rejects.toMatchObject({ code: "key" });
		const backup = await open(bytes, "archive");
		expect(await verifyBackup(crypto, [backup])).toMatchObject({ faults: [] });
	});

	it("tells of every flipped byte, or gives the same entries", async () => {
		const { fixture, alice, notes } = await newTenant();
		await notes.createDocument({ title: "one" });
		const bytes = await back(alice);
		const { tenantRoot } = fixture.identity;
		const expected = await entriesOf(notes.store);
		let told = 0;
		for (let at = 0; at < bytes.length; at += 37) {
			const flipped = bytes.slice();
			flipped[at] = (flipped[at] as number) ^ 0x10;
			try {
				const stores = await restored([flipped]);
				expect(await entriesOf(await openStore(stores, tenantRoot, "notes"))).toEqual(expected);
			} catch (error) {
				expect((error as { code?: unknown }).code).toBeTypeOf("string");
				told++;
			}
		}
		expect(told).toBeGreaterThan(bytes.length / 37 - 3);
		for (const length of [0, 40, bytes.length >> 1, bytes.length - 1]) {
			await expect(open(bytes.slice(0, length))).rejects.toMatchObject({ code: expect.any(String) });
		}
	});

	it("names each damaged record and goes on", async () => {
		const { alice, notes } = await newTenant();
		await notes.createDocuments(Array.from({ length: 1100 }, (_, n) => ({ n })));
		const bytes = await back(alice);
		const [whole] = await openAll([bytes]);
		const [part] = (whole as OpenedBackup).manifest.stores;
		expect(part?.segments.length).toBeGreaterThan(1);
		bytes[5000] = (bytes[5000] as number) ^ 1;
		const report = await verifyBackup(crypto, await openAll([bytes]));
		expect(report.faults).toMatchObject([
			{ archive: 1, dbId: "notes", record: 1, records: part?.segments[0]?.records },
		]);
		expect(report.entries).toBeGreaterThan(70);
	});

	it("is no archive when its sink fails at any write", async () => {
		const { alice, notes } = await newTenant();
		await notes.createDocument({});
		for (let failAt = 1; ; failAt++) {
			const sink = new MemorySink();
			let writes = 0;
			const failing = {
				write: async (pieces: readonly Uint8Array[]) => {
					if (++writes === failAt) throw new Error("disk full");
					await sink.write(pieces);
				},
			};
			const writing = backupTenant(alice.tenant, failing, { env: alice.env, platform });
			const failed = await writing.then(
				() => false,
				() => true,
			);
			if (!failed) {
				expect(failAt).toBeGreaterThan(3);
				break;
			}
			await expect(open(sink.toBytes())).rejects.toMatchObject({ name: "ApackError" });
		}
	});
});

describe("an archive that is applied", () => {
	it("levels two sites that carry nothing but archives, and changes nothing the second time", async () => {
		const { alice, bob, notes } = await newTenant();
		const doc = await notes.createDocument({ title: "one" });
		await carry(alice, bob);
		await notes.changeDoc(doc.id, setField("alice", 1));
		await (await bob.db()).changeDoc(doc.id, setField("bob", 2));
		await (await bob.db()).createDocument({ from: "bob" });
		await carry(alice, bob);
		const archive = await back(bob);
		const [directory, first] = await applyBackups(alice.tenant, { backups: [await open(archive)], crypto });
		expect([directory?.dbId, first?.dbId, first?.stored, first?.waiting]).toEqual(["directory", "notes", 2, 0]);
		expect(await shown(alice)).toEqual(await shown(bob));
		expect((await shown(alice))[doc.id]).toEqual({ title: "one", alice: 1, bob: 2 });
		const position = await notes.store.position();
		for (const each of await applyBackups(alice.tenant, { backups: [await open(archive)], crypto })) {
			expect(each).toMatchObject({ stored: 0, refused: [], waiting: 0, complete: true });
		}
		expect(await notes.store.position()).toEqual(position);
	});

	it("of another tenant is refused, and one whose predecessor did not come merges what it can", async () => {
		const { alice, bob, notes } = await newTenant();
		const doc = await notes.createDocument({ n: 0 });
		const archives = [await back(alice)];
		await notes.changeDoc(doc, setField("n", 1));
		const fresh = await notes.createDocument({ fresh: true });
		archives.push(await back(alice, { previous: await open(archives[0] as Uint8Array) }));
		const [whole, later] = (await openAll(archives)) as [OpenedBackup, OpenedBackup];
		const results = await applyBackups(bob.tenant, { backups: [later], crypto });
		expect(results.find(({ dbId }) => dbId === "notes")).toMatchObject({ stored: 2, waiting: 1 });
		expect(await shown(bob)).toEqual({ [fresh.id]: { fresh: true } });
		const [, after] = await applyBackups(bob.tenant, { backups: [whole, later], crypto });
		expect(after).toMatchObject({ waiting: 0 });
		expect(await shown(bob)).toEqual(await shown(alice));

		const foreign = await newForeign();
		await expect(applyBackups(foreign.alice.tenant, { backups: [whole], crypto })).rejects.toMatchObject({
			code: "wrong-database",
		});
	});

	it("of a replica that lacks bytes of attachments is restored as it was, and another archive brings them", async () => {
		const { fixture, alice, bob, notes } = await newTenant();
		const doc = await notes.createDocument({ title: "with a file" });
		const content = crypto.randomBytes(600_000);
		await notes.changeDoc(doc, async (_, attachments) => {
			await attachments.addAttachment(content, "noise.bin", "application/octet-stream");
		});
		await bob.tenant.openDB("notes", { attachments: "lazy", snapshots: "off" });
		await bob.level(alice);
		const lacking = await entriesOf((await bob.db()).store);
		expect(lacking.some((entry) => entry.kind === "entry" && entry.payload === undefined)).toBe(true);
		const archive = await back(bob);
		const stores = await restored([archive]);
		const store = await openStore(stores, fixture.identity.tenantRoot, "notes");
		expect(await entriesOf(store)).toEqual(lacking);
		await store.close();

		const carol = await fixture.member("carol");
		await carry(alice, bob);
		await carry(bob, carol);
		const read = async () => {
			const found = await (await carol.db()).getDocument(doc.id);
			return found?.getAttachment(found.getAttachments()[0]?.id ?? "");
		};
		expect(await shown(carol)).toEqual(await shown(alice));
		await expect(read()).rejects.toMatchObject({ code: "chunk-missing" });
		await carry(alice, carol);
		expect(Buffer.compare((await read()) ?? new Uint8Array(0), content)).toBe(0);
	});

	it("that is damaged gives what is whole, and says what is not", async () => {
		const { alice, bob, notes } = await newTenant();
		await notes.createDocuments(Array.from({ length: 1100 }, (_, n) => ({ n })));
		const bytes = await back(alice);
		bytes[5000] = (bytes[5000] as number) ^ 1;
		const [, result] = await applyBackups(bob.tenant, { backups: await openAll([bytes]), crypto });
		expect(result?.damaged).toBeGreaterThan(256);
		expect((result?.stored ?? 0) + (result?.damaged ?? 0)).toBe((await notes.store.position()).arrival);
	});
});

function newForeign(): Promise<AliceAndBob> {
	return aliceAndBob({ env, newStores, seed: 99 });
}
