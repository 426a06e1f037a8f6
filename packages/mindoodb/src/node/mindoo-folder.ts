import { join } from "node:path";
import {
	type ChangeKeyPasswordOptions,
	changePassword,
	changeSigningKeyPassword,
	type EncryptedKeyPair,
	type EncryptedPrivateKey,
	type Env,
	type ExportedTenant,
	exportIdentity,
	type Invitation,
	KeyBag,
	type MindooTenant,
	makeRecoveryShares,
	openRecoveryShares,
	type PasswordKey,
	type PasswordKeyOptions,
	type PrivateUserId,
	type PublicUserId,
	TenantFactory,
	type TenantIdentity,
	toPublicUserId,
	type UnlockedUser,
	UsageError,
} from "@mindoodb/core";
import { eraseIdentity, eraseTenants } from "./folder-erasing.js";
import { removeDurably } from "./folder-files.js";
import type {
	CreateFolderTenantOptions,
	DropLocalOptions,
	FolderSharesOptions,
	JoinFolderTenantOptions,
} from "./folder-options.js";
import { type FolderIdentity, writeIdentity } from "./identity-file.js";
import { readJoinRequest, writeJoinRequest } from "./join-request-file.js";
import { chooseTenant, listTenants, TenantFiles } from "./tenant-files.js";

/** What `openFolder` hands to a `MindooFolder`. */
export interface FolderParts {
	readonly dir: string;
	readonly env: Env;
	readonly identity: FolderIdentity;
	readonly user: UnlockedUser;
	readonly unlock: () => Promise<void>;
}

interface OpenTenant {
	readonly tenant: Promise<MindooTenant>;
	readonly keyBag: KeyBag;
}

/** One folder with an identity, its KeyBags, its tenants and their databases. Made by `createFolder` and `openFolder`. */
export class MindooFolder {
	readonly dir: string;
	readonly env: Env;
	readonly #factory: TenantFactory;
	readonly #unlock: () => Promise<void>;
	#identity: FolderIdentity;
	#user: UnlockedUser;
	/** By tenantRoot. */
	readonly #open = new Map<string, OpenTenant>();
	/** Writes of the files beside the stores, one after the other. */
	#writing: Promise<unknown> = Promise.resolve();
	#closing: Promise<void> | undefined;

	/** @internal */
	constructor({ dir, env, identity, user, unlock }: FolderParts) {
		this.dir = dir;
		this.env = env;
		this.#factory = new TenantFactory(env);
		this.#identity = identity;
		this.#user = user;
		this.#unlock = unlock;
	}

	get username(): string {
		return this.#user.username;
	}

	/** The identity, its private halves under the password. */
	get userId(): PrivateUserId {
		return this.#identity.user;
	}

