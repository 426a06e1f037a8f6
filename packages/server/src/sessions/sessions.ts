import {
	type ChannelIdentity,
	type Duplex,
	dismiss,
	type Env,
	greet,
	isKnown,
	type KeptTenant,
	MindooError,
	nameOfError,
	openChannel,
	runSession,
	type SessionEnd,
	SyncSession,
	TicketBook,
	TransportError,
	toHex,
} from "mindoodb";
import type { Logger } from "pino";
import type { ServerKeys } from "../keys/server-keys.js";
import { RatesOfKeys } from "../limits/key-rates.js";
import { addressGroup, Places } from "../limits/places.js";
import type { ServerLimits } from "../limits/server-limits.js";
import type { TenantStorage } from "../limits/tenant-storage.js";
import { pause, TokenBucket } from "../limits/token-bucket.js";
import type { Metrics, RefusalReason } from "../operations/metrics.js";
import type { ServerTenants } from "../tenants/server-tenants.js";
import { CountingGate } from "./counting-gate.js";
import { GuardedDuplex } from "./guarded-duplex.js";

export interface SessionsContext {
	readonly env: Env;
	readonly keys: ServerKeys;
	readonly identity: ChannelIdentity;
	readonly tenants: ServerTenants;
	readonly storage: TenantStorage;
	readonly limits: ServerLimits;
	readonly metrics: Metrics;
	readonly logger: Logger;
}

/** A greeting may take this many times as long as a handshake. */
const greetingTimes = 3;

/** A session that is under way. */
interface Running {
	readonly tenantRoot: string;
	readonly session: SyncSession;
	readonly tenant: KeptTenant;
	/** Public key, hex. */
	readonly peer: string;
}

/** All connections of a server: from the first byte, through both proofs, to the end of the session. */
export class Sessions {
	readonly #context: SessionsContext;
	readonly #tickets: TicketBook;
	readonly #rates: RatesOfKeys;
	readonly #all: Places;
	readonly #addresses: Places;
	readonly #keys: Places;
	readonly #connections = new Map<GuardedDuplex, Promise<void>>();
	readonly #running = new Set<Running>();
	#closing = false;

	constructor(context: SessionsContext) {
		this.#context = context;
		const { env, limits } = context;
		this.#tickets = new TicketBook(env);
		this.#rates = new RatesOfKeys(env.clock, limits);
		this.#all = new Places(limits.sessions);
		this.#addresses = new Places(limits.sessionsPerAddress);
		this.#keys = new Places(limits.sessionsPerKey);
	}

	get isClosing(): boolean {
		return this.#closing;
	}

