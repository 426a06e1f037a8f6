import {
	type AdministratorOptions,
	type Crypto,
	type Env,
	type KeyBag,
	type KeyPairBytes,
	type MindooDB,
	type MindooTenant,
	type MindooTenantDirectory,
	type PrivateUserId,
	type SnapshotPolicy,
	type StoreFactory,
	TenantFactory,
	type TenantIdentity,
	toHex,
	type UnlockedUser,
	UsageError,
	unlockUserId,
} from "@mindoodb/core";
import { cheapKdf } from "../cheap-kdf.js";
import { seededCrypto } from "./seeded-crypto.js";
import { seededRandom } from "./seeded-random.js";
import { type TestClock, testClock } from "./test-clock.js";

const password = "password";

export interface TenantFixtureOptions {
	/** The platform's own, such as `await nodeEnv()`; stores, clock and random source of it are replaced. */
	readonly env: Env;
	/** Makes the stores of one replica. */
	readonly newStores: (crypto: Crypto, replica: string) => StoreFactory;
	/** Decides every random choice. @default 1 */
	readonly seed?: number;
	/** Time at which all clocks start. @default 1_700_000_000_000 */
	readonly start?: number;
	/** Name of the creator. @default "admin" */
	readonly creator?: string;
	/** Whether administrators' replicas see to the keys by themselves; the creator's own once it is opened again. @default true */
	readonly maintainKeys?: boolean;
	/**
	 * Keys for wrapping, for one replica after the other; those beyond have the published one. For tests in which it matters who can
	 * open what. @default none
	 */
	readonly wrappingKeys?: readonly KeyPairBytes[];
}

/** One device: a member's, or a relay's that has no user. */
export class TestReplica {
	readonly name: string;
	readonly env: Env;
	readonly clock: TestClock;
	readonly keyBag: KeyBag;
	readonly user: UnlockedUser | undefined;
	readonly userId: PrivateUserId | undefined;
	readonly #identity: TenantIdentity;
	readonly #maintainKeys: boolean;
	tenant: MindooTenant;
	/** For databases that it opens from here on. None at first: they would come among the entries that tests count. */
	snapshots: SnapshotPolicy | "off" = "off";

	/** For `TenantFixture`. */
	constructor(
		parts: Pick<TestReplica, "name" | "env" | "clock" | "keyBag" | "user" | "userId" | "tenant">,
		maintainKeys: boolean,
	) {
		this.name = parts.name;
		this.env = parts.env;
		this.clock = parts.clock;
		this.keyBag = parts.keyBag;
		this.user = parts.user;
		this.userId = parts.userId;
		this.tenant = parts.tenant;
		this.#identity = parts.tenant.identity;
		this.#maintainKeys = maintainKeys;
	}

	/** Public signing key, 64 hex digits. */
	get publicKey(): string {
		if (this.user === undefined) throw new Error(`${this.name} has no user`);
		return toHex(this.user.signingKey.publicKey);
	}

	/** As it is open, else with the snapshots of this replica. */
	async db(dbId = "notes"): Promise<MindooDB> {
		try {
			return await this.tenant.openDB(dbId, { snapshots: this.snapshots });
		} catch (error) {
			if (!(error instanceof UsageError) || error.data.field !== "snapshots") throw error;
			return this.tenant.openDB(dbId);
		}
	}

	directory(): Promise<MindooTenantDirectory> {
		return this.tenant.openDirectory();
	}

