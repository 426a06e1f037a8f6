import {
	createChannelIdentity,
	type Duplex,
	type Env,
	KeptTenant,
	MindooError,
	openChannel,
	runSession,
	type SessionGate,
	SyncSession,
	TicketBook,
	toHex,
} from "@mindoodb/core";
import { type Actor, backOff, holdsEntry, type Surroundings } from "./actor.js";
import type { Disk } from "./disk.js";
import { type Lie, lyingHost } from "./lying-host.js";
import type { Machine, Process } from "./machine.js";
import { processEnv } from "./process-env.js";
import type { TemplateServer } from "./template.js";

/** Lets everything through: limits are the server package's. */
const openGate: SessionGate = { take: (_, put) => put(), declined: () => {} };

interface Running {
	readonly env: Env;
	readonly kept: KeptTenant;
	readonly identity: Awaited<ReturnType<typeof createChannelIdentity>>;
	readonly tickets: TicketBook;
}

/** A sync server: keeps the tenant without being able to read it. */
export class Server implements Actor {
	readonly machine: Machine;
	readonly who: TemplateServer;
	readonly targets: readonly string[];
	readonly #around: Surroundings;
	#running: Running | undefined;
	readonly #sessions = new Set<SyncSession>();
	readonly #conversations = new Set<Promise<void>>();
	#closing = false;
	/** What it makes of what it keeps, from the next session on. */
	lie: Lie | undefined;
	/** An older copy of its disk. */
	backup: Disk | undefined;

	constructor(who: TemplateServer, machine: Machine, targets: readonly string[], around: Surroundings) {
		this.who = who;
		this.machine = machine;
		this.targets = targets;
		this.#around = around;
	}

	get name(): string {
		return this.who.name;
	}

	get isUp(): boolean {
		return this.#running !== undefined && this.machine.process !== undefined;
	}

	get sessions(): number {
		return this.#sessions.size;
	}

	get kept(): KeptTenant | undefined {
		return this.isUp ? this.#running?.kept : undefined;
	}

	async boot(): Promise<void> {
		const { template, nextSeed, network } = this.#around;
		this.#running = undefined;
		this.#sessions.clear();
		this.#conversations.clear();
		const process = this.machine.boot();
		const env = await processEnv(process, template.env, nextSeed());
		const { keys, unwrappingKey, signingKey } = this.who;
		const kept = await KeptTenant.open(env, { identity: template.identity, keys, unwrappingKey });
		const identity = await createChannelIdentity(env, signingKey);
		const running = { env, kept, identity, tickets: new TicketBook(env) };
		this.#running = running;
		network.listen(process, (duplex) => this.#begin(this.#accept(running, duplex)));
		for (const target of this.targets) this.#begin(this.#mirror(process, running, target));
	}

	holds(dbId: string, hash: string): boolean {
		return holdsEntry(this.machine, this.#around.template.identity.tenantRoot, dbId, hash);
	}

	/** Ends all sessions, so that what it says from now on is said in new ones. */
	disconnect(): void {
		for (const each of this.#sessions) each.close("shutdown", { retry: true });
	}

	/** An honest one takes its place, under the same key: what a liar left out nobody asks it for again. */
	replace(): void {
		this.lie = undefined;
		this.machine.crash();
		this.machine.disk.tables.clear();
	}

	async close(): Promise<void> {
		this.#closing = true;
		this.disconnect();
		await Promise.all(this.#conversations);
		await this.#running?.kept.close();
		this.#running = undefined;
	}

	#begin(conversation: Promise<void>): void {
		this.#conversations.add(conversation);
		const end = () => this.#conversations.delete(conversation);
		conversation.then(end, end);
		this.#around.spawn(this.name, conversation);
	}

	async #accept({ env, kept, identity, tickets }: Running, duplex: Duplex): Promise<void> {
		const channel = await openChannel(duplex, { role: "responder", env, identity, tickets }).catch(onlyTyped);
		if (channel === undefined) return;
		const { peer, tenantRoot } = channel;
		const session = this.#session(env, kept, peer, false);
		const ownKey = toHex(identity.signingKey.publicKey);
		if (kept.standing(peer) !== "unknown") session.sendTicket(tickets.issue({ peer, tenantRoot, ownKey }));
		await this.#run(session, kept, channel);
	}

	/** Keeps level with another server. */
	async #mirror(process: Process, { env, kept, identity, tickets }: Running, target: string): Promise<void> {
		const transport = this.#around.network.transport(process, target);
		const { tenantRoot } = this.#around.template.identity;
		while (process.alive && !this.#closing) {
			const channel = await transport
				.connect()
				.then((duplex) => openChannel(duplex, { role: "initiator", env, identity, tickets, tenantRoot }))
				.catch(onlyTyped);
			if (channel !== undefined && !this.#closing) {
				const session = this.#session(env, kept, channel.peer, true);
				await this.#run(session, kept, channel);
			}
			channel?.abort();
			await new Promise<void>((resolve) => env.clock.after(backOff.most, resolve));
		}
	}

	async #run(
		session: SyncSession,
		kept: KeptTenant,
		channel: Pick<Duplex, "abort" | "close" | "incoming" | "send">,
	): Promise<void> {
		const endOffering = kept.onDatabase((dbId) => session.offer([dbId]));
		await runSession(session, channel).finally(endOffering);
		this.#sessions.delete(session);
	}

	#session(env: Env, kept: KeptTenant, peer: string, initiator: boolean): SyncSession {
		const honest = kept.hostFor(openGate);
		const host = this.who.hostOf?.(honest) ?? honest;
		const session = new SyncSession({ env, host: lyingHost(host, this.lie), peer, initiator });
		this.#sessions.add(session);
		return session;
	}
}

/** What is thrown on purpose ends one conversation; anything else is a fault. */
function onlyTyped(error: unknown): undefined {
	if (!(error instanceof MindooError)) throw error;
}
