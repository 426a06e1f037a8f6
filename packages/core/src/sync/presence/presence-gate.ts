import type { Crypto } from "../../crypto/crypto.js";
import type { Clock } from "../../env.js";
import { FormatError } from "../../errors.js";
import { openPresence, type PresenceMessage, type PresencePlace } from "./presence-message.js";

export interface PresenceGateParts {
	readonly crypto: Crypto;
	readonly clock: Clock;
	readonly place: PresencePlace;
	/** Whether the directory grants a key now. */
	readonly isGranted: (publicKey: string) => boolean;
}

/** Instances whose counters are remembered; beyond that those heard of longest ago are forgotten. */
export const mostInstances = 4096;
/**
 * How far an author's clock may be off, milliseconds. Without that bound whoever carries messages could show again, later, what was said
 * by an instance that is forgotten here.
 */
export const mostSkew = 5 * 60_000;
/** Messages that an author may send at once, and in a second when it goes on. */
const burst = 60;
const perSecond = 20;

/** Lets through what is new, genuine and in measure. Used by replicas, and by servers before they pass a message on. */
export class PresenceGate {
	readonly #parts: PresenceGateParts;
	/** Latest counter by author and instance; the one heard of last stands last. */
	readonly #counters = new Map<string, number>();
	readonly #budgets = new Map<string, { left: number; at: number }>();

	constructor(parts: PresenceGateParts) {
		this.#parts = parts;
	}

	/** @returns the message, `undefined` for one that is to be dropped without a word. */
	async pass(bytes: Uint8Array): Promise<PresenceMessage | undefined> {
		const { crypto, clock, place, isGranted } = this.#parts;
		let message: PresenceMessage | undefined;
		try {
			message = await openPresence(crypto, bytes, place);
		} catch (error) {
			if (error instanceof FormatError) return undefined;
			throw error;
		}
		if (message === undefined || !isGranted(message.author)) return undefined;
		if (Math.abs(message.at - clock.now()) > mostSkew) return undefined;
		const instance = `${message.author}${message.instance}`;
		if (message.counter <= (this.#counters.get(instance) ?? 0) || !this.#mayPass(message.author)) return undefined;
		this.#counters.delete(instance);
		this.#counters.set(instance, message.counter);
		forgetOldest(this.#counters);
		return message;
	}

	#mayPass(author: string): boolean {
		const now = this.#parts.clock.now();
		const { left, at } = this.#budgets.get(author) ?? { left: burst, at: now };
		const budget = Math.min(burst, left + (Math.max(0, now - at) * perSecond) / 1000);
		this.#budgets.delete(author);
		this.#budgets.set(author, { left: budget >= 1 ? budget - 1 : budget, at: now });
		forgetOldest(this.#budgets);
		return budget >= 1;
	}
}

function forgetOldest(map: Map<string, unknown>): void {
	if (map.size <= mostInstances) return;
	const [oldest] = map.keys();
	map.delete(oldest as string);
}
