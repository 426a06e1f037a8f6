import {
	type Certificate,
	type Clock,
	createChannelIdentity,
	type Env,
	type Transport,
	upgradeWebSockets,
} from "mindoodb";
import type { Logger } from "pino";
import type { AnnouncedStores } from "./bus/announced-stores.js";
import { isLoopback, type ListenAddress } from "./config/listen-address.js";
import type { ServerKeys } from "./keys/server-keys.js";
import { defaultServerLimits, type ServerLimits } from "./limits/server-limits.js";
import { type StorageMeter, TenantStorage } from "./limits/tenant-storage.js";
import { Mirror } from "./mirror/mirror.js";
import { operationsListener } from "./operations/http.js";
import { HttpPort } from "./operations/http-port.js";
import { Metrics } from "./operations/metrics.js";
import { Sessions } from "./sessions/sessions.js";
import type { AdmissionPolicy } from "./tenants/admission-policy.js";
import { OtherProcesses } from "./tenants/other-processes.js";
import { ServerTenants } from "./tenants/server-tenants.js";
import type { TenantRegistry } from "./tenants/tenant-registry.js";

/** Milliseconds. */
const answerTime = 2000;

export interface SyncServerOptions {
	/** With the stores of all tenants. */
	readonly env: Env;
	readonly keys: ServerKeys;
	readonly registry: TenantRegistry;
	/** Whose tenants it takes. */
	readonly policy: AdmissionPolicy;
	readonly meter: StorageMeter;
	readonly listen: ListenAddress;
	/** Where `/metrics` answers, over plain HTTP, instead of at `listen`. @default at `listen` if only this computer reaches it, else nowhere */
	readonly metrics?: ListenAddress | undefined;
	/** @default plain `ws:` */
	readonly certificate?: Certificate | undefined;
	readonly limits?: Partial<ServerLimits> | undefined;
	/** The way to another server to keep level with. @default none */
	readonly mirror?: Transport | undefined;
	/** The stores of `env`, where other processes share them. @default they are this process's alone */
	readonly announced?: AnnouncedStores | undefined;
	/** Rejects while the stores are out of reach. @default they always are within */
	readonly reachable?: (() => Promise<void>) | undefined;
	readonly logger: Logger;
}

/** A sync server: WebSocket and what operators ask over HTTP. It keeps ciphertext and knows who is a member; no more. */
export class SyncServer {
	/** Where it listens: `ws://host:port`. */
	readonly address: string;
	/** Where its figures are read, `http://host:port/metrics`; `undefined` when nowhere. */
	readonly metricsAddress: string | undefined;
	/** What clients accept it by, 64 hex digits. */
	readonly publicKey: string;
	readonly tenants: ServerTenants;
	readonly #port: HttpPort;
	readonly #metricsPort: HttpPort | undefined;
	readonly #sessions: Sessions;
	readonly #stopUpgrading: () => void;
	readonly #mirror: Mirror | undefined;
	readonly #others: OtherProcesses | undefined;
	#closing: Promise<void> | undefined;

	private constructor(
		options: SyncServerOptions,
		parts: {
			readonly port: HttpPort;
			readonly metricsPort: HttpPort | undefined;
			readonly sessions: Sessions;
			readonly tenants: ServerTenants;
			readonly stopUpgrading: () => void;
			readonly mirror: Mirror | undefined;
			readonly others: OtherProcesses | undefined;
		},
	) {
		this.address = parts.port.address(options.listen, "ws");
		const figures = isShownHere(options)
			? parts.port.address(options.listen, "http")
			: options.metrics && parts.metricsPort?.address(options.metrics, "http");
		this.metricsAddress = figures && `${figures}/metrics`;
		this.publicKey = options.keys.publicKey;
		this.tenants = parts.tenants;
		this.#port = parts.port;
		this.#metricsPort = parts.metricsPort;
		this.#sessions = parts.sessions;
		this.#stopUpgrading = parts.stopUpgrading;
		this.#mirror = parts.mirror;
		this.#others = parts.others;
	}

	/** @throws {TransportError} when it cannot listen there. @throws {UsageError} on a certificate that cannot be used. */
	static async start(options: SyncServerOptions): Promise<SyncServer> {
		const { env, keys, registry, policy, meter, listen, certificate, logger } = options;
		const limits = { ...defaultServerLimits, ...options.limits };
		const tenants = new ServerTenants({ env, keys, registry, policy, mostDatabases: limits.databasesPerTenant });
		const metrics = new Metrics({ storeBytes: () => meter.bytes(), tenants: () => tenants.size });
		const storage = new TenantStorage({ meter, clock: env.clock, most: limits.bytesPerTenant });
		const identity = await createChannelIdentity(env, keys.signingKey);
		const sessions = new Sessions({ env, keys, identity, tenants, storage, limits, metrics, logger });
		const ready = async () => !sessions.isClosing && (await isReached(options.reachable, env.clock));
		const { handshakeTime } = limits;
		const answer = operationsListener({ metrics: isShownHere(options) ? metrics.registry : undefined, ready });
		const port = new HttpPort({ certificate, handshakeTime, answer });
		const figures = operationsListener({ metrics: metrics.registry, ready });
		const metricsPort = options.metrics && new HttpPort({ certificate: undefined, handshakeTime, answer: figures });
		const stopUpgrading = upgradeWebSockets(port.server, (duplex) => sessions.accept(duplex), {
			clock: env.clock,
			admit: (remoteAddress) => sessions.admits(remoteAddress),
		});
		if (options.metrics !== undefined) await metricsPort?.listen(options.metrics);
		try {
			await port.listen(listen);
		} catch (error) {
			metricsPort?.stop();
			throw error;
		}
		const { announced } = options;
		const others = announced && new OtherProcesses({ stores: announced, tenants, clock: env.clock, log: env.log });
		const mirroring = { env, identity, publicKey: keys.publicKey, tenants, logger };
		const mirror = options.mirror && (await Mirror.start({ ...mirroring, transport: options.mirror }));
		return new SyncServer(options, { port, metricsPort, sessions, tenants, stopUpgrading, mirror, others });
	}

	/** New connections are met with this certificate; those that are open stay. @throws {UsageError} */
	setCertificate(certificate: Certificate): void {
		this.#port.setCertificate(certificate);
	}

	/** Takes no more connections, tells those that are open to come again, and resolves when everything is durable and closed. */
	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async #close(): Promise<void> {
		this.#port.stop();
		await Promise.all([this.#mirror?.close(), this.#sessions.close()]);
		this.#stopUpgrading();
		await this.#others?.close();
		await this.tenants.close();
		this.#metricsPort?.stop();
		for (const port of [this.#port, this.#metricsPort]) port?.close();
	}
}

/** Whether `/metrics` answers at the port of the sessions. */
function isShownHere({ listen, metrics }: SyncServerOptions): boolean {
	return metrics === undefined && isLoopback(listen.host);
}

/** Whether the stores answer within a time that whoever asks for readiness waits. */
function isReached(reachable: (() => Promise<void>) | undefined, clock: Clock): Promise<boolean> {
	if (reachable === undefined) return Promise.resolve(true);
	return new Promise((resolve) => {
		const cancel = clock.after(answerTime, () => resolve(false));
		reachable()
			.then(
				() => resolve(true),
				() => resolve(false),
			)
			.finally(cancel);
	});
}
