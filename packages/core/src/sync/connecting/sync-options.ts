import type { ContentAddressedStore } from "../../store/store.js";
import type { Transport } from "../../transport.js";
import type { BackOffOptions } from "./back-off.js";
import type { SyncStatus } from "./sync-handle.js";

export interface SyncOptions {
	/** Whether it stays connected when both sides are level, and comes back when the connection is lost. @default false */
	readonly live?: boolean;
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
