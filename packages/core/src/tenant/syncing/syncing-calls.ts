import type { SessionSignals } from "../../sync/connecting/session-signals.js";
import type { SyncHandle } from "../../sync/connecting/sync-handle.js";
import type { SyncOptions } from "../../sync/connecting/sync-options.js";
import type { Duplex, Transport } from "../../transport.js";
import type { TenantSyncing } from "./tenant-syncing.js";

/** The calls of a tenant that bring it level with other replicas. */
export abstract class SyncingCalls {
	/** Throws when the tenant is closed. */
	protected abstract get syncing(): TenantSyncing;

	/**
	 * Begins to bring this replica level with another one: the directory, then all databases that either side knows and this member may
	 * read. What that comes to is told by the handle.
	 * @param target an address such as `wss://…`, or a way to the other side.
	 * @throws {UsageError} for an address that cannot be reached from here, or a replica without a user.
	 */
	sync(target: string | Transport, options: SyncOptions = {}): SyncHandle {
		return this.syncing.start(target, options);
	}

	/**
	 * Levels with whoever has connected to this replica, as long as both want. Who is not a member can read nothing.
	 * @throws {UsageError} `closed`; the connection is ended then.
	 */
	acceptSync(duplex: Duplex, options: Omit<SyncOptions, "live" | "expect" | "backOff"> = {}): SyncHandle {
		try {
			return this.syncing.accept(duplex, options);
		} catch (error) {
			duplex.abort();
			throw error;
		}
	}

	/** Small messages to members who are connected to the same server: the signalling of `webRtcTransport`, where a peer is a public key. */
	get signals(): SessionSignals {
		return this.syncing.signals;
	}

	/** How many entries of this replica's user no other replica has acknowledged: what would be lost with this device. */
	countUnacknowledged(): Promise<number> {
		return this.syncing.countUnacknowledged();
	}
}
