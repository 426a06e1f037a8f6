import { toHex } from "../bytes/hex.js";
import type { Env } from "../env.js";
import { KeyBag } from "../keys/key-bag.js";
import {
	createSigningKeyPair,
	createSymmetricEncryptedPrivateKey,
	type EncryptedKeyPair,
	type UnlockOptions,
} from "../keys/key-pair.js";
import { createPasswordKey, type EncryptedPrivateKey, type PasswordKeyOptions } from "../keys/password-key.js";
import { decodeSigningKeyPem } from "../keys/pem.js";
import { tenantSubkeys } from "../keys/subkeys.js";
import {
	createUserId,
	type PrivateUserId,
	type PublicUserId,
	toPublicUserId,
	type UnlockedUser,
	unlockUserId,
} from "../keys/user-id.js";
import { directoryId } from "../trust/directory-record.js";
import type { AdministratorOptions } from "./directory-context.js";
import { AwaitedDirectory } from "./joining/awaited-directory.js";
import { makeJoinRequest, readJoinRequest } from "./joining/join-request.js";
import {
	checkConfirmation,
	type Invitation,
	readJoinResponse,
	type TenantConfirmation,
	takeKeys,
} from "./joining/join-tenant.js";
import { MindooTenant } from "./mindoo-tenant.js";
import { makeTenantIdentity, parseTenantIdentity, type TenantIdentity } from "./tenant-identity.js";

export interface CreateTenantOptions extends PasswordKeyOptions {
	/** A name for people. */
	readonly tenantId: string;
	readonly adminPassword: string;
	readonly tenantKeyPassword: string;
	/** The creator: first member and first administrator. */
	readonly user: PrivateUserId;
	readonly userPassword: string;
	/** Makes a recovery key as well, under this password: it can revoke the administration key, and nothing revokes it. */
	readonly recoveryPassword?: string;
	/** Receives the keys `default` and `directory`. */
	readonly keyBag: KeyBag;
}

export interface CreatedTenant {
	readonly tenant: MindooTenant;
	/** The root of the tenant's trust, under `adminPassword`. Keep it safe and apart: nobody can replace it. */
	readonly administrationKey: EncryptedKeyPair;
	/** Under `recoveryPassword`, where one was given. Keep it apart from the administration key; no replica needs it. */
	readonly recoveryKey: EncryptedKeyPair | undefined;
	/** The tenant's first key `default`, under `tenantKeyPassword`. */
	readonly tenantKey: EncryptedPrivateKey;
}

export interface OpenTenantRequest {
	readonly identity: TenantIdentity;
	readonly keyBag: KeyBag;
	/** Who works here. Absent for a replica that only keeps and passes on. */
	readonly user?: ({ readonly id: PrivateUserId } & UnlockOptions) | UnlockedUser;
	/** Whether an administrator's replica sees to the keys by itself: see `maintainKeys` of the directory. @default true */
	readonly maintainKeys?: boolean;
}

/** A join-request and the answer to it. */
export interface AnsweredRequest {
	readonly request: Uint8Array;
	readonly response: Uint8Array;
}

export interface JoinTenantRequest extends AnsweredRequest {
	/** Whoever made the request. */
	readonly user: UnlockedUser;
	/** Receives the keys of the answer. */
	readonly keyBag: KeyBag;
	readonly confirmation: TenantConfirmation;
}

/** Makes and opens tenants and identities. Everything happens on this device. */
export class TenantFactory {
	readonly #env: Env;

	constructor(env: Env) {
		this.#env = env;
	}

