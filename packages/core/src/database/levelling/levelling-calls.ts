import type { Crypto } from "../../crypto/crypto.js";
import type { Log } from "../../env.js";
import { nameOfError } from "../../errors.js";
import type { ContentAddressedStore, LocalStore } from "../../store/store.js";
import type { SyncHandle } from "../../sync/connecting/sync-handle.js";
import type { SyncOptions, SyncTarget } from "../../sync/connecting/sync-options.js";
import type { LevelledStore, SyncedStore } from "../../sync/host.js";
import type { PullResult } from "../../sync/levelling/pull.js";
import type { PullOptions } from "../../sync/levelling/pull-options.js";
import type { PushResult, TransferOptions } from "../../sync/levelling/push.js";
import { takingSide } from "../../sync/levelling/taking-side.js";
import { directoryId } from "../../trust/directory-record.js";
import type { FetchedHistory, FetchHistoryOptions } from "../holding/history-holding.js";
import { HoldingCalls } from "../holding/holding-calls.js";
import { countUnacknowledged, noteAcknowledged } from "./acknowledged.js";
import type { Replication } from "./replication.js";
import type { Transfers } from "./transfers.js";

/** What levelling works with. */
export interface Levelling {
	readonly dbId: string;
	readonly crypto: Crypto;
	/** Public key of this replica's user, hex. */
	readonly author: string | undefined;
	readonly log: Log;
	readonly replication: Replication;
	readonly transfers: Transfers;
	readonly sync: (target: SyncTarget, options: SyncOptions) => SyncHandle;
	/** Resolves when no write of this replica's own is under way. */
	idle(): Promise<void>;
	/** After foreign entries came. */
	received(): Promise<void>;
	/** The stores, documents first, each beside how others see it. */
	readonly stores: readonly {
		readonly purpose: SyncedStore["purpose"];
		readonly local: LocalStore;
		readonly shown: LevelledStore;
	}[];
}

/** The calls of a database that bring it level with other replicas. */
export abstract class LevellingCalls extends HoldingCalls {
	/** Arrivals up to which others hold what is here, and which could not be noted when they said so. */
	readonly #unnoted = new Map<LocalStore, number>();

	/** Throws when the database is closed. */
	protected abstract get levelling(): Levelling;

	/**
	 * Begins to bring this database, and the directory before it, level with another replica; with a store, this database alone.
	 * @param target an address such as `wss://…`, a way to the other side, or its store of this database.
	 * @throws {UsageError} for an address that cannot be reached from here, or a replica without a user.
	 */
	sync(target: SyncTarget, options: SyncOptions = {}): SyncHandle {
		return this.levelling.sync(target, options);
	}

	/** Checks and takes over what the other store has and this one has not. */
	async pullChangesFrom(remote: ContentAddressedStore, options: TransferOptions = {}): Promise<PullResult> {
		return this.#pull(remote, options);
	}

	/** Offers the other store what it has not. */
	async pushChangesTo(remote: ContentAddressedStore, options: TransferOptions = {}): Promise<PushResult> {
		const { transfers, replication, stores, idle } = this.levelling;
		return transfers.run(async () => {
			await idle();
			const offered = await Promise.all(stores.map(({ local }) => local.position()));
			const result = await replication.push(remote, options);
			if (result.refused.length === 0) {
				for (const [index, { local }] of stores.entries()) {
					await noteAcknowledged(local, offered[index]?.arrival ?? 0);
				}
			}
			return result;
		});
	}

	/**
	 * Fetches payloads of the past that this replica lacks: with `docId` those of that document, else all.
	 * @throws the reason of `signal`; what was fetched until then is kept.
	 */
	async fetchHistory(options: FetchHistoryOptions = {}): Promise<FetchedHistory> {
		const { transfers, replication } = this.levelling;
		return transfers.run(() => replication.fetchPast({ ...options, all: true }));
	}

	/** As `HistoryCalls` says, with what can be fetched of the payloads that are lacking here. */
	override async *exportAuditTrail(docId?: string): AsyncGenerator<Uint8Array> {
		await this.fetchHistory({ docId });
		yield* super.exportAuditTrail(docId);
	}

	/** Judges what somebody put into the store without this database. @returns documents that were touched. */
	async syncStoreChanges(): Promise<number> {
		return this.levelling.replication.adopt();
	}

	/** For `MindooTenant`: the stores as a session levels them, documents first. */
	syncedStores(): readonly SyncedStore[] {
		const { dbId, crypto, stores, replication, transfers, log } = this.levelling;
		const synced = stores.map(
			({ purpose, local, shown }): SyncedStore => ({
				dbId,
				purpose,
				store: shown,
				remembered: (peer, storeId) => replication.remembered(local, peer, storeId),
				pull: (remote, options) => this.#pullAhead(remote, options, local),
				met: (remote) => this.addSource(remote),
				lacksContents: async () => (await this.holding.lacks()) || this.past.lacks(),
				fetchContents: (remote, options) => transfers.run(() => replication.fetchContents(remote, options)),
				acknowledged: (_peer, { arrival }, declined) => {
					if (declined.length > 0) return;
					noteAcknowledged(local, arrival).catch((error) => {
						this.#unnoted.set(local, Math.max(arrival, this.#unnoted.get(local) ?? 0));
						log("warn", "an acknowledgement could not be noted", { error: nameOfError(error) });
					});
				},
				onAppended: (listener) => local.onAppended(listener),
			}),
		);
		const [documents, attachments] = synced;
		return documents === undefined || attachments !== undefined ? synced : [documents, takingSide(crypto, documents)];
	}

	/** How many entries of this replica's user no other replica has acknowledged: what would be lost with this device. */
	async countUnacknowledged(): Promise<number> {
		const { author, stores } = this.levelling;
		let count = 0;
		for (const { local } of author === undefined ? [] : stores) {
			await this.#noteLate(local);
			count += await countUnacknowledged(local, author as string);
		}
		return count;
	}

	/** Notes what could not be noted before; a store that still cannot be written counts by what it has. */
	async #noteLate(local: LocalStore): Promise<void> {
		const arrival = this.#unnoted.get(local);
		if (arrival === undefined) return;
		await noteAcknowledged(local, arrival).then(
			() => this.#unnoted.delete(local),
			() => undefined,
		);
	}

	/** For `MindooTenant`: resolves when no transfer that was begun is under way. */
	transferred(): Promise<void> {
		return this.levelling.transfers.settled();
	}

	async #pull(remote: ContentAddressedStore, options: PullOptions): Promise<PullResult> {
		const { transfers, replication, received } = this.levelling;
		return transfers.run(async () => {
			const result = await replication.pullAll(remote, options);
			await received();
			return result;
		});
	}

	/**
	 * What came is durable when this resolves, and judged behind it: documents once, with all that came of them. The directory is judged at
	 * once: whose entries count follows from it.
	 */
	async #pullAhead(remote: ContentAddressedStore, options: PullOptions, local: LocalStore): Promise<PullResult> {
		const { dbId, transfers, replication, received, log } = this.levelling;
		if (dbId === directoryId) {
			return transfers.run(async () => {
				const result = await replication.pull(remote, options);
				await received();
				return result;
			});
		}
		try {
			return await transfers.run(() => replication.pull(remote, options, { local, judge: false }));
		} finally {
			const judged = transfers.run(() => replication.judge());
			judged.catch((error) => log("error", "what came could not be judged", { error: nameOfError(error) }));
		}
	}
}
