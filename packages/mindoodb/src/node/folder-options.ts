/** What calls of a `MindooFolder` ask for. */
import type { EncryptedKeyPair, PasswordKeyOptions, TenantConfirmation } from "@mindoodb/core";

export interface CreateFolderTenantOptions extends PasswordKeyOptions {
	/** A name for people. */
	readonly tenantId: string;
	/** Of the administration key, which this folder keeps. Nobody can replace that key: copy it to a safe place. */
	readonly adminPassword: string;
	/** Of the copy of the tenant's first key that this folder keeps. */
	readonly tenantKeyPassword: string;
	/** The password of this folder's identity. */
	readonly password: string;
	/** Makes a recovery key too, which this folder does not keep. */
	readonly recovery?: {
		readonly password: string;
		/** Puts the key away, apart from this folder; the tenant comes into being when this resolves. */
		readonly keep: (recoveryKey: EncryptedKeyPair) => Promise<void>;
	};
}

export interface JoinFolderTenantOptions {
	/** The answer to the latest request that this folder made. */
	readonly response: Uint8Array;
	readonly confirmation: TenantConfirmation;
}

export interface FolderSharesOptions {
	readonly adminPassword: string;
	/** How many of the shares are needed, at least 2. */
	readonly k: number;
	/** How many are made, at most 255. */
	readonly n: number;
	/** Name or tenantRoot. @default the only tenant there is */
	readonly tenant?: string;
	readonly limits?: PasswordKeyOptions["limits"];
}

export interface DropLocalOptions {
	/** Whether the identity goes too; then nobody can ever act as this user again, unless it is kept elsewhere. @default false */
	readonly identity?: boolean;
	/** Must be true where the folder holds administration keys: nobody can replace them. @default false */
	readonly administrationKeys?: boolean;
}
