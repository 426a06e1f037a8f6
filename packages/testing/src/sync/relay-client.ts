import {
	type AuthenticatedDuplex,
	askToKeep,
	type ChannelIdentity,
	createChannelIdentity,
	type Duplex,
	decodeTenantRequest,
	type Env,
	KeptTenant,
	openChannel,
	runSession,
	type ServerDescription,
	type SessionEnd,
	type SessionGate,
	type SyncedStore,
	SyncSession,
	TicketBook,
	type Transport,
} from "@mindoodb/core";
import type { TenantFixture, TestReplica } from "../tenant-fixture/tenant-fixture.js";

export interface RelayClientOptions {
	/** With stores of its own. */
	readonly env: Env;
	readonly fixture: TenantFixture;
	/** Whose key it speaks with; that of somebody whom nobody knows is enough for a stranger. */
	readonly replica: TestReplica;
	readonly transport: Transport;
	/** The server's public key; any is accepted without. */
	readonly server?: string;
}

/** A session that is under way. */
export interface RelaySession {
	readonly session: SyncSession;
	readonly channel: AuthenticatedDuplex;
	/** Resolves when it is over. */
	readonly ended: Promise<SessionEnd>;
}

/**
 * A member's client whose stores are kept without being read: it speaks with a server as a member does, under the member's key, and what it
 * has comes from the member's replica, and goes there, by pulls and pushes.
 */
export class RelayClient {
	readonly kept: KeptTenant;
	/** Lets everything through. */
	readonly gate = openGate;
	readonly #options: RelayClientOptions;
	readonly #identity: ChannelIdentity;
	readonly #tickets: TicketBook;

	private constructor(options: RelayClientOptions, kept: KeptTenant, identity: ChannelIdentity) {
		this.#options = options;
		this.kept = kept;
		this.#identity = identity;
		this.#tickets = new TicketBook(options.env);
	}

	static async create(options: RelayClientOptions): Promise<RelayClient> {
		const { env, fixture, replica } = options;
		const { user } = replica;
		if (user === undefined) throw new Error(`${replica.name} has no user`);
		const own = { signingKey: replica.publicKey, encryptionKey: user.unwrappingKey.publicKey, addresses: [] };
		const request = await (await fixture.creator.directory()).askServer(own, fixture.administrator);
		const { identity, keys } = await decodeTenantRequest(env.crypto, request);
		const kept = await KeptTenant.open(env, { identity, keys, unwrappingKey: user.unwrappingKey });
		return new RelayClient(options, kept, await createChannelIdentity(env, user.signingKey));
	}

	/** Takes over everything that the member's replica has. */
	async take(dbIds: readonly string[] = ["notes"]): Promise<void> {
		const { replica } = this.#options;
		await (await replica.directory()).db.pushChangesTo(await this.store("directory"));
		for (const dbId of dbIds) await (await replica.db(dbId)).pushChangesTo(await this.store(dbId));
	}

	/** Gives everything to the member's replica. */
	async give(dbIds: readonly string[] = ["notes"]): Promise<void> {
		const { replica } = this.#options;
		await (await replica.directory()).db.pullChangesFrom(await this.store("directory"));
		for (const dbId of dbIds) await (await replica.db(dbId)).pullChangesFrom(await this.store(dbId));
	}

	async store(dbId: string): Promise<SyncedStore["store"]> {
		const [synced] = (await this.kept.hostFor(openGate).open(dbId)) ?? [];
		if (synced === undefined) throw new Error("the client keeps no such database");
		return synced.store;
	}

	/** An authenticated connection, on which anything may be said. */
	async channel(): Promise<AuthenticatedDuplex> {
		const { env, fixture, transport, server } = this.#options;
		return openChannel(await transport.connect(), {
			role: "initiator",
			env,
			identity: this.#identity,
			tickets: this.#tickets,
			tenantRoot: fixture.identity.tenantRoot,
			...(server !== undefined && { expect: [server] }),
		});
	}

	/** Has the server keep the tenant, and the directory name it. */
	async bring(
		server: Omit<ServerDescription, "encryptionKey">,
		invitation?: Uint8Array,
	): Promise<{ readonly duplex: Duplex; readonly channel: AuthenticatedDuplex }> {
		const { fixture } = this.#options;
		const channel = await this.channel();
		const duplex = await askToKeep(channel, async (encryptionKey) => {
			const options = { ...fixture.administrator, ...(invitation !== undefined && { invitation }) };
			const directory = await fixture.creator.directory();
			await directory.addServer({ ...server, encryptionKey }, options);
			return directory.askServer({ ...server, encryptionKey }, options);
		});
		return { duplex, channel };
	}

	/** Begins a session. @param over a connection that is there; a new one without. */
	async begin(over?: { readonly duplex: Duplex; readonly channel: AuthenticatedDuplex }): Promise<RelaySession> {
		const { env, fixture, replica } = this.#options;
		const channel = over?.channel ?? (await this.channel());
		const { peer } = channel;
		const { tenantRoot } = fixture.identity;
		const session = new SyncSession({
			env,
			host: this.kept.hostFor(openGate),
			peer,
			initiator: true,
			onTicket: (ticket) => this.#tickets.remember({ ...ticket, ownKey: replica.publicKey, peer, tenantRoot }),
		});
		const endOffering = this.kept.onDatabase((dbId) => session.offer([dbId]));
		return { session, channel, ended: runSession(session, over?.duplex ?? channel).finally(endOffering) };
	}

	close(): Promise<void> {
		return this.kept.close();
	}
}

const openGate: SessionGate = { take: (_, put) => put(), declined: () => {} };
