import {
	BackOff,
	type ChannelIdentity,
	type Env,
	MindooError,
	nameOfError,
	openChannel,
	runSession,
	type SessionGate,
	SyncSession,
	TicketBook,
	type Transport,
} from "mindoodb";
import type { Logger } from "pino";
import { pause } from "../limits/token-bucket.js";
import type { ServerTenants } from "../tenants/server-tenants.js";

export interface MirrorOptions {
	readonly env: Env;
	/** With this server's own key, which each tenant's directory names. */
	readonly identity: ChannelIdentity;
	readonly publicKey: string;
	readonly tenants: ServerTenants;
	/** The way to the other server. */
	readonly transport: Transport;
	readonly logger: Logger;
}

/** A session that lasted this long counts as one that worked. */
const lasting = 60_000;

/**
 * Keeps this server level with another, tenant by tenant, for as long as it runs. Each of the two knows the other by the `server` documents
 * of the tenant's directory; one that they do not name is not spoken with.
 */
export class Mirror {
	readonly #options: MirrorOptions;
	readonly #tickets: TicketBook;
	readonly #ended = new AbortController();
	readonly #tenants = new Map<string, Promise<void>>();
	readonly #stopListening: () => void;

	private constructor(options: MirrorOptions) {
		this.#options = options;
		this.#tickets = new TicketBook(options.env);
		this.#stopListening = options.tenants.onKept((tenantRoot) => this.#add(tenantRoot));
	}

	static async start(options: MirrorOptions): Promise<Mirror> {
		const mirror = new Mirror(options);
		for (const tenantRoot of await options.tenants.list()) mirror.#add(tenantRoot);
		return mirror;
	}

	async close(): Promise<void> {
		this.#stopListening();
		this.#ended.abort();
		await Promise.all(this.#tenants.values());
	}

	#add(tenantRoot: string): void {
		if (!this.#ended.signal.aborted && !this.#tenants.has(tenantRoot))
			this.#tenants.set(tenantRoot, this.#keep(tenantRoot));
	}

	/** Never rejects. */
	async #keep(tenantRoot: string): Promise<void> {
		const { env, logger } = this.#options;
		const { signal } = this.#ended;
		const backOff = new BackOff(env.random, { first: 1000 });
		while (!signal.aborted) {
			const started = env.clock.now();
			let after = 0;
			try {
				after = await this.#level(tenantRoot);
			} catch (error) {
				if (signal.aborted) return;
				logger.warn(
					{ code: error instanceof MindooError ? error.code : "internal", error: nameOfError(error) },
					"mirror out of reach",
				);
			}
			if (env.clock.now() - started >= lasting) backOff.reset();
			await pause(env.clock, backOff.next(after), signal);
		}
	}

	/** One session. @returns milliseconds that the other side wants us to wait. */
	async #level(tenantRoot: string): Promise<number> {
		const { env, identity, publicKey, tenants, transport, logger } = this.#options;
		const { signal } = this.#ended;
		const tenant = await tenants.get(tenantRoot);
		const servers = tenant?.servers().flatMap(({ signingKey }) => (signingKey === publicKey ? [] : [signingKey])) ?? [];
		// Before the directory names the other one there is nobody to speak with.
		if (tenant === undefined || servers.length === 0) return 0;
		const duplex = await transport.connect({ signal });
		const channel = await openChannel(duplex, {
			...{ role: "initiator", env, identity, tickets: this.#tickets, tenantRoot, expect: servers, signal },
		});
		const { peer } = channel;
		const session = new SyncSession({
			env,
			host: tenant.hostFor(throughput),
			peer,
			initiator: true,
			onTicket: (ticket) => this.#tickets.remember({ ...ticket, ownKey: publicKey, peer, tenantRoot }),
		});
		const endOffering = tenant.onDatabase((dbId) => session.offer([dbId]));
		const end = () => session.close("shutdown", { retry: true });
		signal.addEventListener("abort", end);
		try {
			logger.info("mirror reached");
			const { reason, after } = await runSession(session, channel);
			logger.info({ reason }, "mirror left");
			return after;
		} finally {
			endOffering();
			signal.removeEventListener("abort", end);
			channel.abort();
		}
	}
}

/** What a server of the tenant's own brings is neither counted nor held back. */
const throughput: SessionGate = { take: (_, put) => put(), declined: () => {} };