	/** The part of the identity to give to whoever makes this user a member. */
	get publicUserId(): PublicUserId {
		return toPublicUserId(this.#identity.user);
	}

	/** Tenants that this folder keeps, by name. */
	async listTenants(): Promise<TenantIdentity[]> {
		this.#live();
		return listTenants(this.dir, this.env.crypto);
	}

	/** Makes a tenant with this user as first member and administrator. Resolves when all of it is on disk. */
	async createTenant({ password, ...options }: CreateFolderTenantOptions): Promise<MindooTenant> {
		this.#live();
		const keyBag = this.#factory.createKeyBag();
		const { recovery, ...rest } = options;
		const made = await this.#factory.createTenant({
			...rest,
			...(recovery && { recoveryPassword: recovery.password }),
			user: this.#identity.user,
			userPassword: password,
			keyBag,
		});
		return this.#takeUp(made.tenant, async (files) => {
			await files.writeAdministrationKey(made.administrationKey);
			await files.writeTenantKey(made.tenantKey);
			if (made.recoveryKey !== undefined) await recovery?.keep(made.recoveryKey);
		});
	}

	/**
	 * What to hand to an administrator, and the words that the administrator must see too. The folder remembers the latest request:
	 * only an answer to that one is taken.
	 */
	async makeJoinRequest(): Promise<{ readonly request: Uint8Array; readonly words: string }> {
		this.#live();
		const made = await this.#factory.makeJoinRequest(this.#user);
		await writeJoinRequest(this.dir, made.request);
		return made;
	}

	/** Reads the answer to the latest request, to show its words. @throws {UsageError} `not-found`. @throws {FormatError} @throws {VerifyError} */
	async readInvitation(response: Uint8Array): Promise<Invitation> {
		this.#live();
		return this.#factory.readInvitation({ request: await readJoinRequest(this.dir), response });
	}

	/**
	 * Takes up a tenant by an invitation. Its documents come by sync, directory first; until that has come, all is pending. An
	 * invitation whose directory never came may be replaced by another one.
	 * @throws {VerifyError} `trust` unless the confirmation fits. @throws {FormatError} @throws {UsageError} when the folder keeps this
	 * tenant already.
	 */
	async joinTenant({ response, confirmation }: JoinFolderTenantOptions): Promise<MindooTenant> {
		const { identity } = await this.readInvitation(response);
		const known = (await this.listTenants()).some(({ tenantRoot }) => tenantRoot === identity.tenantRoot);
		if (known) {
			const kept = await this.openTenant(identity.tenantRoot);
			if (kept.awaitedHeads.length === 0) {
				throw new UsageError("the folder keeps this tenant already", { field: "identity" });
			}
			await kept.close();
			this.#open.delete(identity.tenantRoot);
		}
		const keyBag = this.#factory.createKeyBag();
		const request = await readJoinRequest(this.dir);
		const joining = { request, response, confirmation, user: this.#user, keyBag };
		return this.#takeUp(await this.#factory.joinTenant(joining));
	}

	/**
	 * Takes up a tenant whose administrators have lost everything but k of their shares. The folder keeps its administration key
	 * under the password given.
	 * @throws as `openRecoveryShares`. @throws {UsageError} when the folder keeps this tenant already.
	 */
	async recoverTenant(
		shares: readonly Uint8Array[],
		{ adminPassword, ...options }: PasswordKeyOptions & { readonly adminPassword: string },
	): Promise<MindooTenant> {
		this.#live();
		const opened = await openRecoveryShares(this.env, shares, { password: adminPassword, ...options });
		const { identity, administrationKey, keyBag } = opened;
		if ((await this.listTenants()).some(({ tenantRoot }) => tenantRoot === identity.tenantRoot)) {
			throw new UsageError("the folder keeps this tenant already", { field: "identity" });
		}
		const tenant = await this.#factory.openTenant({ identity, keyBag, user: this.#user });
		return this.#takeUp(tenant, (files) => files.writeAdministrationKey(administrationKey));
	}

	/** Splits the administration key and the whole KeyBag among people. @throws as `makeRecoveryShares`; `not-found` without that key. */
	async makeRecoveryShares({
		tenant,
		adminPassword,
		limits = {},
		...split
	}: FolderSharesOptions): Promise<Uint8Array[]> {
		const { identity, keyBag } = await this.openTenant(tenant);
		const administrationKey = await this.#expectAdministrationKey(identity.tenantRoot);
		const key = { administrationKey, password: adminPassword, limits };
		return makeRecoveryShares(this.env, { identity, keyBag, ...key, ...split });
	}

	/** Identity, tenants and keys for another device of this user: see `importFolder`. @throws {KeyError} `password`. */
	async exportIdentity(
		options: PasswordKeyOptions & { readonly password: string; readonly exportPassword: string },
	): Promise<Uint8Array> {
		const tenants: ExportedTenant[] = [];
		for (const identity of await this.listTenants()) {
			tenants.push({ identity, keyBag: await this.#keyBagOf(identity.tenantRoot) });
		}
		return exportIdentity(this.env, this.#identity.user, { ...options, tenants });
	}

	/**
	 * Opens a tenant of this folder, or gives the one that is open.
	 * @param tenant its name or its tenantRoot; @default the only one there is.
	 * @throws {UsageError} `not-found`, or when the name fits several. @throws {StoreError} `store-locked`, `store-damaged`.
	 */
	async openTenant(tenant?: string): Promise<MindooTenant> {
		const identity = await this.findTenant(tenant);
		const { tenantRoot } = identity;
		const known = this.#open.get(tenantRoot);
		if (known !== undefined) return known.tenant;
		const file = await new TenantFiles(this.dir, tenantRoot).readKeyBag(this.#identity.keyBags);
		const keyBag = await KeyBag.load(this.env, file, this.#user.passwordKey);
		this.#keep(tenantRoot, keyBag);
		const again = this.#open.get(tenantRoot);
		if (again !== undefined) return again.tenant;
		const opening = this.#factory
			.openTenant({ identity, keyBag, user: this.#user })
			.then((opened) => this.#forgetWhenWiped(opened));
		this.#open.set(tenantRoot, { tenant: opening, keyBag });
		opening.catch(() => this.#open.delete(tenantRoot));
		return opening;
	}

	/**
	 * The tenant that is meant.
	 * @param tenant a name or a tenantRoot; @default the only one there is.
	 * @throws {UsageError} `not-found`, or when the name fits several.
	 */
	async findTenant(tenant?: string): Promise<TenantIdentity> {
		return chooseTenant(await this.listTenants(), tenant);
	}

	/** A new named key under a password of its own, to be imported into KeyBags: one's own and those of whoever shall read. */
	createKey(password: string, options: PasswordKeyOptions = {}): Promise<EncryptedPrivateKey> {
		return this.#factory.createSymmetricEncryptedPrivateKey(password, options);
	}

	/** The administration key of a tenant that was made here; it has a password of its own. */
	async administrationKey(tenant?: string): Promise<EncryptedKeyPair | undefined> {
		const { tenantRoot } = await this.findTenant(tenant);
		return new TenantFiles(this.dir, tenantRoot).readAdministrationKey();
	}

	/**
	 * Puts the administration key of a tenant under another password. Copies elsewhere keep theirs.
	 * @throws {UsageError} `not-found` without that key. @throws {KeyError} `password`.
	 */
	async changeAdministrationPassword({
		tenant,
		...options
	}: ChangeKeyPasswordOptions & { readonly tenant?: string }): Promise<void> {
		const { tenantRoot } = await this.findTenant(tenant);
		const key = await changeSigningKeyPassword(this.env, await this.#expectAdministrationKey(tenantRoot), options);
		await new TenantFiles(this.dir, tenantRoot).writeAdministrationKey(key);
	}

	/**
	 * Puts identity and KeyBags under another password. After a crash at any moment the folder opens with one of the two, and then
	 * with all of its keys. @throws {KeyError} `password` when the old one is wrong.
	 */
	async changePassword(options: PasswordKeyOptions & { oldPassword: string; newPassword: string }): Promise<void> {
		this.#live();
		await this.#write(async () => {
			const { userId, passwordKey } = await changePassword(this.env, this.#identity.user, options);
			const keyBags = newGeneration(this.env);
			const tenants = await listTenants(this.dir, this.env.crypto);
			for (const { tenantRoot } of tenants) {
				const files = new TenantFiles(this.dir, tenantRoot);
				await files.writeKeyBag(keyBags, await (await this.#keyBagOf(tenantRoot)).save(passwordKey));
			}
			await writeIdentity(this.dir, { keyBags, user: userId });
			this.#identity = { keyBags, user: userId };
			this.#user = { ...this.#user, passwordKey };
			for (const { tenantRoot } of tenants) await new TenantFiles(this.dir, tenantRoot).removeOtherKeyBags(keyBags);
		});
	}

	/** Closes all tenants; everything that was begun is on disk afterwards, and another process may open the folder. */
	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	/**
	 * Erases all tenants from this folder, with keys and databases, and closes it. What was synced lives on at others.
	 * @throws {UsageError} when that would erase administration keys and `administrationKeys` is not set.
	 */
	async dropLocal({ identity = false, administrationKeys = false }: DropLocalOptions = {}): Promise<void> {
		this.#live();
		if (!administrationKeys) {
			for (const { tenantRoot } of await this.listTenants()) {
				if ((await new TenantFiles(this.dir, tenantRoot).readAdministrationKey()) === undefined) continue;
				throw new UsageError("the folder holds the administration key of a tenant, which nobody can replace", {
					field: "administrationKeys",
				});
			}
		}
		this.#closing = this.#closeTenants();
		try {
			await this.#closing;
			await eraseTenants(this.dir);
			if (identity) await eraseIdentity(this.dir);
		} finally {
			await this.#unlock();
		}
		if (identity) await removeDurably(join(this.dir, "lock"));
	}

	async #close(): Promise<void> {
		try {
			await this.#closeTenants();
		} finally {
			await this.#unlock();
		}
	}

	async #closeTenants(): Promise<void> {
		const close = async (tenant: MindooTenant) => tenant.wiping ?? tenant.close();
		const open = await Promise.allSettled([...this.#open.values()].map(async (each) => close(await each.tenant)));
		await this.#writing;
		for (const each of open) if (each.status === "rejected") throw each.reason;
	}

	/** Keeps a tenant that was made or joined. @param more writes what else belongs to it, before it exists. */
	async #takeUp(
		tenant: MindooTenant,
		more: (files: TenantFiles) => Promise<void> = async () => {},
	): Promise<MindooTenant> {
		const { identity, keyBag } = tenant;
		const { tenantRoot } = identity;
		const files = new TenantFiles(this.dir, tenantRoot);
		try {
			this.#keep(tenantRoot, keyBag);
			await this.#write(() => this.#saveKeyBag(files, keyBag));
			await more(files);
			await files.writeIdentity(identity);
		} catch (error) {
			await tenant.close();
			throw error;
		}
		this.#open.set(tenantRoot, { tenant: Promise.resolve(tenant), keyBag });
		return this.#forgetWhenWiped(tenant);
	}

	async #expectAdministrationKey(tenantRoot: string): Promise<EncryptedKeyPair> {
		const key = await new TenantFiles(this.dir, tenantRoot).readAdministrationKey();
		if (key === undefined) {
			throw new UsageError("the folder does not hold the administration key", { code: "not-found" });
		}
		return key;
	}

	/** From here on a call that changes the KeyBag resolves when the change is on disk. */
	#keep(tenantRoot: string, keyBag: KeyBag): void {
		const files = new TenantFiles(this.dir, tenantRoot);
		keyBag.onChange(() => this.#write(() => this.#saveKeyBag(files, keyBag)));
	}

	/** A wipe that an administrator asked for takes the tenant's files along; identity and other tenants stay. */
	#forgetWhenWiped(tenant: MindooTenant): MindooTenant {
		const { tenantRoot } = tenant.identity;
		tenant.onWiped(async () => {
			this.#open.delete(tenantRoot);
			await this.#write(() => new TenantFiles(this.dir, tenantRoot).remove());
		});
		return tenant;
	}

	async #saveKeyBag(files: TenantFiles, keyBag: KeyBag): Promise<void> {
		await files.writeKeyBag(this.#identity.keyBags, await keyBag.save(this.#passwordKey));
	}

	async #keyBagOf(tenantRoot: string): Promise<KeyBag> {
		const open = this.#open.get(tenantRoot);
		if (open !== undefined) return open.keyBag;
		const file = await new TenantFiles(this.dir, tenantRoot).readKeyBag(this.#identity.keyBags);
		return KeyBag.load(this.env, file, this.#passwordKey);
	}

	get #passwordKey(): PasswordKey {
		return this.#user.passwordKey;
	}

	#write<T>(task: () => Promise<T>): Promise<T> {
		const done = this.#writing.then(task);
		this.#writing = done.catch(() => undefined);
		return done;
	}

	#live(): void {
		if (this.#closing !== undefined) throw new UsageError("the folder is closed", { code: "closed" });
	}
}

/** Name of a new generation of KeyBag files. */
export function newGeneration({ random }: Env): string {
	return [...random.randomBytes(4)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
