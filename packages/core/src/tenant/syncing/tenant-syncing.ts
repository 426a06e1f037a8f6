import type { MindooDB } from "../../database/mindoo-db.js";
import type { Env } from "../../env.js";
import { UsageError } from "../../errors.js";
import type { UnlockedUser } from "../../keys/user-id.js";
import type { Rows } from "../../store/rows.js";
import type { ContentAddressedStore, LocalStore } from "../../store/store.js";
import { type ChannelIdentity, createChannelIdentity } from "../../sync/channel/proof.js";
import { TicketBook } from "../../sync/channel/ticket-book.js";
import type { OpenLink } from "../../sync/connecting/link.js";
import { acceptSessionLink, openSessionLink, type SessionLinkParts } from "../../sync/connecting/session-link.js";
import { SessionSignals } from "../../sync/connecting/session-signals.js";
import { openStoreLink } from "../../sync/connecting/store-link.js";
import { type LackingCounts, SyncHandle } from "../../sync/connecting/sync-handle.js";
import type { HistoryMode, SyncOptions, SyncTarget } from "../../sync/connecting/sync-options.js";
import { transportTo } from "../../sync/connecting/transport-to.js";
import { isKnown } from "../../sync/host.js";
import { IncomingPayloads } from "../../sync/payloads/incoming.js";
import { RowPartials } from "../../sync/payloads/row-partials.js";
import type { SyncSession } from "../../sync/session/sync-session.js";
import type { Duplex, Transport } from "../../transport.js";
import { directoryId } from "../../trust/directory-record.js";
import type { KnownServer } from "../joining/awaited-directory.js";
import type { ReachablePeer } from "../reachable-peers.js";
import { TenantHost, type TenantHostParts } from "./tenant-host.js";

export interface TenantSyncingParts
	extends Pick<TenantHostParts, "tenantRoot" | "state" | "openDB" | "listDatabases" | "onDirectory"> {
	readonly env: Env;
	/** Of the directory's store: what came of payloads whose transfer was cut stays there. */
	readonly rows: Rows;
	readonly user: UnlockedUser | undefined;
	/** Told of who can be asked while a session lasts. @returns a function that ends it. */
	readonly addPeer: (peer: ReachablePeer) => () => void;
	/** Those that the directory names; before it has come, those of the invitation. */
	readonly servers: () => readonly KnownServer[];
}

/** Begins and ends what brings a tenant level with other replicas. */
export class TenantSyncing {
	readonly #parts: TenantSyncingParts;
	readonly #running = new Set<SyncHandle>();
	/** Of sessions that level all databases. */
	readonly #offers = new Set<(dbId: string) => void>();
	readonly #tickets: TicketBook;
	readonly signals = new SessionSignals();
	readonly #incoming: IncomingPayloads;
	#identity: Promise<ChannelIdentity> | undefined;

	constructor(parts: TenantSyncingParts) {
		this.#parts = parts;
		this.#tickets = new TicketBook(parts.env);
		this.#incoming = new IncomingPayloads({ ...parts.env, partials: new RowPartials(parts.rows) });
	}

	/**
	 * @param only the database to level beside the directory; all that either side knows when absent.
	 * @throws {UsageError} for an address that cannot be reached from here, a replica without a user, or a store without `only`.
	 */
	start(target: SyncTarget, options: SyncOptions, only?: string): SyncHandle {
		const { live = false } = options;
		const openLink = isStore(target)
			? this.#storeLink(target, options, only)
			: this.#sessionLink(target, options, only);
		return this.#begin({ ...options, live }, openLink, only);
	}

