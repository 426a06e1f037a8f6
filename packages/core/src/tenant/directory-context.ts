/** What the calls of `MindooTenantDirectory` take and give, and what it works with. */
import type { MindooDB } from "../database/mindoo-db.js";
import type { Env } from "../env.js";
import type { KeyBag } from "../keys/key-bag.js";
import type { EncryptedKeyPair, UnlockOptions } from "../keys/key-pair.js";
import type { Keyring } from "../keys/keyring.js";
import type { UnlockedUser } from "../keys/user-id.js";
import type { DirectoryLog } from "../trust/directory-log.js";
import type { Member } from "../trust/people.js";
import type { DirectoryKeys } from "./directory-keys.js";
import type { ReachablePeers } from "./reachable-peers.js";
import type { TenantIdentity } from "./tenant-identity.js";

/** Signs with the tenant's administration or recovery key instead of the user's own. */
export interface AdministratorOptions {
	/** @default the user's own key, which must be an administrator's */
	readonly administrator?: {
		readonly key: EncryptedKeyPair;
		/** Which of the two it is. @default "administration" */
		readonly purpose?: "administration" | "recovery";
	} & UnlockOptions;
}

export interface RevokeOptions extends AdministratorOptions {
	/** Whether the user's own replicas erase themselves when they learn of it. @default false */
	readonly requestDataWipe?: boolean;
	/**
	 * Whether `default`, `directory` and the governed named keys that the user had get new versions. Without, what is written next can still
	 * be read by the user, until an administrator's client makes up for it when it opens the tenant next. @default true
	 */
	readonly rotateKeys?: boolean;
	/** Databases that need not be level with the reachable peers: what the user wrote there and has not arrived here is lost. */
	readonly withoutDatabases?: readonly string[];
}

export interface Revoked {
	/** Keys that have a new version now, sorted. */
	readonly rotatedKeys: readonly string[];
}

/** A member by name, with all signing keys that were granted under it. */
export interface TenantUser {
	readonly username: string;
	readonly isRevoked: boolean;
	readonly isAdministrator: boolean;
	readonly keys: readonly Member[];
}

export interface DirectoryContext {
	readonly env: Env;
	readonly identity: TenantIdentity;
	readonly db: MindooDB;
	readonly log: DirectoryLog;
	readonly keyring: Keyring;
	readonly keyBag: KeyBag;
	readonly keys: DirectoryKeys;
	readonly peers: ReachablePeers;
	readonly user: UnlockedUser | undefined;
	readonly listDatabases: () => Promise<readonly string[]>;
	readonly openDB: (dbId: string) => Promise<MindooDB>;
	readonly settled: () => Promise<void>;
}
