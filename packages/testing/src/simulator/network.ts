import { type Accept, type Transport, TransportError } from "@mindoodb/core";
import { never, type Process } from "./machine.js";
import type { Rolls } from "./rolls.js";
import { Wire } from "./wire.js";
import type { World } from "./world.js";

interface Listening {
	readonly process: Process;
	readonly accept: Accept;
}

/** Connections between processes by the names of their machines: slow, cut, and made anew while the old one is not noticed to be gone. */
export class Network {
	readonly #world: World;
	readonly #rolls: Rolls;
	readonly #listening = new Map<string, Listening>();
	readonly #wires = new Map<Wire, string>();
	readonly #down = new Set<string>();
	/** Longest time that bytes are under way, milliseconds. */
	slowest = 40;
	/** Sees all bytes that are sent. */
	onBytes: (bytes: Uint8Array) => void = () => {};

	constructor(world: World, rolls: Rolls) {
		this.#world = world;
		this.#rolls = rolls;
	}

	/** Connections that have not ended on both sides. */
	get open(): number {
		return this.#wires.size;
	}

	listen(process: Process, accept: Accept): void {
		this.#listening.set(process.machine.name, { process, accept });
	}

	/** The way from a process to a machine. */
	transport(from: Process, to: string): Transport {
		return { kind: "simulated", connect: () => this.#connect(from, to) };
	}

	/** Ends all connections between two machines, and lets no other come about unless `again`. @returns whether there was one. */
	cut(one: string, other: string, { again = false, silent = false } = {}): boolean {
		const link = linkOf(one, other);
		if (!again) this.#down.add(link);
		const wires = [...this.#wires].filter(([, between]) => between === link);
		for (const [wire] of wires) wire.cut({ silent });
		return wires.length > 0;
	}

	/** Ends all connections; new ones can come about at once. */
	cutAll(): void {
		for (const wire of this.#wires.keys()) wire.cut();
	}

	/** @returns whether the way was closed. */
	heal(one: string, other: string): boolean {
		return this.#down.delete(linkOf(one, other));
	}

	healAll(): void {
		this.#down.clear();
	}

	async #connect(from: Process, to: string) {
		await this.#delay();
		const { name } = from.machine;
		const link = linkOf(name, to);
		const listening = this.#listening.get(to);
		if (!from.alive) return never;
		if (this.#down.has(link) || !listening?.process.alive) {
			throw new TransportError("simulated: nobody answers", { retryable: true });
		}
		const wire = new Wire(
			{
				world: this.#world,
				rolls: this.#rolls,
				slowest: this.slowest,
				onBytes: (bytes) => this.onBytes(bytes),
				onEnd: () => this.#wires.delete(wire),
			},
			from,
			listening.process,
		);
		this.#wires.set(wire, link);
		listening.accept(wire.ends[1]);
		return wire.ends[0];
	}

	#delay(): Promise<void> {
		return new Promise((resolve) => this.#world.after(this.#rolls.below(this.slowest + 1), resolve));
	}
}

function linkOf(one: string, other: string): string {
	return [one, other].sort().join(" ");
}
