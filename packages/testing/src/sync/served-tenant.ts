import type { Crypto, Env, MindooDB, StoreFactory, Transport } from "@mindoodb/core";
import { TenantFixture, type TestReplica } from "../tenant-fixture/tenant-fixture.js";
import { RelayClient } from "./relay-client.js";

export interface ServedTenantOptions {
	readonly env: Env;
	/** Makes the stores of one replica, or those of a client under its key. */
	readonly newStores: (crypto: Crypto, replica: string) => StoreFactory;
	/** The way to a server that runs. */
	readonly transport: Transport;
	/** Its public key. */
	readonly server: string;
	readonly seed?: number;
}

/** A tenant of Alice's, with Bob as a member, whose replicas speak with a server that runs. */
export class ServedTenant {
	readonly fixture: TenantFixture;
	readonly alice: TestReplica;
	readonly bob: TestReplica;
	/** The database "notes" at Alice's. */
	readonly notes: MindooDB;
	readonly #options: ServedTenantOptions;
	readonly #clients: RelayClient[] = [];

	private constructor(options: ServedTenantOptions, fixture: TenantFixture, bob: TestReplica, notes: MindooDB) {
		this.#options = options;
		this.fixture = fixture;
		this.alice = fixture.creator;
		this.bob = bob;
		this.notes = notes;
	}

	static async create(options: ServedTenantOptions): Promise<ServedTenant> {
		const { env, newStores, seed = 1 } = options;
		// Requests to a server tell the time.
		const fixture = await TenantFixture.create({ env, seed, creator: "alice", start: env.clock.now(), newStores });
		return new ServedTenant(options, fixture, await fixture.member("bob"), await fixture.creator.db());
	}

	get tenantRoot(): string {
		return this.fixture.identity.tenantRoot;
	}

	/** @param options `server`: another key than the server's is accepted; `transport`: another way. */
	async client(
		replica: TestReplica,
		{ server = this.#options.server, transport = this.#options.transport } = {},
	): Promise<RelayClient> {
		const env = {
			...this.#options.env,
			stores: this.#options.newStores(this.#options.env.crypto, `${replica.name}'s client`),
		};
		const client = await RelayClient.create({ env, fixture: this.fixture, replica, transport, server });
		this.#clients.push(client);
		return client;
	}

	/** Brings the tenant to the server, with all that Alice has. @returns her client. */
	async found(invitation?: Uint8Array): Promise<RelayClient> {
		const client = await this.client(this.alice);
		const over = await client.bring({ signingKey: this.#options.server, addresses: [] }, invitation);
		await client.take();
		const { session, ended } = await client.begin(over);
		await session.level();
		session.close();
		await ended;
		return client;
	}

	/** Bob's client, with the directory as Alice has it. */
	async bobsClient(): Promise<RelayClient> {
		await (await this.bob.directory()).db.pullChangesFrom((await this.alice.directory()).store);
		const client = await this.client(this.bob);
		await client.take([]);
		return client;
	}

	async close(): Promise<void> {
		for (const each of this.#clients.splice(0)) await each.close();
		await this.fixture.close();
	}
}
