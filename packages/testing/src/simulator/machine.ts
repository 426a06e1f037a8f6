import type { Clock } from "@mindoodb/core";
import type { Disk } from "./disk.js";
import type { Rolls } from "./rolls.js";
import type { World } from "./world.js";

/** Time at which every clock stands when the world begins, milliseconds since 1970. */
export const worldStart = 1_700_000_000_000;

/** A machine: a disk, a clock that may be wrong, and at most one process. */
export class Machine {
	readonly name: string;
	readonly world: World;
	readonly rolls: Rolls;
	readonly disk: Disk;
	/** How far its clock is ahead, milliseconds. */
	skew = 0;
	/** Whether writes fail for want of room. */
	full = false;
	/** Whether they ever did. */
	wasFull = false;
	/** Longest time that a write takes, milliseconds. */
	slowestWrite = 3;
	/** Writes until the power goes; `undefined` when it does not. */
	crashIn: number | undefined;
	process: Process | undefined;
	/** Told when the power has gone, and the disk is as the next process will find it. */
	onCrash = () => {};

	constructor(name: string, world: World, rolls: Rolls, disk: Disk) {
		this.name = name;
		this.world = world;
		this.rolls = rolls;
		this.disk = disk;
	}

	/** Its own clock, milliseconds since 1970. */
	time(): number {
		return Math.max(0, worldStart + Math.floor(this.world.now) + this.skew);
	}

	boot(): Process {
		this.process?.die();
		this.process = new Process(this);
		return this.process;
	}

	/** The power goes. */
	crash(): void {
		this.crashIn = undefined;
		if (this.process === undefined) return;
		this.world.tell(() => `${this.name}: loses power`);
		this.process.die();
		this.process = undefined;
		this.disk.crash((unsynced) => this.rolls.below(unsynced + 1));
		this.onCrash();
	}
}

/** What a process that is no more waits for. */
export const never = new Promise<never>(() => {});

/** One run of the software on a machine. When it dies it does nothing any more, and tells nobody. */
export class Process {
	readonly machine: Machine;
	#alive = true;
	readonly #onDeath = new Set<() => void>();
	/** Stores that it has open. */
	openStores = 0;
	/** Timers that it has set and that are still to come. */
	timers = 0;
	/** Connections of its own that have not ended. */
	connections = 0;

	constructor(machine: Machine) {
		this.machine = machine;
	}

	get alive(): boolean {
		return this.#alive;
	}

	/** Ends it as a power cut does. */
	die(): void {
		if (!this.#alive) return;
		this.#alive = false;
		for (const each of [...this.#onDeath]) each();
	}

	onDeath(listener: () => void): () => void {
		this.#onDeath.add(listener);
		return () => this.#onDeath.delete(listener);
	}

	/** The machine's clock, with timers of this process. */
	clock(): Clock {
		const { machine } = this;
		return {
			now: () => machine.time(),
			after: (delay, task) => {
				this.timers++;
				let waiting = true;
				const end = () => {
					if (waiting) this.timers--;
					waiting = false;
				};
				const cancel = machine.world.after(delay, () => {
					end();
					if (this.#alive) task();
				});
				return () => {
					end();
					cancel();
				};
			},
		};
	}
}
