/** The sync server, for programs that start it by themselves; the command `mindoodb serve` does. */
export { type BlobsPlace, parseBlobsUrl } from "./blobs/blobs-url.js";
export { S3Blobs, type S3BlobsOptions } from "./blobs/s3-blobs.js";
export { AnnouncedStores } from "./bus/announced-stores.js";
export type { Appended, AppendedListener, Bus, StoreName } from "./bus/bus.js";
export { LocalBus } from "./bus/local-bus.js";
export { PollingBus, type PollingBusOptions } from "./bus/polling-bus.js";
export { PostgresBus, type PostgresBusOptions } from "./bus/postgres-bus.js";
export { isLoopback, type ListenAddress, parseListenAddress } from "./config/listen-address.js";
export { type FolderServer, type FolderServerOptions, startFolderServer } from "./folder-server.js";
export { parseServerLimits } from "./limits/limits-file.js";
export { defaultServerLimits, type ServerLimits } from "./limits/server-limits.js";
export type { Rate } from "./limits/token-bucket.js";
export { serverLogger } from "./operations/log.js";
export type { PostgresOptions } from "./postgres/connections.js";
export { restoreDatabase } from "./postgres/dump/restore-dump.js";
export { dumpDatabase } from "./postgres/dump/write-dump.js";
export { PostgresRegistry } from "./postgres/postgres-registry.js";
export { PostgresStores, type PostgresStoresOptions } from "./postgres/postgres-stores.js";
export { checkStoreUrl, noticeWays, type PostgresServerOptions, startPostgresServer } from "./postgres-server.js";
export { SyncServer, type SyncServerOptions } from "./sync-server.js";
export { type AdmissionPolicy, makeInvitation, policyKinds } from "./tenants/admission-policy.js";
export { FolderRegistry, type TenantRegistry } from "./tenants/tenant-registry.js";

/** What `mindoodb serve` listens on when it is told nothing. */
export const defaultPort = 7437;