	/** Makes a new identity. @throws {UsageError} when the name is empty, ill-formed or longer than 256 bytes. */
	createUserId(username: string, password: string, options: PasswordKeyOptions = {}): Promise<PrivateUserId> {
		return createUserId(this.#env, username, { password, ...options });
	}

	/** The part of an identity to give to others. */
	toPublicUserId(user: PrivateUserId): PublicUserId {
		return toPublicUserId(user);
	}

	/** Makes a named key under a password of its own, to be imported into KeyBags. */
	createSymmetricEncryptedPrivateKey(password: string, options: PasswordKeyOptions = {}): Promise<EncryptedPrivateKey> {
		return createSymmetricEncryptedPrivateKey(this.#env, password, options);
	}

	/** An empty KeyBag. */
	createKeyBag(): KeyBag {
		return new KeyBag(this.#env);
	}

	/**
	 * Makes a tenant: administration key, the keys `default` and `directory`, and a directory in which the creator is member and
	 * administrator. Nobody else has to be asked.
	 */
	async createTenant(options: CreateTenantOptions): Promise<CreatedTenant> {
		const { tenantId, adminPassword, tenantKeyPassword, user, userPassword, keyBag, kdf, limits = {} } = options;
		const kdfOptions = { ...(kdf === undefined ? {} : { kdf }), limits };
		const unlocked = await unlockUserId(this.#env, user, { password: userPassword, limits });
		const administrationKey = await createSigningKeyPair(this.#env, adminPassword, {
			purpose: "administration",
			...kdfOptions,
		});
		const { recoveryPassword } = options;
		const recoveryKey =
			recoveryPassword === undefined
				? undefined
				: await createSigningKeyPair(this.#env, recoveryPassword, { purpose: "recovery", ...kdfOptions });
		const { crypto, random, clock } = this.#env;
		const identity = await makeTenantIdentity(crypto, {
			tenantId,
			administrationKey: decodeSigningKeyPem(administrationKey.publicKey),
			recoveryKey: recoveryKey && decodeSigningKeyPem(recoveryKey.publicKey),
		});
		const keys = { default: random.randomBytes(32), [directoryId]: random.randomBytes(32) };
		const now = clock.now();
		for (const [keyId, key] of Object.entries(keys)) keyBag.set(keyId, key, now);
		const sealing = await createPasswordKey(this.#env, tenantKeyPassword, kdfOptions);
		const tenantKey = await sealing.seal("symmetric", keys.default, now);
		await keyBag.settled();
		const tenant = await MindooTenant.open(this.#env, { identity, keyBag, user: unlocked, maintainKeys: true });
		const administrator = { key: administrationKey, password: adminPassword, limits };
		await this.#found(tenant, toPublicUserId(user), unlocked, keys, administrator);
		return { tenant, administrationKey, recoveryKey, tenantKey };
	}

	/** Opens a tenant on this device. @throws {KeyError} on a wrong password. @throws {FormatError} on a damaged identity. */
	async openTenant({ identity, keyBag, user, maintainKeys = true }: OpenTenantRequest): Promise<MindooTenant> {
		const checked = await parseTenantIdentity(this.#env.crypto, identity);
		const unlocked = user === undefined || "signingKey" in user ? user : await unlockUserId(this.#env, user.id, user);
		return MindooTenant.open(this.#env, { identity: checked, keyBag, user: unlocked, maintainKeys });
	}

	/** What somebody hands to an administrator to become a member, and the words that the administrator must see too. */
	async makeJoinRequest(user: UnlockedUser): Promise<{ readonly request: Uint8Array; readonly words: string }> {
		const request = await makeJoinRequest(this.#env, user);
		const { words } = await readJoinRequest(this.#env.crypto, request);
		return { request, words };
	}

	/**
	 * Reads an administrator's answer, to show its words before they are confirmed.
	 * @throws {FormatError} @throws {VerifyError} `signature` when it answers another request or was altered.
	 */
	readInvitation(answer: AnsweredRequest): Promise<Invitation> {
		return readJoinResponse(this.#env.crypto, answer);
	}

	/**
	 * Opens a tenant for the first time on the strength of an invitation. Its directory comes by sync; until the heads that the
	 * invitation names are there, everything is pending.
	 * @throws {VerifyError} `trust` unless the confirmation fits, `signature`. @throws {FormatError} @throws {KeyError}
	 */
	async joinTenant({ user, keyBag, confirmation, ...answer }: JoinTenantRequest): Promise<MindooTenant> {
		const { crypto, stores } = this.#env;
		const invitation = await readJoinResponse(crypto, answer);
		checkConfirmation(invitation, confirmation);
		const { identity } = invitation;
		await takeKeys(crypto, invitation, { user, keyBag });
		const { tenantRoot } = identity;
		const store = await stores.open({ tenantRoot, dbId: directoryId, purpose: "documents" });
		try {
			await AwaitedDirectory.begin(store, invitation);
		} finally {
			await store.close();
		}
		return MindooTenant.open(this.#env, { identity, keyBag, user, maintainKeys: true });
	}

	/** Writes the first entries of the directory. */
	async #found(
		tenant: MindooTenant,
		creator: PublicUserId,
		unlocked: UnlockedUser,
		keys: Readonly<Record<string, Uint8Array>>,
		administrator: NonNullable<AdministratorOptions["administrator"]>,
	): Promise<void> {
		const directory = await tenant.openDirectory();
		const versions = await Promise.all(
			[directoryId, "default"].map(async (keyId) => {
				const subkeys = await tenantSubkeys(this.#env.crypto, keys[keyId] as Uint8Array, tenant.identity.tenantRoot);
				return { form: "keyversion" as const, keyId, commitment: await subkeys.keyCommitment(keyId) };
			}),
		);
		await directory.write(versions, { administrator });
		await directory.registerUser(creator, { administrator });
		const signingKey = toHex(unlocked.signingKey.publicKey);
		await directory.write([{ form: "admingrant", username: creator.username, signingKey }], { administrator });
	}
}
