import { fork } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Crypto, fromHex, type Level, type OpenStoreOptions, toBase64 } from "@mindoodb/core";
import { entryMaker, type FaultyLevel, faultyLevel, TenantFixture } from "@mindoodb/testing";
import { ClassicLevel } from "classic-level";
import { folderStores, nodeCrypto, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const crypto = nodeCrypto();
const options: OpenStoreOptions = { tenantRoot: "cd".repeat(32), dbId: "notes", purpose: "documents" };
let dir = "";

beforeEach(async () => {
	dir = await mkdtemp(join(tmpdir(), "mindoodb-folder-"));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

/** Every file below a folder. */
async function filesOf(folder: string): Promise<string[]> {
	const found: string[] = [];
	for (const each of await readdir(folder, { withFileTypes: true })) {
		const path = join(folder, each.name);
		if (each.isDirectory()) found.push(...(await filesOf(path)));
		else found.push(path);
	}
	return found;
}

async function storeFolder(): Promise<string> {
	const holder = (await filesOf(dir)).find((path) => path.endsWith("store.json")) as string;
	return join(holder, "..");
}

/** A process that opens the level of a store and holds it until it is told to end. */
async function otherProcess(folder: string): Promise<{ readonly pid: number; end(): Promise<void> }> {
	const program = join(dir, "holder.cjs");
	const level = JSON.stringify(require.resolve("classic-level"));
	await writeFile(
		program,
		`const { ClassicLevel } = require(${level});
		new ClassicLevel(process.argv[2]).open().then(() => process.send("open"));
		process.on("message", () => process.exit(0));`,
	);
	const child = fork(program, [join(folder, "rows")]);
	await new Promise((resolve) => child.once("message", resolve));
	return {
		pid: child.pid as number,
		end: () =>
			new Promise((resolve) => {
				child.once("exit", () => resolve());
				child.kill("SIGKILL");
			}),
	};
}

/**
 * The same engine, which hands over what is written under the keys of projections. Where one is deleted it writes its log out, as it
 * does by itself when there is much of it: then what is deleted and what deletes it lie in different files.
 */
function noting(level: Level, projections: Uint8Array[]): Level {
	return {
		open: () => level.open(),
		close: () => level.close(),
		get: (key) => level.get(key),
		getMany: (keys) => level.getMany(keys),
		hasMany: (keys) => level.hasMany(keys),
		iterator: (range) => level.iterator(range),
		batch: () => {
			const batch = level.batch();
			const isProjection = (key: Uint8Array) => key[0] === 0x80 && key[1] === 1;
			let deletes = false;
			return {
				put: (key, value) => {
					if (isProjection(key)) projections.push(value);
					return batch.put(key, value);
				},
				del: (key) => {
					deletes ||= isProjection(key);
					return batch.del(key);
				},
				write: async (options) => {
					await batch.write(options);
					if (deletes) await level.compactRange?.(Uint8Array.of(0), Uint8Array.of(0));
				},
				close: () => batch.close(),
			};
		},
		compactRange: async (start, end) => level.compactRange?.(start, end),
	};
}

describe("a folder of stores", () => {
	test("names folders by hashes, never by ids that others chose", async () => {
		const stores = folderStores(dir, crypto);
		const dbIds = ["../../escape", "a/b", "con", "äöü 🙂", "x".repeat(128), "."];
		for (const dbId of dbIds) await (await stores.open({ ...options, dbId })).close();
		await (await stores.open({ ...options, dbId: ".", purpose: "attachments" })).close();
		expect(await stores.list(options.tenantRoot)).toEqual([...dbIds].sort());
		for (const path of await filesOf(dir))
			expect(path.slice(dir.length)).toMatch(/^[/\\][0-9a-f]{32}[/\\][0-9a-f]{32}[/\\]/);
		await expect(stores.open({ ...options, tenantRoot: "../x" })).rejects.toMatchObject({ code: "usage" });
		await stores.drop(options.tenantRoot, ".");
		expect(await stores.list(options.tenantRoot)).toEqual(dbIds.filter((dbId) => dbId !== ".").sort());
	});

	test("only the owner may enter", async () => {
		const store = await folderStores(join(dir, "deep", "er"), crypto).open(options);
		for (const each of ["deep/er", "deep/er/cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"]) {
			expect((await stat(join(dir, each))).mode & 0o777).toBe(0o700);
		}
		await store.close();
	});

	test("a second process is told who holds the store, and since when", async () => {
		const stores = folderStores(dir, crypto);
		await (await stores.open(options)).close();
		const folder = await storeFolder();
		const other = await otherProcess(folder);
		const since = Date.now();
		await writeFile(join(folder, "holder.json"), JSON.stringify({ pid: other.pid, since }));
		await expect(stores.open(options)).rejects.toMatchObject({
			code: "store-locked",
			message: expect.stringContaining(`process ${other.pid}, since ${new Date(since).toISOString()}`),
			data: { holder: { pid: other.pid, since } },
		});
		await other.end();
		const store = await stores.open(options);
		const holder = JSON.parse(await readFile(join(folder, "holder.json"), "utf8"));
		expect(holder.pid).toBe(process.pid);
		await expect(stores.open(options)).rejects.toMatchObject({ data: { holder } });
		await store.close();
		expect(await readdir(folder)).toEqual(["rows", "store.json"]);
	});

	test("a holder file that is stale, missing or spoilt names nobody and stops nobody", async () => {
		const stores = folderStores(dir, crypto);
		await (await stores.open(options)).close();
		const folder = await storeFolder();
		const other = await otherProcess(folder);
		for (const text of ['{"pid":2147483000,"since":1}', "spoilt", '{"pid":-1,"since":1}', '{"pid":"1","since":1}']) {
			await writeFile(join(folder, "holder.json"), text);
			const error = await stores.open(options).catch((caught) => caught);
			expect(error).toMatchObject({ code: "store-locked" });
			expect(error.data.holder).toBeUndefined();
		}
		await other.end();
		await (await stores.open(options)).close();
	});

	test.each(["purgeDocHistory", "eraseDocument"] as const)(
		"%s leaves no byte of the payload in any file",
		async (erase) => {
			const maker = await entryMaker({ crypto, tenantRoot: options.tenantRoot });
			const stores = folderStores(dir, crypto);
			const store = await stores.open(options);
			const small = crypto.randomBytes(200);
			const large = crypto.randomBytes(20_000);
			const docId = (await maker.make()).common.docId;
			const gone = [await maker.make({ docId, payload: small }), await maker.make({ docId, payload: large })];
			// Of a header its record keeps the content tag, which no stub has.
			const tags = gone.map(({ fields }) => fromHex(fields?.contentTag as string));
			await store.append(gone);
			for (let i = 0; i < 40; i++) await store.append(await maker.document(50, { signed: false }));
			const found = async () => {
				const contents = await Promise.all((await filesOf(dir)).map((path) => readFile(path)));
				return [small.subarray(50, 90), large.subarray(50, 90), ...tags].map((bytes) =>
					contents.some((content) => content.includes(Buffer.from(bytes))),
				);
			};
			expect(await found()).toEqual([true, true, true, true]);
			await store[erase](docId);
			expect(await found()).toEqual([false, false, false, false]);
			await store.close();
		},
	);

	for (const cutShort of [false, true]) {
		test(`a purge leaves no byte of a projection either${cutShort ? ", when it is cut short and done again" : ""}`, async () => {
			const projections: Uint8Array[] = [];
			const disks: FaultyLevel[] = [];
			const wrapLevel = (level: Level): Level => {
				const disk = faultyLevel(noting(level, projections));
				disks.push(disk);
				return disk.level;
			};
			const newStores = (tenantCrypto: Crypto) => folderStores(dir, tenantCrypto, { wrapLevel });
			const tenant = await TenantFixture.create({ env: await nodeEnv(), newStores });
			const notes = await tenant.creator.db();
			const disk = disks.at(-1) as FaultyLevel;
			// So much that projections come to lie in files of their own.
			const others = () => Array.from({ length: 800 }, () => ({ text: toBase64(crypto.randomBytes(2500)) }));
			await notes.createDocuments(others());
			const { id } = await notes.createDocument({ title: "gone" });
			await notes.createDocuments(others());
			await notes.changeDoc(id, (draft) => {
				draft.title = "changed";
			});
			await notes.syncStoreChanges();
			await disk.level.compactRange?.(Uint8Array.of(0), Uint8Array.of(255));

			// Behind the head, which names the document.
			const written = projections.filter((row) => row.length > 100 && Buffer.from(row).includes(id));
			expect(written).toHaveLength(2);
			const found = async () => {
				const contents = await Promise.all((await filesOf(dir)).map((path) => readFile(path)));
				return written.some((row) => contents.some((content) => content.includes(Buffer.from(row.subarray(-40)))));
			};
			expect(await found()).toBe(true);
			if (!cutShort) await notes.store.purgeDocHistory(id);
			else {
				disk.failWrites({ after: 2 });
				await expect(notes.store.purgeDocHistory(id)).rejects.toMatchObject({ code: "store-io" });
				await tenant.creator.tenant.close().catch(() => undefined);
				expect(await found()).toBe(true);
				await tenant.creator.reopen();
			}
			expect(await (await tenant.creator.db()).getAllDocumentIds()).toHaveLength(1600);
			expect(await found()).toBe(false);
			await tenant.close();
		});
	}

	test("a closed store leaves no log for the next opening to read", async () => {
		const maker = await entryMaker({ crypto, tenantRoot: options.tenantRoot });
		const stores = folderStores(dir, crypto);
		const store = await stores.open(options);
		await store.append(await maker.document(50, { signed: false }));
		await store.close();
		const logs = (await filesOf(dir)).filter((path) => path.endsWith(".log"));
		expect(await Promise.all(logs.map(async (path) => (await stat(path)).size))).toEqual([0]);
		const again = await stores.open(options);
		expect((await again.position()).arrival).toBe(50);
		await again.close();
	});

	test("a folder that cannot be made is a typed error", async () => {
		const path = join(dir, "file");
		await writeFile(path, "not a folder");
		await expect(folderStores(join(path, "stores"), crypto).open(options)).rejects.toMatchObject({ code: "store-io" });
	});

	// Root may write anywhere.
	test.skipIf(process.getuid?.() === 0)("a folder that cannot be written is a typed error", async () => {
		await chmod(dir, 0o500);
		await expect(folderStores(dir, crypto).open(options)).rejects.toMatchObject({ code: "store-io" });
		await chmod(dir, 0o700);
	});

	test("foreign folders and spoilt names are passed over", async () => {
		const stores = folderStores(dir, crypto);
		await (await stores.open(options)).close();
		const folder = await storeFolder();
		await writeFile(join(folder, "..", "note.txt"), "not a store");
		await writeFile(join(folder, "store.json"), JSON.stringify({ ...options, dbId: "another" }));
		expect(await stores.list(options.tenantRoot)).toEqual([]);
		await (await stores.open(options)).close();
		await new ClassicLevel(join(folder, "rows")).close();
	});
});
