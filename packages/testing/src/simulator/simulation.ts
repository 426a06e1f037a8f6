import { MindooError } from "@mindoodb/core";
import type { Layout } from "./actions.js";
import { type Actor, restartDelay, type Surroundings } from "./actor.js";
import { Disk, includesBytes } from "./disk.js";
import { Ledger, wordPrefix } from "./ledger.js";
import { Machine } from "./machine.js";
import { Member } from "./member.js";
import { Network } from "./network.js";
import { Rolls } from "./rolls.js";
import { Server } from "./server.js";
import type { Template, TemplateMember } from "./template.js";
import { Violation } from "./violation.js";
import type { World } from "./world.js";

/** Milliseconds for which a machine may be without power. */
const longestOutage = 3000;
const marker = new TextEncoder().encode(wordPrefix);

/** Everybody in one world, and what they have been told. */
export class Simulation {
	readonly world: World;
	readonly layout: Layout;
	readonly template: Template;
	readonly network: Network;
	readonly ledger = new Ledger();
	readonly members: Member[] = [];
	readonly servers: Server[] = [];
	readonly rolls: Rolls;
	/** How often what has happened: a thing is counted when it had something to act on. */
	readonly happened = new Map<string, number>();
	/** What went wrong first. */
	failure: Violation | undefined;
	/** Looks at the disk of whoever has just crashed. */
	afterCrash: (crashed: Actor) => Promise<void> = async () => {};
	/** Whether a server was ever set back, or a relay lied: what it acknowledged may be gone. */
	setBack = false;
	readonly #around: Surroundings;
	#seed: number;

	constructor(template: Template, world: World, layout: Layout, seed: number) {
		this.template = template;
		this.world = world;
		this.layout = layout;
		this.rolls = new Rolls(seed);
		this.#seed = Math.imul(seed, 1_000_003);
		this.network = new Network(world, this.rolls.fork());
		this.network.slowest = layout.slowest;
		this.network.onBytes = (bytes) => {
			if (includesBytes(bytes, marker)) this.fail(new Violation("no disk and no wire carries plaintext", "on a wire"));
		};
		this.#around = {
			template,
			network: this.network,
			spawn: (what, work) => this.spawn(what, work),
			nextSeed: () => ++this.#seed,
		};
		const targetsOf = (name: string) => layout.links.flatMap(([from, to]) => (from === name ? [to] : []));
		for (const who of template.members.slice(0, layout.members)) this.#addMember(who, targetsOf(who.name));
		for (const who of template.servers.slice(0, layout.servers)) {
			const machine = new Machine(who.name, world, this.rolls.fork(), new Disk());
			machine.slowestWrite = layout.slowestWrite[1];
			const server = new Server(who, machine, targetsOf(who.name), this.#around);
			machine.onCrash = () => this.#crashed(server);
			this.servers.push(server);
		}
	}

	get actors(): readonly Actor[] {
		return [...this.members, ...this.servers];
	}

	/** The administrator. */
	get alice(): Member {
		return this.members[0] as Member;
	}

	/** Starts everybody's software. */
	start(): void {
		for (const actor of this.actors) this.boot(actor);
	}

	/** Somebody more. */
	join(who: TemplateMember): void {
		const [, target] = this.layout.links.at(-1) ?? ["", this.alice.name];
		this.boot(this.#addMember(who, [target]));
	}

	/** Starts software, again and again until it is up. */
	boot(actor: Actor): void {
		this.spawn(
			`${actor.name} boots`,
			actor.boot().catch((error: unknown) => {
				if (!(error instanceof MindooError) || error.code !== "store-io") throw error;
				this.world.after(restartDelay, () => this.boot(actor));
			}),
		);
	}

	/** Begins work that nobody waits for. */
	spawn(what: string, work: Promise<void>): void {
		work.catch((error: unknown) => this.fail(asViolation(what, error)));
	}

	/** From here on nothing fails any more. */
	stopFaults(): void {
		this.world.tell(() => "--- no more faults");
		this.network.healAll();
		for (const { machine } of this.actors) {
			machine.full = false;
			machine.crashIn = undefined;
			// Not everything that failed for want of room is done again before the next start.
			if (machine.wasFull) machine.crash();
		}
		for (const server of this.servers) if (server.lie !== undefined) server.replace();
	}

	/** Ends all processes as they are. */
	abandon(): void {
		for (const { machine } of this.actors) machine.process?.die();
	}

	count(what: string): void {
		this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
	}

	fail(violation: Violation): void {
		this.world.tell(() => `VIOLATION ${violation.message}`);
		this.failure ??= violation;
	}

	#addMember(who: TemplateMember, targets: readonly string[]): Member {
		const machine = new Machine(who.name, this.world, this.rolls.fork(), who.disk.copy());
		machine.slowestWrite = this.layout.slowestWrite[0];
		const member = new Member(who, machine, targets, this.#around);
		machine.onCrash = () => this.#crashed(member);
		this.members.push(member);
		return member;
	}

	#crashed(actor: Actor): void {
		this.count(actor instanceof Server ? "a server died" : "a member's device died");
		this.spawn(`after the crash of ${actor.name}`, this.afterCrash(actor));
		this.world.after(1 + this.rolls.below(longestOutage), () => this.boot(actor));
	}
}

export function asViolation(what: string, error: unknown): Violation {
	if (error instanceof Violation) return error;
	const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
	return new Violation("nothing fails in another way than it says", `${what}: ${text}`, error);
}
