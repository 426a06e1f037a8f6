import type { Machine } from "./machine.js";
import type { Network } from "./network.js";
import type { Template } from "./template.js";

/** What everybody in a simulated world has to do with. */
export interface Surroundings {
	readonly template: Template;
	readonly network: Network;
	/** Begins work that nobody waits for; what it throws ends the run. */
	readonly spawn: (what: string, work: Promise<void>) => void;
	/** Seeds of processes. */
	readonly nextSeed: () => number;
}

/** Somebody with a machine, on which the software runs whenever there is power. */
export interface Actor {
	readonly name: string;
	readonly machine: Machine;
	/** Machines that it connects to by itself. */
	readonly targets: readonly string[];
	/** Whether the software is up. */
	readonly isUp: boolean;
	/** Starts the software anew. */
	boot(): Promise<void>;
	/** Ends the software in good order. */
	close(): Promise<void>;
	/** Whether the disk holds an entry. */
	holds(dbId: string, hash: string): boolean;
}

/** Milliseconds after which software that could not start is started again. */
export const restartDelay = 500;

/** How connections are tried again, milliseconds. */
export const backOff = { first: 50, most: 5000 };

/** Whether the disk of a machine holds an entry, whoever runs on it. Source: packages/core/src/store/row-keys.ts, tag 11. */
export function holdsEntry(machine: Machine, tenantRoot: string, dbId: string, hash: string): boolean {
	const key = Uint8Array.of(0x11, ...Buffer.from(hash.slice(0, 48), "hex"));
	return (["documents", "attachments"] as const).some(
		(purpose) => machine.disk.tables.get(JSON.stringify([tenantRoot, dbId, purpose]))?.get(key) !== undefined,
	);
}
