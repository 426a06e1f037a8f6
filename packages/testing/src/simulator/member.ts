import {
	KeyBag,
	type MindooDB,
	MindooError,
	type MindooTenant,
	type SyncHandle,
	TenantFactory,
	toHex,
} from "@mindoodb/core";
import { type Actor, backOff, holdsEntry, type Surroundings } from "./actor.js";
import type { Machine, Process } from "./machine.js";
import { processEnv } from "./process-env.js";
import type { TemplateMember } from "./template.js";

/** Milliseconds after which a person begins a sync again that has ended. */
const patience = 30_000;

/** A person with a device, honest or not. */
export class Member implements Actor {
	readonly machine: Machine;
	readonly who: TemplateMember;
	readonly targets: readonly string[];
	readonly #around: Surroundings;
	#tenant: MindooTenant | undefined;
	readonly #handles = new Set<SyncHandle>();
	/** Entries that were promised to be here: what resolved to the user. By hash, the database. */
	readonly promised = new Map<string, string>();

	constructor(who: TemplateMember, machine: Machine, targets: readonly string[], around: Surroundings) {
		this.who = who;
		this.machine = machine;
		this.targets = targets;
		this.#around = around;
	}

	get name(): string {
		return this.who.name;
	}

	get publicKey(): string {
		return toHex(this.who.user.signingKey.publicKey);
	}

	get isUp(): boolean {
		return this.#tenant !== undefined && this.machine.process !== undefined;
	}

	/** `undefined` while the software is down. */
	get tenant(): MindooTenant | undefined {
		return this.isUp ? this.#tenant : undefined;
	}

	async boot(): Promise<void> {
		const { template, nextSeed, network } = this.#around;
		this.#tenant = undefined;
		const process = this.machine.boot();
		const env = await processEnv(process, template.env, nextSeed());
		const keyBag = KeyBag.fromBytes(env, this.who.keys);
		const { identity } = template;
		const tenant = await new TenantFactory(env).openTenant({ identity, keyBag, user: this.who.user });
		await tenant.openDB("notes", { snapshots: { changes: 3 } });
		this.#tenant = tenant;
		network.listen(process, (duplex) => {
			try {
				tenant.acceptSync(duplex);
			} catch (error) {
				if (!(error instanceof MindooError && error.code === "closed")) throw error;
			}
		});
		this.#handles.clear();
		for (const target of this.targets) this.connect(process, target);
	}

	/** Begins to sync, once more where it does already. */
	connect(process: Process, target: string): void {
		const tenant = this.#tenant;
		if (tenant === undefined || !process.alive) return;
		const handle = tenant.sync(this.#around.network.transport(process, target), { live: true, backOff });
		this.#handles.add(handle);
		const again = () => {
			this.#handles.delete(handle);
			// Whoever was sent away for good tries once more after a while: there may be a new grant.
			this.machine.world.after(patience, () => {
				if (this.#tenant === tenant) this.connect(process, target);
			});
		};
		handle.done.then(again, again);
	}

	async db(dbId = "notes"): Promise<MindooDB> {
		const tenant = this.tenant;
		if (tenant === undefined) throw new Error(`${this.name} is down`);
		return dbId === "directory" ? (await tenant.openDirectory()).db : tenant.openDB(dbId);
	}

	holds(dbId: string, hash: string): boolean {
		return holdsEntry(this.machine, this.#around.template.identity.tenantRoot, dbId, hash);
	}

	async close(): Promise<void> {
		const tenant = this.#tenant;
		this.#tenant = undefined;
		await tenant?.close();
	}
}
