import { fromHex, toHex } from "../bytes/hex.js";
import { AttachmentReader } from "../database/attachments/attachment-reader.js";
import type { DatabaseContext } from "../database/context.js";
import { HistoryHolding } from "../database/holding/history-holding.js";
import { AttachmentHolding } from "../database/holding/holding.js";
import { describeVerdict } from "../database/judging/verdict.js";
import { MindooDB } from "../database/mindoo-db.js";
import { noEffects, type TrustEffects } from "../database/trust-port.js";
import type { Author } from "../database/writing/commit-queue.js";
import { checkId } from "../entry/header.js";
import type { Env } from "../env.js";
import { nameOfError, UsageError, VerifyError } from "../errors.js";
import type { KeyBag } from "../keys/key-bag.js";
import { Keyring } from "../keys/keyring.js";
import type { UnlockedUser } from "../keys/user-id.js";
import type { LocalStore } from "../store/store.js";
import { DirectoryLog, type DirectoryStep } from "../trust/directory-log.js";
import { directoryId } from "../trust/directory-record.js";
import { settingsRootOf } from "../trust/settings-root.js";
import { AttachmentLimit } from "./attachment-limits.js";
import { DataWipe } from "./data-wipe.js";
import { TenantTrust } from "./database-trust.js";
import { DirectoryKeys } from "./directory-keys.js";
import { Following } from "./following.js";
import { checkGivenStore } from "./given-store.js";
import { AwaitedDirectory, type KnownServer } from "./joining/awaited-directory.js";
import { KeyImport } from "./key-import.js";
import { MindooTenantDirectory } from "./mindoo-tenant-directory.js";
import { type ReachablePeer, ReachablePeers } from "./reachable-peers.js";
import { SyncingCalls } from "./syncing/syncing-calls.js";
import { TenantSyncing } from "./syncing/tenant-syncing.js";
import type { TenantIdentity } from "./tenant-identity.js";
import {
	checkNothingChosen,
	checkOptions,
	type OpenDatabase,
	type OpenDatabaseOptions,
	type OpenTenantOptions,
} from "./tenant-options.js";
import { decryptTenantPayload, encryptTenantPayload, payloadKey } from "./tenant-payload.js";

/** A tenant on this device: its keys, its directory, its databases. Made by `TenantFactory`. */
export class MindooTenant extends SyncingCalls {
	readonly identity: TenantIdentity;
	readonly keyBag: KeyBag;
	readonly #env: Env;
	readonly #user: UnlockedUser | undefined;
	readonly #keyring: Keyring;
	readonly #log: DirectoryLog;
	readonly #awaited: AwaitedDirectory;
	readonly #directoryStore: LocalStore;
	readonly #keys: DirectoryKeys;
	readonly #keyImport: KeyImport | undefined;
	readonly #maintains: boolean;
	readonly #peers = new ReachablePeers();
	readonly #databases = new Map<string, Promise<OpenDatabase>>();
	readonly #following: Following;
	readonly #syncing: TenantSyncing;
	readonly #subscriptions: (() => void)[] = [];
	readonly #wipe: DataWipe;
	#closed = false;