	/** Whether a connection from there is worth an answer. */
	admits(remoteAddress: string | undefined): boolean {
		if (this.#closing) return false;
		const reason = this.#all.isFull("") ? "sessions" : "sessions-of-address";
		if (reason === "sessions-of-address" && !this.#addresses.isFull(addressGroup(remoteAddress))) return true;
		this.#context.metrics.refused(reason);
		return false;
	}

	/** Takes a connection over. Never throws. */
	accept(duplex: Duplex): void {
		const { env, limits, metrics } = this.#context;
		const places = [this.#all.take(""), this.#addresses.take(addressGroup(duplex.remoteAddress))];
		const leave = () => {
			for (const each of places) each?.();
		};
		if (this.#closing || places.includes(undefined)) {
			leave();
			duplex.abort();
			return;
		}
		const guarded = new GuardedDuplex(duplex, {
			clock: env.clock,
			idleTime: limits.idleTime,
			stalledTime: limits.stalledTime,
			onBytes: (direction, bytes) => metrics.bytes.inc({ direction }, bytes),
			onSilence: (kind) => metrics.refused(kind),
		});
		const done = this.#serve(guarded).finally(() => {
			leave();
			guarded.abort();
			this.#connections.delete(guarded);
		});
		this.#connections.set(guarded, done);
	}

	/** Sends everybody away: what is under way becomes durable and is acknowledged, as far as that takes no longer than `shutdownTime`. */
	async close(): Promise<void> {
		this.#closing = true;
		const { env, limits } = this.#context;
		for (const { session } of this.#running) {
			void session.rest().then(() => session.close("shutdown", { retry: true, after: this.#spread() }));
		}
		const given = new AbortController();
		const late = pause(env.clock, limits.shutdownTime, given.signal).then(() => {
			for (const each of this.#connections.keys()) each.abort();
		});
		await Promise.all(this.#connections.values());
		given.abort();
		await late;
	}

	/** Milliseconds after which a client had better come again: not all at once. */
	#spread(): number {
		const [byte = 0] = this.#context.env.random.randomBytes(1);
		return 500 + byte * 20;
	}

	/** One connection. Never rejects. */
	async #serve(guarded: GuardedDuplex): Promise<void> {
		const { env, metrics } = this.#context;
		const logger = this.#context.logger.child({ session: toHex(env.random.randomBytes(4)) });
		const started = env.clock.now();
		try {
			const end = await this.#converse(guarded, logger);
			metrics.sessionSeconds.observe((env.clock.now() - started) / 1000);
			logger.info({ reason: end.reason, byPeer: end.byPeer }, "session ended");
		} catch (error) {
			const reason = error instanceof Refused ? error.reason : "handshake";
			metrics.refused(reason);
			const code = error instanceof MindooError ? error.code : "internal";
			logger.info({ reason, code, error: nameOfError(error) }, "connection refused");
		}
	}

	async #converse(guarded: GuardedDuplex, logger: Logger): Promise<SessionEnd> {
		const { env, identity, keys, limits, metrics, tenants } = this.#context;
		const started = env.clock.now();
		const timeLimit = limits.handshakeTime;
		const options = { role: "responder", env, identity, tickets: this.#tickets, timeLimit } as const;
		const channel = await openChannel(guarded, options);
		const { peer, tenantRoot } = channel;
		const leave = this.#keys.take(peer);
		if (leave === undefined) {
			await dismiss(channel, { reason: "limit", retry: true, after: 60_000 });
			throw new Refused("sessions-of-key");
		}
		const ended = new AbortController();
		// Whoever proved a key says something soon, though wrapping a key for the server may take a while.
		const cancel = env.clock.after(greetingTimes * timeLimit, () => guarded.abort());
		try {
			const rates = this.#rates.of(peer);
			guarded.limitBy(rates.bytes);
			const duplex = await greet(channel, {
				encryptionKey: keys.unwrappingKey.publicKey,
				keep: async (request) => {
					await tenants.create(tenantRoot, request);
					logger.info("a tenant is kept from now on");
				},
			}).catch((cause: unknown) => {
				throw new Refused(cause instanceof TransportError ? "handshake" : "policy", cause);
			});
			cancel();
			metrics.handshakeSeconds.observe((env.clock.now() - started) / 1000);
			const tenant = await tenants.get(tenantRoot);
			if (tenant === undefined) {
				await dismiss(duplex, { reason: "unknown" });
				throw new Refused("tenant");
			}
			const { clock } = env;
			const gate = new CountingGate({
				...{ clock, metrics, tenantRoot, storage: this.#context.storage },
				rate: rates.entries,
				signal: ended.signal,
			});
			const short = new TokenBucket(clock, limits.presence);
			const session = new SyncSession({
				env,
				host: tenant.hostFor(gate),
				peer,
				initiator: false,
				onPresence: (dbId, message) => {
					if (short.take(1) === 0) void this.#pass({ tenantRoot, session, tenant, peer }, dbId, message);
				},
				onSignal: (to, message) => {
					if (short.take(1) === 0) this.#signal({ tenantRoot, session, tenant, peer }, to, message);
				},
			});
			const running = { tenantRoot, session, tenant, peer };
			this.#running.add(running);
			const endOffering = tenant.onDatabase((dbId) => session.offer([dbId]));
			metrics.sessions.inc();
			metrics.sessionsStarted.inc();
			try {
				logger.info({ standing: tenant.standing(peer), resumed: channel.resumed }, "session began");
				if (tenant.standing(peer) !== "unknown") session.sendTicket(this.#tickets.issue(channelHolders(channel, keys)));
				if (this.#closing) session.close("shutdown", { retry: true, after: this.#spread() });
				return await runSession(session, duplex);
			} finally {
				endOffering();
				this.#running.delete(running);
				metrics.sessions.dec();
			}
		} finally {
			cancel();
			ended.abort();
			leave();
		}
	}

	/** Short-lived messages that are genuine go to the sessions of the tenant's other members. */
	async #pass(from: Running, dbId: string, message: Uint8Array): Promise<void> {
		if (!(await from.tenant.isPresence(dbId, message))) return;
		for (const { session, tenantRoot, tenant, peer } of this.#running) {
			if (session === from.session || tenantRoot !== from.tenantRoot) continue;
			if (isKnown(tenant.standing(peer))) session.sendPresence(dbId, message);
		}
	}

	/** What helps two members to find a way to each other. */
	#signal(from: Running, to: string, message: Uint8Array): void {
		if (from.tenant.standing(from.peer) !== "member") return;
		for (const { session, tenantRoot, tenant, peer } of this.#running) {
			if (peer !== to || session === from.session || tenantRoot !== from.tenantRoot) continue;
			if (tenant.standing(peer) === "member") session.sendSignal(from.peer, message);
		}
	}
}

function channelHolders({ peer, tenantRoot }: { peer: string; tenantRoot: string }, keys: ServerKeys) {
	return { ownKey: keys.publicKey, peer, tenantRoot };
}

/** Somebody who was turned away before a session. */
class Refused extends Error {
	readonly reason: RefusalReason;

	constructor(reason: RefusalReason, cause?: unknown) {
		super("refused", { cause });
		this.name = "Refused";
		this.reason = reason;
	}
}
