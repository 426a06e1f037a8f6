/**
 * A server that keeps everything in one folder:
 *
 * | path | content |
 * |---|---|
 * | `key.json` | its keys, see keys/server-keys.ts |
 * | `tenants/`, `invitations/` | see tenants/tenant-registry.ts |
 * | `stores/` | the tenants' stores |
 * | `lock/` | held while the server runs |
 */
import { join } from "node:path";
import { folderStores, lockFolder, makeFolder, nodeCrypto, nodeEnv } from "mindoodb";
import type { Logger } from "pino";
import { openServerKeys } from "./keys/server-keys.js";
import { folderMeter } from "./limits/folder-meter.js";
import { coreLog } from "./operations/log.js";
import { SyncServer, type SyncServerOptions } from "./sync-server.js";
import { FolderRegistry } from "./tenants/tenant-registry.js";

export type FolderServerOptions = Omit<
	SyncServerOptions,
	"env" | "keys" | "registry" | "meter" | "announced" | "reachable"
> & {
	readonly dir: string;
	readonly logger: Logger;
};

export interface FolderServer {
	readonly server: SyncServer;
	/** As the server's, and lets go of the folder. */
	close(): Promise<void>;
}

/** @throws {StoreError} `store-locked` when another process works in the folder. @throws {TransportError} when it cannot listen there. */
export async function startFolderServer({ dir, ...options }: FolderServerOptions): Promise<FolderServer> {
	await makeFolder(dir);
	const unlock = await lockFolder(dir);
	try {
		const crypto = nodeCrypto();
		const stores = join(dir, "stores");
		const env = await nodeEnv({ stores: folderStores(stores, crypto), log: coreLog(options.logger) });
		const server = await SyncServer.start({
			...options,
			env: { ...env, crypto, random: crypto },
			keys: await openServerKeys(crypto, join(dir, "key.json")),
			registry: new FolderRegistry(dir),
			meter: folderMeter(stores),
		});
		return {
			server,
			async close() {
				await server.close();
				await unlock();
			},
		};
	} catch (error) {
		await unlock();
		throw error;
	}
}
