import type { ContentAddressedStore } from "../../store/store.js";
import type { Transport } from "../../transport.js";
import type { BackOffOptions } from "./back-off.js";
import type { SyncStatus } from "./sync-handle.js";

/**
 * How much of the past a replica fetches when it begins with a database; it has every header whatever it is. "whole": all of it, behind
 * everything else. "dense": payloads of the newest snapshot of each document and of what that does not cover. Documents show the same, and
 * so does their past as far as snapshots tell it.
 */
export type HistoryMode = "whole" | "dense";

export interface SyncOptions {
	/** Whether it stays connected when both sides are level, and comes back when the connection is lost. @default false */
	readonly live?: boolean;
	/** For the databases that it levels, from now on. @default what was chosen the last time, at first "whole" */
	readonly history?: HistoryMode;
	/** Ends it like `close`. */
	readonly signal?: AbortSignal;
	readonly onProgress?: (status: SyncStatus) => void;
	/**
	 * Public signing keys, hex, one of which the other side must prove. @default those of the servers in the directory; before the
	 * directory is there, any: what comes is checked all the same, but who carries it is not known
	 */
	readonly expect?: readonly string[];
	/** How it waits between tries. */
	readonly backOff?: BackOffOptions;
}

/** Another replica: its address, a way to it, or its store of one database. */
export type SyncTarget = string | Transport | ContentAddressedStore;
