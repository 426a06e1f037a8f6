import { createHash } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
	type Blobs,
	type Crypto,
	type Level,
	type LocalStore,
	type OpenStoreOptions,
	openLevelStore,
	StoreError,
	type StoreFactory,
	UsageError,
} from "@mindoodb/core";
import { ClassicLevel } from "classic-level";
import { folderPacks } from "./folder-packs.js";
import { isLockError, readHolder, removeHolder, writeHolder } from "./holder-file.js";

export interface FolderStoresOptions {
	/** Puts a wrapper round each engine, to count or to disturb. */
	readonly wrapLevel?: (level: Level) => Level;
	/** Where large payloads of a store lie instead of in its folder. @default none */
	readonly blobs?: (options: OpenStoreOptions) => Blobs;
}

/**
 * Stores in a folder, each a folder of its own that one process at a time may open.
 *
 * Folder names are hashes: a database's id comes from others and may look like a path. The id itself stands in `store.json`.
 *
 * Opening throws `StoreError` `store-locked` when a process holds the store already; its data names the holder where it is known.
 */
export function folderStores(
	dir: string,
	crypto: Crypto,
	{ wrapLevel = (level) => level, blobs: blobsOf }: FolderStoresOptions = {},
): StoreFactory {
	/** What `store.json` says, by folder. It cannot change: the folder's name is its hash. */
	const known = new Map<string, OpenStoreOptions>();

	return {
		async open(options: OpenStoreOptions): Promise<LocalStore> {
			const folder = folderOf(dir, options);
			await prepareFolder(dir, folder, options).catch((cause: unknown) => {
				throw new StoreError("store: the folder could not be made or written", { code: "store-io", cause });
			});
			const level = new ClassicLevel<Uint8Array, Uint8Array>(join(folder, "rows"), {
				keyEncoding: "view",
				valueEncoding: "view",
				...engineOptions[options.purpose],
			});
			await openLevel(level, folder);
			await writeHolder(folder);
			const { tenantRoot, dbId } = options;
			const packs = folderPacks(join(folder, "packs"));
			const blobs = blobsOf?.(options);
			const parts = { crypto, random: crypto, tenantRoot, dbId, packs, ...(blobs && { blobs }) };
			return openLevelStore(releasing(wrapLevel(level), folder), parts);
		},

		async list(tenantRoot: string): Promise<string[]> {
			const dbIds = new Set<string>();
			for (const { options } of await storesOf(dir, tenantRoot, known)) dbIds.add(options.dbId);
			return [...dbIds].sort();
		},

		async drop(tenantRoot: string, dbId: string): Promise<void> {
			for (const { folder, options } of await storesOf(dir, tenantRoot)) {
				if (options.dbId !== dbId) continue;
				// Opening is how to learn whether another process holds the store.
				const level = new ClassicLevel(join(folder, "rows"));
				await openLevel(level, folder);
				await level.close();
				known.delete(folder);
				await rm(folder, { recursive: true, force: true });
			}
		},
	};
}

/** dbIds of a folder's tenant whose attachments have a store of their own. @param dir the folder, not that of its stores. */
export async function databasesWithAttachments(dir: string, tenantRoot: string): Promise<string[]> {
	const found = await storesOf(join(dir, "stores"), tenantRoot);
	return found.flatMap(({ options: { purpose, dbId } }) => (purpose === "attachments" ? [dbId] : []));
}

/**
 * The log is read when a store is opened, so it is kept short. Chunks of files do not compress; what of them lies in rows is mapped
 * into memory, so few files are open and small.
 */
const engineOptions = {
	documents: { writeBufferSize: 4 << 20, cacheSize: 8 << 20, maxFileSize: 4 << 20 },
	attachments: {
		writeBufferSize: 4 << 20,
		cacheSize: 1 << 20,
		maxFileSize: 4 << 20,
		maxOpenFiles: 64,
		compression: false,
	},
} as const;

