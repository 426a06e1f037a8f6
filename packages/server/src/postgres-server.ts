/**
 * A server whose stores, tenants and invitations lie in a Postgres database, which it may share with other processes of the same server.
 * Its folder holds `key.json` alone (keys/server-keys.ts), the same for all of them. Source: docs/server-postgres.md.
 */
import { join } from "node:path";
import {
	type Crypto,
	type Env,
	KeyError,
	lockFolder,
	makeFolder,
	nodeCrypto,
	nodeEnv,
	readJson,
	toHex,
	UsageError,
} from "mindoodb";
import type { BlobsPlace } from "./blobs/blobs-url.js";
import { OrphanSweep } from "./blobs/orphan-sweep.js";
import { S3Blobs } from "./blobs/s3-blobs.js";
import { AnnouncedStores } from "./bus/announced-stores.js";
import type { Bus } from "./bus/bus.js";
import { PollingBus } from "./bus/polling-bus.js";
import { PostgresBus } from "./bus/postgres-bus.js";
import type { FolderServer, FolderServerOptions } from "./folder-server.js";
import { openServerKeys, type ServerKeys } from "./keys/server-keys.js";
import { coreLog } from "./operations/log.js";
import { PostgresStores } from "./postgres/postgres-stores.js";
import { SyncServer } from "./sync-server.js";

/** How processes hear of one another: by LISTEN and NOTIFY, or by looking twice a second. */
export const noticeWays = ["listen", "poll"] as const;

export interface PostgresServerOptions extends FolderServerOptions {
	/** `postgres://user:password@host:port/database` */
	readonly store: string;
	/** Where large payloads lie instead of in the database. @default none */
	readonly blobs?: BlobsPlace | undefined;
	/** @default "listen" */
	readonly notices?: (typeof noticeWays)[number] | undefined;
}

/**
 * @throws {UsageError} without the object store that the database needs.
 * @throws {StoreError} when the database does not answer, or a newer program has made its tables.
 * @throws {KeyError} when the database belongs to a server of another key. @throws {TransportError} when it cannot listen.
 */
export async function startPostgresServer(options: PostgresServerOptions): Promise<FolderServer> {
	const { dir, store: url, blobs, notices = "listen", ...rest } = options;
	const crypto = nodeCrypto();
	const log = coreLog(options.logger);
	const objects = blobs && new S3Blobs(blobs, { random: crypto });
	const stores = await PostgresStores.connect(checkStoreUrl(url), crypto, { blobs: objects });
	/** In the order in which they are closed. */
	const parts: { close(): Promise<void> }[] = [stores];
	const close = async () => {
		for (const part of parts) await part.close();
	};
	try {
		if (objects === undefined && (await stores.needsBlobs())) {
			throw new UsageError("blobs: expected the object store in which payloads of this database lie, found none");
		}
		const keys = await keysOf(crypto, stores, dir);
		const base = await nodeEnv({ stores, log });
		const bus = await connectBus(url, { ...base, stores, notices });
		parts.unshift(bus);
		const announced = new AnnouncedStores(stores, bus);
		const env = { ...base, crypto, random: crypto, stores: announced };
		const registry = stores.registry;
		const server = await SyncServer.start({
			...rest,
			...{ env, keys, registry, announced },
			meter: stores,
			reachable: () => stores.ping(),
		});
		parts.unshift(server);
		if (objects !== undefined) {
			parts.unshift(new OrphanSweep({ stores, tenants: () => registry.list(), clock: env.clock, log }));
		}
		return { server, close };
	} catch (error) {
		await close();
		throw error;
	}
}

/** @throws {UsageError} */
export function checkStoreUrl(url: string): string {
	if (URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol)) return url;
	throw new UsageError("store: expected postgres://user:password@host:port/database");
}

/** Without its file a process must not come with keys of its own: clients and directories know the server by the one that is noted. */
async function keysOf(crypto: Crypto, { registry }: PostgresStores, dir: string): Promise<ServerKeys> {
	const path = join(dir, "key.json");
	await makeFolder(dir);
	if ((await readJson(path)) !== undefined) return claimed(await openServerKeys(crypto, path));
	// Two processes that share the folder must not both make keys.
	const unlock = await lockFolder(dir);
	try {
		const owner = await registry.owner();
		if (owner !== undefined && (await readJson(path)) === undefined) {
			throw new KeyError(`server: expected the key.json of the server ${owner}, whose database it is, in its folder`);
		}
		return await claimed(await openServerKeys(crypto, path));
	} finally {
		await unlock();
	}

	async function claimed(keys: ServerKeys): Promise<ServerKeys> {
		await registry.claim(keys.publicKey);
		return keys;
	}
}

interface BusParts extends Omit<Env, "stores"> {
	readonly stores: PostgresStores;
	readonly notices: (typeof noticeWays)[number];
}

async function connectBus(url: string, { stores, notices, clock, random, log }: BusParts): Promise<Bus> {
	if (notices === "poll") return new PollingBus({ clock, log, newest: (watched) => stores.newest(watched) });
	return PostgresBus.connect(url, toHex(random.randomBytes(8)), { log });
}
