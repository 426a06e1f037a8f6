import type { AttachmentMode } from "../database/holding/attachment-mode.js";
import type { MindooDB } from "../database/mindoo-db.js";
import { checkSnapshotPolicy, defaultSnapshotPolicy, type SnapshotPolicy } from "../database/snapshots/policy.js";
import { UsageError } from "../errors.js";
import type { KeyBag } from "../keys/key-bag.js";
import type { UnlockedUser } from "../keys/user-id.js";
import type { LocalStore } from "../store/store.js";
import type { HistoryMode } from "../sync/connecting/sync-options.js";
import { checkChunkSize, defaultChunkSize } from "./attachment-limits.js";
import type { TenantTrust } from "./database-trust.js";
import type { TenantIdentity } from "./tenant-identity.js";

export interface OpenTenantOptions {
	readonly identity: TenantIdentity;
	readonly keyBag: KeyBag;
	/** Absent for a replica that only keeps and passes on, such as a relay. */
	readonly user?: UnlockedUser | undefined;
	/** Whether it sees to the keys by itself when its user is an administrator. */
	readonly maintainKeys: boolean;
}

export interface OpenDatabaseOptions {
	/** Store of the documents; made by `env.stores` when absent. The database closes it. */
	readonly docStore?: LocalStore;
	/** Store of attachment chunks; the documents' store serves for both when absent. The database closes it. */
	readonly attachmentStore?: LocalStore;
	/** Bytes of an attachment chunk, 16,384 to 1,048,547. Chunks that are there keep their size. @default 262,144 */
	readonly chunkSize?: number;
	/**
	 * Which bytes of attachments this replica holds; the others are fetched when they are read: see `addSource`. May differ
	 * from one opening to the next. @default what was chosen the last time, at first "eager"
	 */
	readonly attachments?: AttachmentMode;
	/**
	 * How much of the past this replica fetches when it begins with the database. May differ from one opening to the next.
	 * @default what was chosen the last time, at first "whole"
	 */
	readonly history?: HistoryMode;
	/** When snapshots of long documents are written, so that they load fast. @default when the changes since outweigh the last one */
	readonly snapshots?: SnapshotPolicy | "off";
}

/** A database that is open, and what the directory means for it. */
export interface OpenDatabase {
	readonly db: MindooDB;
	readonly trust: TenantTrust;
}

/** With what was left out. @throws {UsageError} for a size of chunks or a policy that makes no sense. */
export function checkOptions({
	chunkSize = defaultChunkSize,
	snapshots = defaultSnapshotPolicy,
	...stores
}: OpenDatabaseOptions) {
	checkChunkSize(chunkSize);
	checkSnapshotPolicy(snapshots);
	return { ...stores, chunkSize, snapshots };
}

/** For a database that is open. @throws {UsageError} when something is chosen. */
export function checkNothingChosen(options: OpenDatabaseOptions): void {
	const chosen = (Object.keys(options) as (keyof OpenDatabaseOptions)[]).find((name) => options[name] !== undefined);
	if (chosen === undefined) return;
	throw new UsageError("the database is open already; its stores, chunks and snapshots cannot be chosen any more", {
		field: chosen,
	});
}