async function openLevel(
	level: ClassicLevel<never, never> | ClassicLevel<Uint8Array, Uint8Array> | ClassicLevel,
	folder: string,
): Promise<void> {
	try {
		await level.open();
	} catch (cause) {
		if (!isLockError(cause))
			throw new StoreError("store: the engine could not open the folder", { code: "store-io", cause });
		const holder = await readHolder(folder);
		const who = holder === undefined ? "" : ` (process ${holder.pid}, since ${new Date(holder.since).toISOString()})`;
		throw new StoreError(`store: another process holds the folder${who}`, {
			code: "store-locked",
			cause,
			...(holder && { holder }),
		});
	}
}

/**
 * The same level, which takes the holder file away when the store closes it, and puts what was written into a sorted file then:
 * otherwise the next opening does, and whoever opens a database waits for it.
 */
function releasing(level: Level, folder: string): Level {
	let written = false;
	return {
		open: async () => {
			await level.open();
			await writeHolder(folder);
		},
		close: async () => {
			await removeHolder(folder);
			if (written) await level.compactRange?.(nowhere, nowhere).catch(() => undefined);
			await level.close();
		},
		get: (key) => level.get(key),
		...(level.getSync && { getSync: (key: Uint8Array) => level.getSync?.(key) }),
		getMany: (keys) => level.getMany(keys),
		hasMany: (keys) => level.hasMany(keys),
		iterator: (range) => level.iterator(range),
		batch: () => {
			written = true;
			return level.batch();
		},
		compactRange: async (start, end) => level.compactRange?.(start, end),
	};
}

/** A key that no row has. Compacting from it to it writes the log out and rewrites no file (LevelDB, `DBImpl::CompactRange`). */
const nowhere = Uint8Array.of(0);

function tenantFolder(dir: string, tenantRoot: string): string {
	if (!/^[0-9a-f]{64}$/.test(tenantRoot)) throw new UsageError("store: expected a tenantRoot of 64 hex digits");
	return join(dir, tenantRoot.slice(0, 32));
}

function folderOf(dir: string, { tenantRoot, dbId, purpose }: OpenStoreOptions): string {
	const name = createHash("sha256")
		.update(JSON.stringify([tenantRoot, dbId, purpose]))
		.digest("hex")
		.slice(0, 32);
	return join(tenantFolder(dir, tenantRoot), name);
}

async function prepareFolder(dir: string, folder: string, options: OpenStoreOptions): Promise<void> {
	await mkdir(folder, { recursive: true, mode: 0o700 });
	await chmod(dir, 0o700).catch(() => undefined);
	const path = join(folder, "store.json");
	if ((await readFile(path, "utf8").catch(() => undefined)) !== undefined) return;
	const { tenantRoot, dbId, purpose } = options;
	const file = await open(`${path}.new`, "w", 0o600);
	try {
		await file.writeFile(JSON.stringify({ tenantRoot, dbId, purpose }));
		await file.sync();
	} finally {
		await file.close();
	}
	await rename(`${path}.new`, path);
}

async function storesOf(
	dir: string,
	tenantRoot: string,
	known = new Map<string, OpenStoreOptions>(),
): Promise<{ readonly folder: string; readonly options: OpenStoreOptions }[]> {
	const parent = tenantFolder(dir, tenantRoot);
	const names = await readdir(parent).catch(() => []);
	const found: { folder: string; options: OpenStoreOptions }[] = [];
	for (const name of names) {
		const folder = join(parent, name);
		const options = known.get(folder) ?? (await readOptions(folder));
		if (options?.tenantRoot !== tenantRoot || folderOf(dir, options) !== folder) continue;
		known.set(folder, options);
		found.push({ folder, options });
	}
	return found;
}

async function readOptions(folder: string): Promise<OpenStoreOptions | undefined> {
	const text = await readFile(join(folder, "store.json"), "utf8").catch(() => undefined);
	return text === undefined ? undefined : parseOptions(text);
}

function parseOptions(text: string): OpenStoreOptions | undefined {
	try {
		const { tenantRoot, dbId, purpose } = JSON.parse(text) as Record<string, unknown>;
		if (typeof tenantRoot !== "string" || typeof dbId !== "string") return undefined;
		return purpose === "documents" || purpose === "attachments" ? { tenantRoot, dbId, purpose } : undefined;
	} catch {
		return undefined;
	}
}
