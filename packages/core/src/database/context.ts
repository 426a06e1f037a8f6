import type { TrailSource } from "../audit/write-trail.js";
import type { Env } from "../env.js";
import type { Keyring } from "../keys/keyring.js";
import type { LocalStore } from "../store/store.js";
import type { SyncHandle } from "../sync/connecting/sync-handle.js";
import type { SyncOptions, SyncTarget } from "../sync/connecting/sync-options.js";
import type { AttachmentReader } from "./attachments/attachment-reader.js";
import type { HistoryHolding } from "./holding/history-holding.js";
import type { AttachmentHolding } from "./holding/holding.js";
import type { SnapshotPolicy } from "./snapshots/policy.js";
import type { DatabaseTrust } from "./trust-port.js";
import type { Author } from "./writing/commit-queue.js";

/** What a database works with. */
export interface DatabaseContext {
	readonly env: Env;
	/** Hex. */
	readonly tenantRoot: string;
	readonly dbId: string;
	readonly store: LocalStore;
	/** Where attachment chunks lie when they do not lie with the documents. */
	readonly attachmentStore: LocalStore | undefined;
	/** What an audit trail tells beside the database itself. */
	readonly evidence: Pick<TrailSource, "tenant" | "directory">;
	/** Bytes of an attachment chunk. */
	readonly chunkSize: number;
	/** Most bytes of an attachment, as the settings say. */
	readonly largestAttachment: () => Promise<number | undefined>;
	readonly attachments: AttachmentReader;
	readonly holding: AttachmentHolding;
	readonly past: HistoryHolding;
	readonly keyring: Keyring;
	readonly trust: DatabaseTrust;
	/** Brings this database and the directory level with another replica. */
	readonly sync: (target: SyncTarget, options: SyncOptions) => SyncHandle;
	/** Absent on replicas that only read or pass on. */
	readonly author: Author | undefined;
	/** When snapshots of documents are written. */
	readonly snapshots: SnapshotPolicy | "off";
	/** Whether a run that builds on nothing is the root of a settings document; present in the directory alone. */
	readonly isSettingsRoot?: (docId: string, changes: readonly Uint8Array[]) => Promise<boolean>;
	/** Called when entries were appended, before anybody hears of it: the directory folds them here. */
	readonly onAppended?: () => Promise<void>;
	/** Called when foreign entries were taken in, before the caller hears of it: the directory's news are followed here. */
	readonly onReceived?: () => Promise<void>;
}