	private constructor(
		env: Env,
		options: OpenTenantOptions,
		keyring: Keyring,
		log: DirectoryLog,
		awaited: AwaitedDirectory,
		directoryStore: LocalStore,
	) {
		super();
		this.#env = env;
		this.identity = options.identity;
		this.keyBag = options.keyBag;
		this.#user = options.user;
		this.#keyring = keyring;
		this.#log = log;
		this.#awaited = awaited;
		this.#directoryStore = directoryStore;
		const { user, keyBag, maintainKeys } = options;
		this.#maintains = maintainKeys;
		const { tenantRoot } = options.identity;
		const { publicKey } = this;
		this.#keys = new DirectoryKeys({ env, tenantRoot, keyBag, state: log.state, publicKey });
		const [transferred, close] = [() => this.#transferred(), () => this.close()];
		this.#wipe = new DataWipe({ env, tenantRoot, keyBag, state: log.state, publicKey, transferred, close });
		this.#following = new Following(env, log);
		this.#syncing = new TenantSyncing({
			env,
			tenantRoot,
			rows: directoryStore.rows,
			user,
			state: log.state,
			openDB: (dbId) => this.openDB(dbId),
			listDatabases: () => this.listDatabases(),
			onDirectory: (listener) => log.onStep(async () => listener()),
			servers: () => this.servers(),
			addPeer: (peer) => this.#peers.add(peer),
		});
		this.#keyImport =
			user === undefined ? undefined : new KeyImport({ env, tenantRoot, state: log.state, keyring, keyBag, user });
	}

	/** For `TenantFactory`. */
	static async open(env: Env, options: OpenTenantOptions): Promise<MindooTenant> {
		const { identity, keyBag } = options;
		const { tenantRoot, administrationKey, recoveryKey } = identity;
		const keyring = await Keyring.open(env.crypto, tenantRoot, keyBag);
		const store = await env.stores.open({ tenantRoot, dbId: directoryId, purpose: "documents" });
		const log = await DirectoryLog.open({
			env,
			store,
			keyring,
			tenantRoot,
			administrationKey: fromHex(administrationKey, 32),
			recoveryKey: recoveryKey === undefined ? undefined : fromHex(recoveryKey, 32),
		});
		const awaited = await AwaitedDirectory.open(store, log.state);
		const tenant = new MindooTenant(env, options, keyring, log, awaited, store);
		tenant.#subscriptions.push(
			log.onStep((step) => tenant.#follow(step)),
			keyBag.onChange(() => tenant.#keysChanged()),
		);
		await tenant.#keyImport?.run();
		await tenant.#following.settled();
		await tenant.#maintainKeys();
		tenant.#wipe.startIfAsked();
		return tenant;
	}

	get tenantId(): string {
		return this.identity.tenantId;
	}

	/** Public signing key of this replica's user, 64 hex digits. */
	get publicKey(): string | undefined {
		return this.#user === undefined ? undefined : toHex(this.#user.signingKey.publicKey);
	}

	/** Set once this user's data are to be erased, and resolves when they are; transfers end first, then the tenant is closed. */
	get wiping(): Promise<void> | undefined {
		return this.#wipe.running;
	}

	/** Has something done at the end of a wipe: whoever keeps files of the tenant erases them. */
	onWiped(listener: () => Promise<void>): void {
		this.#wipe.onDone(listener);
	}

	get username(): string | undefined {
		return this.#user?.username;
	}

	/**
	 * Heads of the directory that the invitation named and that have not come yet. Until they do, whatever comes is `pending`, and
	 * nothing can be written.
	 */
	get awaitedHeads(): readonly string[] {
		return this.#awaited.heads;
	}

	/**
	 * Opens a database, or gives the one that is open. A database that nobody has written to comes into being by this.
	 * @throws {FormatError} unless `dbId` is 1 to 128 bytes. @throws {StoreError} `store-locked`, `store-version`.
	 */
	async openDB(dbId: string, options: OpenDatabaseOptions = {}): Promise<MindooDB> {
		this.#live();
		checkId(dbId, "dbId");
		const known = this.#databases.get(dbId);
		if (known !== undefined) {
			checkNothingChosen(options);
			return (await known).db;
		}
		const opening = this.#open(dbId, options);
		this.#databases.set(dbId, opening);
		opening.catch(() => this.#databases.delete(dbId));
		const { db } = await opening;
		this.#syncing.opened(dbId);
		return db;
	}

	/** The directory: members, keys, settings. */
	async openDirectory(): Promise<MindooTenantDirectory> {
		const db = await this.openDB(directoryId);
		return new MindooTenantDirectory({
			env: this.#env,
			identity: this.identity,
			db,
			log: this.#log,
			keyring: this.#keyring,
			keyBag: this.keyBag,
			keys: this.#keys,
			peers: this.#peers,
			user: this.#user,
			listDatabases: () => this.listDatabases(),
			openDB: (dbId) => this.openDB(dbId),
			settled: () => this.#following.settled(),
		});
	}

	/**
	 * Tells of another replica that can be asked from now on: a revocation first takes over what it has.
	 * @returns a function that ends it.
	 */
	addPeer(peer: ReachablePeer): () => void {
		return this.#peers.add(peer);
	}

	/** Ids of the databases that this replica has or the directory names, without the directory. */
	async listDatabases(): Promise<string[]> {
		const stored = await this.#env.stores.list(this.identity.tenantRoot);
		const all = new Set([...stored, ...this.#databases.keys()]);
		all.delete(directoryId);
		return [...all].sort();
	}

	/** Sync servers of the tenant; before its directory has come, those of the invitation. */
	servers(): readonly KnownServer[] {
		const known = this.#log.state.servers();
		return known.length > 0 ? known : this.#awaited.servers;
	}

	/** Encrypts bytes of the application under a key that this replica holds, in its newest version. */
	async encryptPayload(plaintext: Uint8Array, decryptionKeyId = "default"): Promise<Uint8Array> {
		if (this.#awaited.verdict !== undefined) throw new VerifyError(describeVerdict(this.#awaited.verdict));
		return encryptTenantPayload(this.#env, payloadKey(this.#keyring, this.#log.state, decryptionKeyId), plaintext);
	}

	/** @throws {KeyError} when the key is missing or the bytes were altered. */
	async decryptPayload(payload: Uint8Array, decryptionKeyId = "default"): Promise<Uint8Array> {
		return decryptTenantPayload(this.#env.crypto, this.#keyring, payload, decryptionKeyId);
	}

	/** Closes all databases; everything that was begun is durable afterwards. */
	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		await this.#syncing.close();
		for (const end of this.#subscriptions) end();
		await this.keyBag.settled();
		const open = await Promise.allSettled(this.#databases.values());
		await this.#following.settled();
		const closing = open.flatMap((each) => (each.status === "fulfilled" ? [each.value.db.close()] : []));
		const failed = (await Promise.allSettled(closing)).find((each) => each.status === "rejected");
		if (!this.#databases.has(directoryId)) await this.#directoryStore.close();
		this.#databases.clear();
		if (failed !== undefined) throw failed.reason;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #open(dbId: string, options: OpenDatabaseOptions): Promise<OpenDatabase> {
		const isDirectory = dbId === directoryId;
		const { docStore, attachmentStore, chunkSize, snapshots } = checkOptions(
			isDirectory ? { ...options, snapshots: "off" } : options,
		);
		const { tenantRoot } = this.identity;
		if (isDirectory && docStore !== undefined) throw new UsageError("the directory's store comes from env.stores");
		const store = isDirectory
			? this.#directoryStore
			: (docStore ?? (await this.#env.stores.open({ tenantRoot, dbId, purpose: "documents" })));
		try {
			for (const each of [store, attachmentStore]) await checkGivenStore(each, { tenantRoot, dbId });
			const holding = await AttachmentHolding.open({
				env: this.#env,
				store: attachmentStore ?? store,
				mode: options.attachments,
			});
			const { crypto } = this.#env;
			const past = await HistoryHolding.open({ crypto, store, sources: holding.sources, mode: options.history });
			return await this.#openWith(dbId, { store, attachmentStore, chunkSize, snapshots, holding, past }, isDirectory);
		} catch (error) {
			if (!isDirectory) await store.close();
			await attachmentStore?.close();
			throw error;
		}
	}

	async #directoryPosition(): Promise<string> {
		const { arrival } = await this.#directoryStore.position();
		return `${arrival}/${this.#log.state.revision}/${this.#keyring.generation}`;
	}

	async #openWith(
		dbId: string,
		parts: Pick<DatabaseContext, "store" | "attachmentStore" | "chunkSize" | "snapshots" | "holding" | "past">,
		isDirectory: boolean,
	): Promise<OpenDatabase> {
		const { tenantRoot } = this.identity;
		const { store, holding } = parts;
		const trust = new TenantTrust(this.#log, this.#awaited, dbId, store);
		const limit = new AttachmentLimit({
			directory: () => this.openDirectory(),
			state: () => this.#directoryPosition(),
			dbId,
		});
		const context: DatabaseContext = {
			env: this.#env,
			tenantRoot,
			dbId,
			...parts,
			evidence: { tenant: this.identity, directory: this.#directoryStore },
			largestAttachment: () => limit.bytes(),
			keyring: this.#keyring,
			attachments: new AttachmentReader({ env: this.#env, keyring: this.#keyring }, holding),
			trust,
			sync: (target, syncOptions) => this.#syncing.start(target, syncOptions, dbId),
			author: this.#author(),
			...(isDirectory ? { isSettingsRoot: settingsRootOf(this.#env.crypto, tenantRoot) } : {}),
			...(isDirectory ? { onAppended: () => this.#log.update(), onReceived: () => this.#received() } : {}),
		};
		const db = await MindooDB.open(context, () => {
			this.#databases.delete(dbId);
			this.#following.remove(dbId);
		});
		await db.followTrust({ ...noEffects, keys: this.#keyring.commitments() });
		const open = { db, trust };
		for (;;) {
			const { latest } = this.#log;
			const effects = this.#catchUp(dbId, trust, store);
			this.#log.follows(dbId, latest);
			// Nothing may come between this look and the entry in the map, or a step could be missed.
			if (effects.length === 0) {
				this.#following.add(dbId, open);
				await this.#log.followed(dbId, latest);
				return open;
			}
			for (const each of effects) await db.followTrust(each);
		}
	}

	/** What the directory has learned since this database was open the last time. */
	#catchUp(dbId: string, trust: TenantTrust, store: LocalStore): TrustEffects[] {
		const steps = this.#log.stepsFor(dbId);
		if (steps === undefined) return store.documentCount() === 0 ? [] : [{ ...noEffects, everything: true }];
		return steps.map(({ changes }) => trust.effectsOf(changes));
	}

	#author(): Author | undefined {
		const key = this.#user?.signingKey;
		return key === undefined ? undefined : { publicKey: toHex(key.publicKey), signingKey: key };
	}

	async #follow(step: DirectoryStep): Promise<void> {
		const { changes } = step;
		await this.#awaited.update();
		if (changes.releases.length > 0 || changes.commitments.length > 0) this.#following.afterwards(this.#importKeys);
		if (changes.authors.length > 0) this.#wipe.startIfAsked();
		await this.#following.follow(step);
	}

	async #transferred(): Promise<void> {
		for (const open of await Promise.allSettled(this.#databases.values())) {
			if (open.status === "fulfilled") await open.value.db.transferred();
		}
		await this.#following.settled();
	}

	/** What follows from foreign entries of the directory. */
	async #received(): Promise<void> {
		await this.#following.settled();
		await this.#maintainKeys();
	}

	readonly #importKeys = async (): Promise<void> => this.#keyImport?.run();

	/** What an administrator's client sees to by itself. That it cannot be done now stops nothing: the next one does it. */
	async #maintainKeys(): Promise<void> {
		const { publicKey } = this;
		if (!this.#maintains || this.#closed || publicKey === undefined || !this.#log.state.isAdministrator(publicKey))
			return;
		try {
			if (await this.#keys.isBehind()) await (await this.openDirectory()).maintainKeys();
		} catch (error) {
			this.#env.log("warn", "keys could not be maintained", { error: nameOfError(error) });
		}
	}

	async #keysChanged(): Promise<void> {
		const keys = await this.#keyring.refresh();
		if (keys.length === 0) return;
		await this.#log.openLocked(keys);
		for (const { db } of this.#following.databases) await db.followTrust({ ...noEffects, keys });
	}

	protected get syncing(): TenantSyncing {
		this.#live();
		return this.#syncing;
	}

	#live(): void {
		if (this.#closed) throw new UsageError("the tenant is closed", { code: "closed" });
	}
}
