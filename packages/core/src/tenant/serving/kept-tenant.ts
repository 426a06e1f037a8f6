import { fromHex } from "../../bytes/hex.js";
import type { UnwrappingKey } from "../../crypto/crypto.js";
import { checkId } from "../../entry/header.js";
import type { Env } from "../../env.js";
import { KeyError, nameOfError, UsageError } from "../../errors.js";
import { KeyBag } from "../../keys/key-bag.js";
import { Keyring } from "../../keys/keyring.js";
import { LruMap } from "../../store/lru-map.js";
import type { Standing, SyncHost } from "../../sync/host.js";
import { takingSide } from "../../sync/levelling/taking-side.js";
import { IncomingPayloads } from "../../sync/payloads/incoming.js";
import { RowPartials } from "../../sync/payloads/row-partials.js";
import { PresenceGate } from "../../sync/presence/presence-gate.js";
import { DirectoryLog, type DirectoryStep } from "../../trust/directory-log.js";
import { directoryId } from "../../trust/directory-record.js";
import { KeyImport } from "../key-import.js";
import { unwrapKey } from "../key-release.js";
import type { TenantIdentity } from "../tenant-identity.js";
import { KeptStore } from "./kept-store.js";
import { type SessionGate, servedStore } from "./served-store.js";
import { DirectoryStanding } from "./standing.js";
import type { ServerKey } from "./tenant-request.js";

export interface KeepTenantOptions {
	readonly identity: TenantIdentity;
	/** Versions of `directory`, wrapped for `unwrappingKey`; the directory hands over later ones. */
	readonly keys: readonly ServerKey[];
	readonly unwrappingKey: UnwrappingKey;
	/** Databases beyond the directory that others can make here. @default 256 */
	readonly mostDatabases?: number;
}

interface Parts {
	readonly keyBag: KeyBag;
	readonly keyring: Keyring;
	readonly log: DirectoryLog;
}

/** Databases whose presence is watched; those heard of longest ago are forgotten. */
const presenceGates = 256;

/**
 * A tenant that is kept for its members by somebody who is none of them: a sync server. It holds the key `directory` alone, so it knows
 * who is a member, and stores and gives out what it cannot read. Source: docs/sync.md, "What a server knows".
 */
export class KeptTenant {
	readonly identity: TenantIdentity;
	readonly #env: Env;
	readonly #log: DirectoryLog;
	readonly #keyring: Keyring;
	readonly #keyImport: KeyImport;
	/** Set by `open`. */
	#directory!: KeptStore;
	#incoming!: IncomingPayloads;
	readonly #standing: DirectoryStanding;
	readonly #mostDatabases: number;
	readonly #databases = new Map<string, Promise<readonly KeptStore[]>>();
	readonly #onDatabase = new Set<(dbId: string) => void>();
	readonly #presence = new LruMap<string, PresenceGate>(presenceGates);
	/** dbIds that are no news. */
	readonly #known = new Set<string>();
	readonly #subscriptions: (() => void)[] = [];
	/** What follows from the directory outside of its own turn. */
	#follows: Promise<void> = Promise.resolve();
	#closed = false;

