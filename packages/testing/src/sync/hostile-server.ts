import {
	type ChannelIdentity,
	type Crypto,
	createChannelIdentity,
	type Duplex,
	decodeTenantRequest,
	type Env,
	KeptTenant,
	openChannel,
	runSession,
	type SessionGate,
	type StoredEntry,
	type StoreFactory,
	type SyncedStore,
	type SyncHost,
	SyncSession,
	TicketBook,
	toHex,
	type UnwrappingKey,
} from "@mindoodb/core";
import type { TenantFixture, TestReplica } from "../tenant-fixture/tenant-fixture.js";

export interface HostileServerOptions {
	readonly env: Env;
	readonly newStores: (crypto: Crypto) => StoreFactory;
	readonly fixture: TenantFixture;
}

/** What a hostile server knows of a tenant, or shows to somebody: one of several copies that say different things. */
export interface ServerCopy {
	readonly kept: KeptTenant;
	/** Takes over what a replica has. */
	learn(replica: TestReplica, options?: LearnOptions): Promise<void>;
}

export interface LearnOptions {
	/** @default the directory and "notes" */
	readonly dbIds?: readonly string[];
	/** Entries that are left out. @default none */
	readonly unless?: (entry: StoredEntry) => boolean;
}

/** Changes what others read of a store. */
export type Lie = (dbId: string, store: SyncedStore["store"]) => SyncedStore["store"];

const directoryId = "directory";

const openGate: SessionGate = { take: (_, put) => put(), declined: () => {} };

/** A server that the directory names and that means ill: it holds its key and `directory`, speaks the protocol, and shows each what it likes. */
export class HostileServer {
	/** Public signing key, hex. */
	readonly publicKey: string;
	/** What a member is shown, by its public key. */
	shows: (peer: string) => ServerCopy;
	/** What it says of its stores instead of the truth. */
	lie: Lie = (_, store) => store;
	/** Presence messages that members sent; it passes none of them on by itself. */
	readonly heard: Uint8Array[] = [];
	readonly #options: HostileServerOptions;
	readonly #identity: ChannelIdentity;
	readonly #unwrappingKey: UnwrappingKey;
	readonly #copies: ServerCopy[] = [];
	readonly #sessions = new Map<SyncSession, Promise<unknown>>();

	private constructor(options: HostileServerOptions, identity: ChannelIdentity, unwrappingKey: UnwrappingKey) {
		this.#options = options;
		this.#identity = identity;
		this.#unwrappingKey = unwrappingKey;
		this.publicKey = toHex(identity.signingKey.publicKey);
		this.shows = () => this.#copies[0] as ServerCopy;
	}

	static async create(options: HostileServerOptions): Promise<HostileServer> {
		const { crypto } = options.fixture.creator.env;
		const signing = await crypto.importSigningKey((await crypto.generateSigningKeyPair()).privateKey);
		const wrapping = await crypto.importUnwrappingKey((await crypto.generateWrappingKeyPair()).privateKey);
		return new HostileServer(options, await createChannelIdentity(options.env, signing), wrapping);
	}

	/** Has the directory name it. */
	async join(addresses: readonly string[]): Promise<void> {
		const { creator, administrator } = this.#options.fixture;
		const description = { signingKey: this.publicKey, encryptionKey: this.#unwrappingKey.publicKey, addresses };
		await (await creator.directory()).addServer(description, administrator);
	}

	/** Another copy of the tenant; the first one is shown unless `shows` says otherwise. */
	async copy(): Promise<ServerCopy> {
		const { env, newStores, fixture } = this.#options;
		const own = { signingKey: this.publicKey, encryptionKey: this.#unwrappingKey.publicKey, addresses: [] };
		const request = await (await fixture.creator.directory()).askServer(own, fixture.administrator);
		const { identity, keys } = await decodeTenantRequest(env.crypto, request);
		const stores = newStores(env.crypto);
		const kept = await KeptTenant.open({ ...env, stores }, { identity, keys, unwrappingKey: this.#unwrappingKey });
		const copy: ServerCopy = {
			kept,
			async learn(replica, { dbIds = [directoryId, "notes"], unless = () => false } = {}) {
				for (const dbId of dbIds) {
					const db = dbId === directoryId ? (await replica.directory()).db : await replica.db(dbId);
					const entries = await db.store.getEntries(await db.store.getAllHashes());
					const [documents] = (await kept.hostFor(openGate).open(dbId)) ?? [];
					await documents?.store.putEntries(entries.filter((entry) => !unless(entry)));
				}
			},
		};
		this.#copies.push(copy);
		return copy;
	}

	/** Sends presence messages to everybody. */
	tell(dbId: string, messages: readonly Uint8Array[]): void {
		for (const session of this.#sessions.keys()) for (const each of messages) session.sendPresence(dbId, each);
	}

	/** Takes a connection. */
	readonly accept = (duplex: Duplex): void => {
		void this.#serve(duplex).catch(() => duplex.abort());
	};

	/** Ends all sessions. */
	async close(): Promise<void> {
		for (const session of this.#sessions.keys()) session.close();
		await Promise.all(this.#sessions.values());
		for (const { kept } of this.#copies) await kept.close();
	}

	async #serve(duplex: Duplex): Promise<void> {
		const { env } = this.#options;
		const tickets = new TicketBook(env);
		const channel = await openChannel(duplex, { role: "responder", env, identity: this.#identity, tickets });
		const { peer } = channel;
		const host = lying(this.shows(peer).kept.hostFor(openGate), (dbId, store) => this.lie(dbId, store));
		const onPresence = (_: string, message: Uint8Array) => void this.heard.push(message);
		const session = new SyncSession({ env, host, peer, initiator: false, onPresence });
		const running = runSession(session, channel);
		this.#sessions.set(session, running);
		await running;
		this.#sessions.delete(session);
	}
}

function lying(host: SyncHost, lie: Lie): SyncHost {
	return {
		...host,
		open: async (dbId) => (await host.open(dbId))?.map((synced) => ({ ...synced, store: lie(dbId, synced.store) })),
	};
}
