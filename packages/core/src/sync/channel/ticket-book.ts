import { toHex } from "../../bytes/hex.js";
import type { Random } from "../../crypto/crypto.js";
import type { Clock } from "../../env.js";
import { ticketIdLength } from "./preamble.js";

/** What lets two sides that have proved their keys to each other begin their next channel without proofs. For one use. */
export interface Ticket {
	/** 16 random bytes, sent in clear. */
	readonly id: Uint8Array;
	/** 32 random bytes, sent inside a channel alone. */
	readonly secret: Uint8Array;
	/** Signing key of this side, hex. */
	readonly ownKey: string;
	/** Signing key of the other side, hex. */
	readonly peer: string;
	readonly tenantRoot: string;
}

/** Between whom a ticket is good. */
export type TicketHolders = Pick<Ticket, "ownKey" | "peer" | "tenantRoot">;

export interface TicketBookOptions {
	/** Tickets of each kind, issued and remembered; the oldest go first. @default 10_000, some 4 MB */
	readonly most?: number;
}

interface Kept {
	readonly ticket: Ticket;
	readonly since: number;
}

/** Milliseconds that a ticket lasts. */
const lifetime = 24 * 60 * 60 * 1000;
const secretLength = 32;

/**
 * The tickets of one process, in memory alone: those that it issued as responder and those that it was given as initiator. A ticket does
 * not say that the peer is still a member; whoever takes one up asks the directory again.
 */
export class TicketBook {
	readonly #random: Random;
	readonly #clock: Clock;
	readonly #most: number;
	/** By id in hex, the oldest first. */
	readonly #issued = new Map<string, Kept>();
	readonly #remembered = new Map<string, Kept>();

	constructor(env: { readonly random: Random; readonly clock: Clock }, { most = 10_000 }: TicketBookOptions = {}) {
		this.#random = env.random;
		this.#clock = env.clock;
		this.#most = most;
	}

	/** A new ticket for the other side of an established channel, which is to be sent inside it. */
	issue(holders: TicketHolders): Ticket {
		const ticket = {
			...holders,
			id: this.#random.randomBytes(ticketIdLength),
			secret: this.#random.randomBytes(secretLength),
		};
		this.#keep(this.#issued, ticket);
		return ticket;
	}

	/** What `issue` gave under this id and key, once. */
	redeem(id: Uint8Array, ownKey: string): Ticket | undefined {
		return this.#take(this.#issued, toHex(id), ownKey);
	}

	/** Keeps what the other side of an established channel issued. Ids and secrets of another length are not kept. */
	remember(ticket: Ticket): void {
		if (ticket.id.length !== ticketIdLength || ticket.secret.length !== secretLength) return;
		this.#keep(this.#remembered, ticket);
	}

	/**
	 * The newest ticket for a channel to one of these peers, once.
	 * @param peers hex; `undefined` for any.
	 */
	recall(ownKey: string, tenantRoot: string, peers: readonly string[] | undefined): Ticket | undefined {
		for (const [id, { ticket }] of [...this.#remembered].reverse()) {
			if (ticket.ownKey !== ownKey || ticket.tenantRoot !== tenantRoot) continue;
			if (peers?.includes(ticket.peer) === false) continue;
			const taken = this.#take(this.#remembered, id, ownKey);
			if (taken !== undefined) return taken;
		}
		return undefined;
	}

	#keep(book: Map<string, Kept>, ticket: Ticket): void {
		book.set(toHex(ticket.id), { ticket, since: this.#clock.now() });
		for (const [id, kept] of book) {
			if (book.size <= this.#most && this.#lasts(kept)) break;
			book.delete(id);
		}
	}

	#take(book: Map<string, Kept>, id: string, ownKey: string): Ticket | undefined {
		const kept = book.get(id);
		book.delete(id);
		return kept !== undefined && kept.ticket.ownKey === ownKey && this.#lasts(kept) ? kept.ticket : undefined;
	}

	/** A clock that was set back does not make a ticket younger than it is. */
	#lasts({ since }: Kept): boolean {
		const age = this.#clock.now() - since;
		return age >= 0 && age < lifetime;
	}
}
