/** What a session needs of the replica on its own side: a tenant on a member's device, or a tenant that a server keeps. */

import type { ContentAddressedStore, Refusal, StorePosition } from "../store/store.js";
import type { PullResult } from "./levelling/pull.js";
import type { PullOptions } from "./levelling/pull-options.js";
import type { ReconciliationIndex } from "./negentropy/record-index.js";
import type { IncomingPayloads } from "./payloads/incoming.js";

/** What the directory says of a key. */
export type Standing =
	/** Granted and not revoked; the root, recovery and administrators' keys too. */
	| "member"
	/** Named by a `server` document: levels everything. */
	| "server"
	/** Was a member: gets the directory up to the revocation, and nothing else. */
	| "revoked"
	/** May offer entries of the directory that an administrator signed, within limits, and nothing else. */
	| "unknown";

/** Whether a key may level more than the directory. */
export function isKnown(standing: Standing): boolean {
	return standing === "member" || standing === "server";
}

/** A store as others read it; it answers reconciliations itself, or lets its index be read. */
export type LevelledStore = ContentAddressedStore &
	Required<Pick<ContentAddressedStore, "entriesByHash">> &
	(Required<Pick<ContentAddressedStore, "reconcile">> | ReconciliationIndex);

/** One store of one database on this side. */
export interface SyncedStore {
	readonly dbId: string;
	readonly purpose: "documents" | "attachments";
	/** Whether there is nothing to give: it is not named to others, and takes what they name. @default false */
	readonly onlyTakes?: boolean;
	/** As others read it: `putEntries` checks and judges. */
	readonly store: LevelledStore;
	/** Where this side stands in a store of this peer. @param storeId the one that it last levelled with, unless one is named. */
	remembered(peer: string, storeId?: string): Promise<RememberedStore | undefined>;
	/**
	 * Takes over what the other side has and this one has not.
	 * @param options `peer`: who speaks, the public key that the channel proved. All of it has to reach the `Pull`.
	 */
	pull(remote: ContentAddressedStore, options: PullOptions & { readonly peer: string }): Promise<PullResult>;
	/**
	 * Told of the other side's store as soon as it can be asked; while it can, what is lacking here may be asked of it.
	 * @returns a function that ends it.
	 */
	met?(remote: ContentAddressedStore): () => void;
	/** Whether there are bytes of attachments to fetch: then `fetchContents` is called behind the pull. */
	lacksContents?(): Promise<boolean>;
	/** Fetches the bytes of attachments that this side is to hold and lacks. Runs beside later pulls. */
	fetchContents?(remote: ContentAddressedStore, options: { readonly signal: AbortSignal }): Promise<void>;
	/** What the peer says that it has, durably, of this store, and what it did not take. */
	acknowledged(peer: string, position: StorePosition, declined: readonly Refusal[]): void;
	/** Told when entries were appended, by whomever; they are durable. @returns a function that ends it. */
	onAppended(listener: () => void): () => void;
}

/** What this side remembers of a store at a peer. */
export interface RememberedStore {
	readonly storeId: string;
	/** Everything up to there was stored here, or noted. */
	readonly position: StorePosition;
	/** Whether something of it was noted, and may have to be asked for again. */
	readonly noted: boolean;
}

export interface SyncHost {
	readonly tenantRoot: string;
	/** Payloads that come as Chunks, from all its sessions. @default each session takes its own, and keeps no part of them */
	readonly incoming?: IncomingPayloads;
	/** Heads of the directory, sorted, hex. */
	directoryHeads(): readonly string[];
	/** @param publicKey hex. */
	standing(publicKey: string): Standing;
	/** dbIds that this side keeps and the peer may level, without the directory. */
	databases(): Promise<readonly string[]>;
	/** The stores of a database, documents first; made when this side takes it and has it not. `undefined` when it does not. */
	open(dbId: string): Promise<readonly SyncedStore[] | undefined>;
	/** Takes a presence message that came from the peer; `undefined` where this side takes none. */
	receivePresence?(peer: string, dbId: string, message: Uint8Array): Promise<void>;
	/** Told after each step of the directory. @returns a function that ends it. */
	onDirectory(listener: () => void): () => void;
}
