import type {
	Crypto,
	Duplex,
	EntryExplanation,
	Env,
	MindooDB,
	StoreFactory,
	SyncHandle,
	Transport,
} from "@mindoodb/core";
import { type AliceAndBob, aliceAndBob } from "../tenant-fixture/alice-and-bob.js";
import type { TestReplica } from "../tenant-fixture/tenant-fixture.js";
import { HostileServer } from "./hostile-server.js";

type Accept = (duplex: Duplex) => void;

export interface HostileSceneOptions {
	readonly env: Env;
	readonly newStores: (crypto: Crypto) => StoreFactory;
	/** Takes connections under an address. */
	readonly listen: (accept: Accept) => Promise<{ readonly address: string; close(): Promise<void> }>;
	readonly listenInMemory: (
		accept: Accept,
		options: { readonly clock: Env["clock"] },
	) => { readonly transport: Transport };
}

/** Alice, Bob, and a server that means ill, which both were told of. */
export class HostileScene {
	readonly tenant: AliceAndBob;
	readonly server: HostileServer;
	readonly address: string;
	readonly #options: HostileSceneOptions;
	readonly #closing: (() => Promise<unknown>)[] = [];

	private constructor(options: HostileSceneOptions, tenant: AliceAndBob, server: HostileServer, address: string) {
		this.#options = options;
		this.tenant = tenant;
		this.server = server;
		this.address = address;
	}

	static async create(options: HostileSceneOptions): Promise<HostileScene> {
		const { env, newStores, listen } = options;
		const tenant = await aliceAndBob({ env, newStores });
		const server = await HostileServer.create({ env, newStores, fixture: tenant.fixture });
		const listener = await listen(server.accept);
		const scene = new HostileScene(options, tenant, server, listener.address);
		scene.closeWith(
			() => server.close(),
			() => listener.close(),
			() => tenant.fixture.close(),
		);
		await server.join([listener.address]);
		await scene.hearOf(tenant.bob);
		return scene;
	}

	/** Alice's. */
	get notes(): MindooDB {
		return this.tenant.notes;
	}

	/** Brings a replica Alice's directory over a way that the server has no part in. */
	async hearOf(replica: TestReplica): Promise<void> {
		await (await replica.directory()).db.pullChangesFrom((await this.tenant.alice.directory()).store);
	}

	/** As a member does, and waits for it to be done. */
	async sync(replica: TestReplica): Promise<SyncHandle> {
		const handle = replica.tenant.sync(this.address);
		await handle.done;
		return handle;
	}

	/** Two members' devices beside each other. */
	async meet(one: TestReplica, other: TestReplica): Promise<void> {
		const { env, listenInMemory } = this.#options;
		const { transport } = listenInMemory((duplex) => void one.tenant.acceptSync(duplex), { clock: env.clock });
		await other.tenant.sync(transport).done;
	}

	/** Titles of all notes, sorted. */
	async titles(replica: TestReplica): Promise<unknown[]> {
		const found: unknown[] = [];
		for await (const doc of (await replica.db()).iterateDocuments()) found.push(doc.getData().title);
		return found.sort();
	}

	/** @returns the hash of the entry. */
	async retitle(db: MindooDB, id: string, title: string): Promise<string> {
		const before = new Set(await db.store.getAllHashes());
		await db.changeDoc(id, (draft) => {
			draft.title = title;
		});
		return (await db.store.getAllHashes()).find((hash) => !before.has(hash)) as string;
	}

	async verdictOf(replica: TestReplica, hash: string): Promise<EntryExplanation> {
		return (await (await replica.db()).explain(hash)) as EntryExplanation;
	}

	/** Closes something more, before the rest. */
	closeWith(...closes: readonly (() => Promise<unknown>)[]): void {
		this.#closing.unshift(...closes);
	}

	async close(): Promise<void> {
		for (const close of this.#closing) await close();
	}
}
