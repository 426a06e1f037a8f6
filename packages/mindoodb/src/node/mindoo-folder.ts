import { join } from "node:path";
import {
	changePassword,
	type EncryptedKeyPair,
	type EncryptedPrivateKey,
	type Env,
	KeyBag,
	type MindooTenant,
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
import { removeDurably, renameDurably } from "./folder-files.js";
import { type FolderIdentity, identityPath, writeIdentity } from "./identity-file.js";
import { listTenants, TenantFiles, tenantsFolder } from "./tenant-files.js";

export interface CreateFolderTenantOptions extends PasswordKeyOptions {
	/** A name for people. */
	readonly tenantId: string;
	/** Of the administration key, which this folder keeps. Nobody can replace that key: copy it to a safe place. */
	readonly adminPassword: string;
	/** Of the copy of the tenant's first key that this folder keeps. */
	readonly tenantKeyPassword: string;
	/** The password of this folder's identity. */
	readonly password: string;
}

export interface JoinTenantOptions {
	/** From the hand of somebody trusted: who forges it makes you join another tenant. */
	readonly identity: TenantIdentity;
	/** The key `directory`, as a member exported it: the newest version. */
	readonly directoryKey: EncryptedPrivateKey;
	/**
	 * Its other versions, exported together with it. What the directory says of its first members lies under the first one, so without
	 * them nothing counts.
	 * @default none
	 */
	readonly olderDirectoryKeys?: readonly EncryptedPrivateKey[];
	readonly keyPassword: string;
	readonly limits?: PasswordKeyOptions["limits"];
}

export interface DropLocalOptions {
	/** Whether the identity goes too; then nobody can ever act as this user again, unless it is kept elsewhere. @default false */
	readonly identity?: boolean;
	/** Must be true where the folder holds administration keys: nobody can replace them. @default false */
	readonly administrationKeys?: boolean;
}

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
		const made = await this.#factory.createTenant({
			...options,
			user: this.#identity.user,
			userPassword: password,
			keyBag,
		});
		const { tenantRoot } = made.tenant.identity;
		const files = new TenantFiles(this.dir, tenantRoot);
		try {
			this.#keep(tenantRoot, keyBag);
			await this.#write(() => this.#saveKeyBag(files, keyBag));
			await files.writeFounderKeys(made.administrationKey, made.tenantKey);
			await files.writeIdentity(made.tenant.identity);
		} catch (error) {
			await made.tenant.close();
			throw error;
		}
		this.#forgetWhenWiped(made.tenant);
		this.#open.set(tenantRoot, { tenant: Promise.resolve(made.tenant), keyBag });
		return made.tenant;
	}

	/**
	 * Takes up a tenant whose administrator registered this user. Its documents come by sync, directory first.
	 * @throws {KeyError} `password`. @throws {FormatError} @throws {UsageError} when the folder keeps this tenant already.
	 */
	async joinTenant(options: JoinTenantOptions): Promise<MindooTenant> {
		const { identity, directoryKey, olderDirectoryKeys = [], keyPassword: password, limits = {} } = options;
		this.#live();
		const { tenantRoot } = identity;
		const files = new TenantFiles(this.dir, tenantRoot);
		if ((await this.listTenants()).some((each) => each.tenantRoot === tenantRoot)) {
			throw new UsageError("the folder keeps this tenant already", { field: "identity" });
		}
		const keyBag = this.#factory.createKeyBag();
		await keyBag.decryptAndImportVersions("directory", [directoryKey, ...olderDirectoryKeys], { password, limits });
		this.#keep(tenantRoot, keyBag);
		const tenant = await this.#factory.openTenant({ identity, keyBag, user: this.#user });
		try {
			await this.#write(() => this.#saveKeyBag(files, keyBag));
			await files.writeIdentity(tenant.identity);
		} catch (error) {
			await tenant.close();
			throw error;
		}
		this.#forgetWhenWiped(tenant);
		this.#open.set(tenantRoot, { tenant: Promise.resolve(tenant), keyBag });
		return tenant;
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
		const opening = this.#factory.openTenant({ identity, keyBag, user: this.#user }).then((opened) => {
			this.#forgetWhenWiped(opened);
			return opened;
		});
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
		const all = await this.listTenants();
		const found = all.filter(
			({ tenantId, tenantRoot }) => tenant === undefined || tenant === tenantId || tenant === tenantRoot,
		);
		if (found.length === 1 && found[0] !== undefined) return found[0];
		if (found.length === 0) {
			throw new UsageError(
				tenant === undefined ? "the folder keeps no tenant yet" : "the folder keeps no such tenant",
				{
					code: "not-found",
				},
			);
		}
		throw new UsageError(`the folder keeps ${found.length} tenants that this could mean: name one by its tenantRoot`);
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
			if (identity) await removeDurably(identityPath(this.dir));
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
		const open = await Promise.allSettled(
			[...this.#open.values()].map(async (each) => {
				const tenant = await each.tenant;
				await (tenant.wiping ?? tenant.close());
			}),
		);
		await this.#writing;
		for (const each of open) if (each.status === "rejected") throw each.reason;
	}

	/** From here on a call that changes the KeyBag resolves when the change is on disk. */
	#keep(tenantRoot: string, keyBag: KeyBag): void {
		const files = new TenantFiles(this.dir, tenantRoot);
		keyBag.onChange(() => this.#write(() => this.#saveKeyBag(files, keyBag)));
	}

	/** A wipe that an administrator asked for takes the tenant's files along; identity and other tenants stay. */
	#forgetWhenWiped(tenant: MindooTenant): void {
		const { tenantRoot } = tenant.identity;
		tenant.onWiped(async () => {
			this.#open.delete(tenantRoot);
			await this.#write(() => new TenantFiles(this.dir, tenantRoot).remove());
		});
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

/** Erases keys first, in one step; what a crash leaves of the rest cannot be read any more, and goes when the folder is opened. */
async function eraseTenants(dir: string): Promise<void> {
	const dropped = join(dir, "dropped");
	await removeDurably(dropped);
	await renameDurably(tenantsFolder(dir), dropped).catch(ignoreAbsent);
	await finishErasing(dir);
}

/** Completes an `eraseTenants` that was cut short. */
export async function finishErasing(dir: string): Promise<void> {
	await removeDurably(join(dir, "stores"));
	await removeDurably(join(dir, "dropped"));
}

function ignoreAbsent(error: unknown): void {
	const { cause } = error as { cause?: { code?: unknown } };
	if (cause?.code !== "ENOENT") throw error;
}