	/** Levels with whoever has connected, until either side ends it. */
	accept(duplex: Duplex, options: Omit<SyncOptions, "live" | "expect" | "backOff">): SyncHandle {
		const openLink: OpenLink = async (signal) =>
			acceptSessionLink(duplex, await this.#linkParts(true, undefined), signal);
		const handle = this.#begin({ ...options, live: true, again: false }, openLink, undefined);
		// Also one that ended before anybody looked at the connection.
		const end = () => duplex.abort();
		handle.done.then(end, end);
		return handle;
	}

	/** A database was opened: sessions that level all of them take it up at once. */
	opened(dbId: string): void {
		for (const offer of this.#offers) offer(dbId);
	}

	/** Ends all that is under way. */
	async close(): Promise<void> {
		await Promise.all([...this.#running].map((handle) => handle.close()));
	}

	/** How many entries of this replica's user no other replica has acknowledged. */
	async countUnacknowledged(only?: string): Promise<number> {
		const { openDB, listDatabases } = this.#parts;
		let count = 0;
		for (const dbId of only === undefined ? [directoryId, ...(await listDatabases())] : [only]) {
			count += await (await openDB(dbId)).countUnacknowledged();
		}
		return count;
	}

	/** What of attachments is to be here and is not, and what of the past is not. */
	async #countLacking(only: string | undefined): Promise<LackingCounts> {
		const { openDB, listDatabases } = this.#parts;
		let [payloads, bytes] = [0, 0];
		const past = { payloads: 0, bytes: 0 };
		for (const dbId of only === undefined ? await listDatabases() : [only]) {
			const lacking = await (await openDB(dbId)).countLacking();
			payloads += lacking.payloads;
			bytes += lacking.bytes;
			past.payloads += lacking.past.payloads;
			past.bytes += lacking.past.bytes;
		}
		return { payloads, bytes, past };
	}

	#begin(
		options: SyncOptions & { readonly live: boolean; readonly again?: boolean },
		openLink: OpenLink,
		only: string | undefined,
	): SyncHandle {
		const { env } = this.#parts;
		const countUnacknowledged = () => this.countUnacknowledged(only);
		const countLacking = () => this.#countLacking(only);
		const handle = new SyncHandle({ ...options, env, openLink, countUnacknowledged, countLacking });
		this.#running.add(handle);
		const forget = () => this.#running.delete(handle);
		handle.done.then(forget, forget);
		return handle;
	}

	#storeLink(remote: ContentAddressedStore, { history }: SyncOptions, only: string | undefined): OpenLink {
		if (only === undefined) throw new UsageError("sync: a store holds one database; expected `db.sync`");
		return async () => {
			const db = await this.#openWith(history, only);
			return openStoreLink({
				pull: (options) => db.pullChangesFrom(remote, options),
				push: (options) => db.pushChangesTo(remote, options),
				onAppended: (listener) => {
					const ends = db.syncedStores().map((synced) => synced.onAppended(listener));
					if (isTelling(remote)) ends.push(remote.onAppended(listener));
					return () => {
						for (const end of ends) end();
					};
				},
			});
		};
	}

	async #openWith(history: HistoryMode | undefined, dbId: string): Promise<MindooDB> {
		const db = await this.#parts.openDB(dbId);
		if (history !== undefined && dbId !== directoryId) await db.setHistory(history);
		return db;
	}

	#sessionLink(target: string | Transport, options: SyncOptions, only: string | undefined): OpenLink {
		const { live = false, expect } = options;
		const { env, servers } = this.#parts;
		this.#user();
		const transport = typeof target === "string" ? transportTo(env, target) : target;
		return async (signal) => {
			const known = servers().map(({ signingKey }) => signingKey);
			const parts = await this.#linkParts(live, only, options.history);
			const trusted = typeof target === "string" && known.length > 0 ? known : undefined;
			return openSessionLink({ ...parts, transport, expect: expect ?? trusted }, signal);
		};
	}

	async #linkParts(live: boolean, only: string | undefined, history?: HistoryMode): Promise<SessionLinkParts> {
		const { env, addPeer } = this.#parts;
		this.#identity ??= createChannelIdentity(env, this.#user().signingKey);
		const databases = only === undefined ? undefined : [only];
		const openDB = (dbId: string) => this.#openWith(history, dbId);
		const host = new TenantHost({ ...this.#parts, openDB, incoming: this.#incoming, databases });
		return {
			env,
			host,
			identity: await this.#identity,
			tickets: this.#tickets,
			signals: this.signals,
			live,
			databases,
			onSession: (session) => {
				const offer = (dbId: string) => {
					if (isKnown(host.standing(session.peer))) session.offer([dbId]);
				};
				if (only === undefined) this.#offers.add(offer);
				const ends = [
					() => this.#offers.delete(offer),
					host.carryPresence((dbId, message) => session.sendPresence(dbId, message)),
					addPeer({ openStore: async (dbId) => remoteOf(session, dbId) }),
				];
				return () => {
					for (const end of ends) end();
				};
			},
		};
	}

	#user(): UnlockedUser {
		const { user } = this.#parts;
		if (user === undefined) throw new UsageError("sync: this replica has no user that could say who it is");
		return user;
	}
}

function isStore(target: Exclude<SyncTarget, string> | string): target is ContentAddressedStore {
	return typeof target !== "string" && "putEntries" in target;
}

function isTelling(store: ContentAddressedStore): store is ContentAddressedStore & Pick<LocalStore, "onAppended"> {
	return "onAppended" in store;
}

/** What the other side keeps of a database, as far as both have opened it. */
function remoteOf(session: SyncSession, dbId: string): ContentAddressedStore | undefined {
	for (const { synced, remote } of session.links) {
		if (synced.dbId !== dbId || synced.purpose !== "documents") continue;
		remote?.askAnew();
		return remote;
	}
	return undefined;
}
