import type { AttachmentMode } from "../database/holding/attachment-mode.js";
import type { MindooDB } from "../database/mindoo-db.js";
import type { KeyBag } from "../keys/key-bag.js";
import type { UnlockedUser } from "../keys/user-id.js";
import type { LocalStore } from "../store/store.js";
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
}

/** A database that is open, and what the directory means for it. */
export interface OpenDatabase {
	readonly db: MindooDB;
	readonly trust: TenantTrust;
}