	/** Closes the tenant and opens it again with the same stores. */
	async reopen(): Promise<void> {
		await this.tenant.close();
		const { user, keyBag } = this;
		const maintainKeys = this.#maintainKeys;
		const factory = new TenantFactory(this.env);
		this.tenant = await factory.openTenant({ identity: this.#identity, keyBag, maintainKeys, ...(user && { user }) });
	}

	/** Levels directory and databases with another replica, both ways. */
	async level(other: TestReplica, dbIds: readonly string[] = ["notes"]): Promise<void> {
		const [own, theirs] = [await this.directory(), await other.directory()];
		await own.db.pullChangesFrom(theirs.store);
		await own.db.pushChangesTo(theirs.store);
		for (const dbId of dbIds) {
			const [db, remote] = [await this.db(dbId), await other.db(dbId)];
			await db.pullChangesFrom(remote.store);
			await db.pushChangesTo(remote.store);
		}
	}

	/** Gives another replica the newest version of a key, in the open. */
	async handOver(keyId: string, other: TestReplica): Promise<void> {
		for (const key of this.keyBag.getAllKeys(keyId)) other.keyBag.set(keyId, key, this.clock.now());
		await other.keyBag.settled();
	}
}

/** A tenant with its replicas, each with stores and a clock of its own, all of it the same in every run. */
export class TenantFixture {
	readonly creator: TestReplica;
	readonly replicas: TestReplica[];
	/** The tenant's administration key, as an option of directory calls. */
	readonly administrator: Required<AdministratorOptions>;
	readonly #options: Required<TenantFixtureOptions>;
	#seed: number;

	private constructor(
		creator: TestReplica,
		options: Required<TenantFixtureOptions>,
		administrator: Required<AdministratorOptions>,
	) {
		this.creator = creator;
		this.replicas = [creator];
		this.#options = options;
		this.#seed = options.seed;
		this.administrator = administrator;
	}

	static async create(options: TenantFixtureOptions): Promise<TenantFixture> {
		const full = {
			seed: 1,
			start: 1_700_000_000_000,
			creator: "admin",
			maintainKeys: true,
			wrappingKeys: [],
			...options,
		};
		const { env, clock } = await newEnv(full, full.creator, full.seed);
		const factory = new TenantFactory(env);
		const userId = await factory.createUserId(full.creator, password, cheapKdf);
		const keyBag = factory.createKeyBag();
		const { tenant, administrationKey } = await factory.createTenant({
			tenantId: "fixture",
			adminPassword: password,
			tenantKeyPassword: password,
			user: userId,
			userPassword: password,
			keyBag,
			...cheapKdf,
		});
		const user = await unlockUserId(env, userId, { password, ...cheapKdf });
		const parts = { name: full.creator, env, clock, keyBag, user, userId, tenant };
		const creator = new TestReplica(parts, full.maintainKeys);
		return new TenantFixture(creator, full, { administrator: { key: administrationKey, password, ...cheapKdf } });
	}

	get identity(): TenantIdentity {
		return this.creator.tenant.identity;
	}

	/** A replica of somebody who is not a member yet; it holds the key `directory`. */
	async stranger(name: string): Promise<TestReplica> {
		const { env, clock } = await newEnv(this.#options, name, this.#nextSeed());
		const userId = await new TenantFactory(env).createUserId(name, password, cheapKdf);
		return this.#open(name, { env, clock }, userId);
	}

	/** A replica of a new member, level with the creator's directory. */
	async member(name: string): Promise<TestReplica> {
		const replica = await this.stranger(name);
		await this.register(replica);
		const directory = await this.creator.directory();
		await (await replica.directory()).db.pullChangesFrom(directory.store);
		return replica;
	}

	async register(replica: TestReplica): Promise<void> {
		const factory = new TenantFactory(replica.env);
		const directory = await this.creator.directory();
		if (replica.userId === undefined) throw new Error(`${replica.name} has no user`);
		await directory.registerUser(factory.toPublicUserId(replica.userId));
	}

	/** Another device of a member: same identity, own stores. @param keyIds keys that it holds from the start. */
	async device(name: string, owner: TestReplica, keyIds: readonly string[] = ["directory"]): Promise<TestReplica> {
		return this.#open(name, await newEnv(this.#options, name, this.#nextSeed()), owner.userId, keyIds);
	}

	/** A replica without a user. @param keyIds keys that it holds from the start. */
	async relay(name = "relay", keyIds: readonly string[] = ["directory"]): Promise<TestReplica> {
		return this.#open(name, await newEnv(this.#options, name, this.#nextSeed()), undefined, keyIds);
	}

	async close(): Promise<void> {
		for (const replica of this.replicas) await replica.tenant.close();
	}

	async #open(
		name: string,
		{ env, clock }: { readonly env: Env; readonly clock: TestClock },
		userId: PrivateUserId | undefined,
		keyIds: readonly string[] = ["directory"],
	): Promise<TestReplica> {
		const factory = new TenantFactory(env);
		const keyBag = factory.createKeyBag();
		for (const keyId of keyIds) {
			for (const key of this.creator.keyBag.getAllKeys(keyId)) keyBag.set(keyId, key, clock.now());
		}
		const user = userId && (await unlockUserId(env, userId, { password, ...cheapKdf }));
		const { maintainKeys } = this.#options;
		const request = { identity: this.identity, keyBag, maintainKeys, ...(user && { user }) };
		const tenant = await factory.openTenant(request);
		const replica = new TestReplica({ name, env, clock, keyBag, user, userId, tenant }, maintainKeys);
		this.replicas.push(replica);
		return replica;
	}

	#nextSeed(): number {
		return ++this.#seed;
	}
}

async function newEnv(
	{ env, newStores, start, wrappingKeys, seed: first }: Required<TenantFixtureOptions>,
	replica: string,
	seed: number,
): Promise<{ readonly env: Env; readonly clock: TestClock }> {
	const crypto = await seededCrypto(env.crypto, seededRandom(Math.imul(seed, 2654435761)), wrappingKeys[seed - first]);
	const clock = testClock(start);
	return { env: { ...env, crypto, random: crypto, clock, stores: newStores(crypto, replica) }, clock };
}