	private constructor(
		env: Env,
		{ identity, unwrappingKey, mostDatabases = 256 }: KeepTenantOptions,
		{ keyBag, keyring, log }: Parts,
	) {
		this.identity = identity;
		this.#env = env;
		this.#log = log;
		this.#keyring = keyring;
		this.#mostDatabases = mostDatabases;
		this.#standing = new DirectoryStanding(log.state);
		const { tenantRoot } = identity;
		const user = { unwrappingKey };
		this.#keyImport = new KeyImport({
			env,
			tenantRoot,
			state: log.state,
			keyring,
			keyBag,
			user,
			keyIds: [directoryId],
		});
	}

	/** @throws {StoreError} `store-locked`, `store-version`. @throws {KeyError} `key-missing` when no key opens under `unwrappingKey`. */
	static async open(env: Env, options: KeepTenantOptions): Promise<KeptTenant> {
		const { administrationKey, recoveryKey, tenantRoot } = options.identity;
		const keyBag = await unwrapDirectoryKeys(env, options);
		const keyring = await Keyring.open(env.crypto, tenantRoot, keyBag);
		const store = await env.stores.open({ tenantRoot, dbId: directoryId, purpose: "documents" });
		try {
			const log = await DirectoryLog.open({
				env,
				store,
				keyring,
				tenantRoot,
				administrationKey: fromHex(administrationKey, 32),
				recoveryKey: recoveryKey === undefined ? undefined : fromHex(recoveryKey, 32),
			});
			const tenant = new KeptTenant(env, options, { keyBag, keyring, log });
			tenant.#directory = await KeptStore.open({
				env,
				store,
				purpose: "documents",
				directoryRevision: () => log.state.revision,
				mayStore: (key) => tenant.#standing.isAdministrators(key),
				onStored: () => tenant.#directoryGrew(),
				grants: true,
			});
			tenant.#incoming = new IncomingPayloads({ ...env, partials: new RowPartials(store.rows) });
			tenant.#subscriptions.push(log.onStep(async (step) => tenant.#follow(step)));
			for (const dbId of await tenant.databases()) tenant.#known.add(dbId);
			await tenant.#importKeys();
			await tenant.#eraseMissed();
			return tenant;
		} catch (error) {
			await store.close();
			throw error;
		}
	}

	/** The tenant as one session sees it. @param gate what comes in through it goes through here. */
	hostFor(gate: SessionGate): SyncHost {
		const { tenantRoot } = this.identity;
		const { crypto, clock } = this.#env;
		return {
			tenantRoot,
			incoming: this.#incoming,
			directoryHeads: () => this.#log.state.heads(),
			standing: (publicKey) => this.standing(publicKey),
			databases: () => this.databases(),
			open: async (dbId) =>
				(await this.open(dbId))?.flatMap((kept) => {
					const served = servedStore(dbId, kept, { crypto, clock, gate });
					return [served, takingSide(crypto, served)];
				}),
			onDirectory: (listener) => this.#log.onStep(async () => listener()),
		};
	}

	standing(publicKey: string): Standing {
		return this.#standing.of(publicKey);
	}

	/** Whether a presence message is genuine, new and in measure: only such ones are passed on. */
	async isPresence(dbId: string, message: Uint8Array): Promise<boolean> {
		const { crypto, clock } = this.#env;
		let gate = this.#presence.get(dbId);
		if (gate === undefined) {
			const place = { tenantRoot: this.identity.tenantRoot, dbId };
			gate = new PresenceGate({ crypto, clock, place, isGranted: (key) => this.#log.state.isMember(key) });
			this.#presence.set(dbId, gate);
		}
		return (await gate.pass(message)) !== undefined;
	}

	/** Addresses and keys of the tenant's servers, this one too. */
	servers(): ReturnType<DirectoryLog["state"]["servers"]> {
		return this.#log.state.servers();
	}

	/** dbIds that are kept here, without the directory. */
	async databases(): Promise<string[]> {
		const stored = await this.#env.stores.list(this.identity.tenantRoot);
		const all = new Set([...stored, ...this.#databases.keys()]);
		all.delete(directoryId);
		return [...all].sort();
	}

	/** The store of a database, which takes documents and attachments, made when there is room for another; `undefined` when there is none, or nobody can have such an id. */
	async open(dbId: string): Promise<readonly KeptStore[] | undefined> {
		if (this.#closed) throw new UsageError("the tenant is closed", { code: "closed" });
		if (dbId === directoryId) return [this.#directory];
		const known = this.#databases.get(dbId);
		if (known !== undefined) return known;
		checkId(dbId, "dbId");
		const all = await this.databases();
		if (!all.includes(dbId) && all.length >= this.#mostDatabases) return undefined;
		const opening = this.#databases.get(dbId) ?? this.#open(dbId);
		this.#databases.set(dbId, opening);
		opening.catch(() => this.#databases.delete(dbId));
		const opened = await opening;
		this.#tellDatabase(dbId);
		return opened;
	}

	/** Told of each database that is made here from now on. @returns a function that ends it. */
	onDatabase(listener: (dbId: string) => void): () => void {
		this.#onDatabase.add(listener);
		return () => this.#onDatabase.delete(listener);
	}

	/** Tells that another process appended to a store of this tenant. */
	async appendedElsewhere(dbId: string, purpose: KeptStore["purpose"]): Promise<void> {
		if (this.#closed) return;
		if (dbId === directoryId) {
			await this.#directoryGrew();
			this.#directory.appended();
			return;
		}
		const stores = await this.#databases.get(dbId);
		for (const kept of stores ?? []) if (kept.purpose === purpose) kept.appended();
	}

	/** Tells that another process may have appended anything, or made databases. */
	async changedElsewhere(): Promise<void> {
		await this.appendedElsewhere(directoryId, "documents");
		for (const dbId of await this.databases()) {
			this.#tellDatabase(dbId);
			for (const kept of (await this.#databases.get(dbId)) ?? []) kept.appended();
		}
	}

	/** Closes all stores; what was begun is durable afterwards. */
	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		for (const end of this.#subscriptions) end();
		await this.#follows;
		const open = await Promise.allSettled(this.#databases.values());
		const stores = open.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
		await Promise.all([...stores, this.#directory].map((each) => each.close()));
		this.#databases.clear();
	}

	#tellDatabase(dbId: string): void {
		if (this.#known.has(dbId)) return;
		this.#known.add(dbId);
		for (const listener of this.#onDatabase) listener(dbId);
	}

	async #open(dbId: string): Promise<readonly KeptStore[]> {
		const { tenantRoot } = this.identity;
		const kept: KeptStore[] = [];
		try {
			const purpose = "documents";
			const store = await this.#env.stores.open({ tenantRoot, dbId, purpose });
			const { state } = this.#log;
			const mayStore = (key: string) => state.everGranted(key);
			const directoryRevision = () => state.revision;
			kept.push(await KeptStore.open({ env: this.#env, store, purpose, directoryRevision, mayStore }));
			await this.#erase(dbId, kept);
			return kept;
		} catch (error) {
			for (const each of kept) await each.close();
			throw error;
		}
	}

	/** A document that is erased once stays so: what arrives of it later is kept as its stub. */
	async #erase(dbId: string, kept: readonly KeptStore[]): Promise<void> {
		const { latest } = this.#log;
		if (this.#log.stepsFor(dbId)?.every(({ changes }) => changes.purges.length === 0) === true) return;
		for (const docId of this.#log.state.purgeRequests(dbId)) {
			for (const each of kept) if (!(await each.store.isErased(docId))) await each.store.eraseDocument(docId);
		}
		for (const each of kept) each.appended();
		await this.#log.followed(dbId, latest);
	}

	/** What the directory wanted erased while this process was not there to do it. */
	async #eraseMissed(): Promise<void> {
		for (const dbId of await this.databases()) {
			const missed = this.#log.stepsFor(dbId)?.some(({ changes }) => changes.purges.length > 0) ?? true;
			if (missed && this.#log.state.purgeRequests(dbId).length > 0) await this.open(dbId);
		}
	}

	async #directoryGrew(): Promise<void> {
		await this.#log.update();
		await this.#follows;
	}

	#follow({ changes }: DirectoryStep): void {
		if (changes.releases.length + changes.commitments.length > 0) this.#afterwards(() => this.#importKeys());
		const databases = new Set(changes.purges.map(({ dbId }) => dbId));
		if (databases.size > 0) this.#afterwards(() => this.#eraseIn(databases));
	}

	async #eraseIn(databases: ReadonlySet<string>): Promise<void> {
		const here = new Set(await this.databases());
		for (const dbId of databases) {
			if (!here.has(dbId)) continue;
			const open = this.#databases.get(dbId);
			if (open === undefined) await this.open(dbId);
			else await this.#erase(dbId, await open);
		}
	}

	async #importKeys(): Promise<void> {
		await this.#keyImport.run();
		const keys = await this.#keyring.refresh();
		if (keys.length > 0) await this.#log.openLocked(keys);
	}

	/** Does what must not hold up the directory's own turn. */
	#afterwards(task: () => Promise<void>): void {
		this.#follows = this.#follows.then(task).catch((error: unknown) => {
			this.#env.log("error", "a change of the directory could not be followed", { error: nameOfError(error) });
		});
	}
}

/** The versions of `directory` that somebody who keeps a tenant was handed. @throws {KeyError} `key-missing` when none opens. */
export async function unwrapDirectoryKeys(
	env: Env,
	{ identity: { tenantRoot }, keys, unwrappingKey }: KeepTenantOptions,
): Promise<KeyBag> {
	const keyBag = new KeyBag(env);
	for (const { commitment, createdAt, wrap } of keys) {
		const name = { tenantRoot, keyId: directoryId, commitment };
		const key = await unwrapKey(env.crypto, name, wrap, unwrappingKey);
		if (key !== undefined) keyBag.set(directoryId, key, createdAt);
	}
	if (!keyBag.has(directoryId)) {
		throw new KeyError("server: expected a version of this key that is wrapped for it", { keyId: directoryId });
	}
	return keyBag;
}
