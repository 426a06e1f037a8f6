/** What a session needs of the replica on its own side: a tenant on a member's device, or a tenant that a server keeps. */

import type { ContentAddressedStore, LocalStore, Refusal, StorePosition } from "../store/store.js";
import type { PullResult } from "./levelling/pull.js";
import type { TransferOptions } from "./levelling/push.js";

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

/** The part of a store that levelling reads. */
export type LevelledStore = ContentAddressedStore & Pick<LocalStore, "fingerprint" | "records">;

/** One store of one database on this side. */
export interface SyncedStore {
	readonly dbId: string;
	readonly purpose: "documents" | "attachments";
	/** As others read it: `putEntries` checks and judges. */
	readonly store: LevelledStore;
	/** Where this side stands in the store that it last levelled with at this peer. */
	remembered(peer: string): Promise<RememberedStore | undefined>;
	/** Takes over what the other side has and this one has not. @param options `peer`: who speaks, the public key that the channel proved. */
	pull(remote: ContentAddressedStore, options: TransferOptions & { readonly peer: string }): Promise<PullResult>;
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
}

export interface SyncHost {
	readonly tenantRoot: string;
	/** Heads of the directory, sorted, hex. */
	directoryHeads(): readonly string[];
	/** @param publicKey hex. */
	standing(publicKey: string): Standing;
	/** dbIds that this side keeps and the peer may level, without the directory. */
	databases(): Promise<readonly string[]>;
	/** The stores of a database, documents first; made when this side takes it and has it not. `undefined` when it does not. */
	open(dbId: string): Promise<readonly SyncedStore[] | undefined>;
	/** Told after each step of the directory. @returns a function that ends it. */
	onDirectory(listener: () => void): () => void;
}
