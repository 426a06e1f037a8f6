import { TransportError } from "../../errors.js";
import type { SyncSession } from "../session/sync-session.js";

export type SignalListener = (from: string, message: Uint8Array) => void;

/**
 * Small messages between members' devices that are connected to the same server, with which they find a way past it. The server sees them,
 * and could change them: who is at the other end of the way is proved by the channel over it.
 */
export class SessionSignals {
	readonly #sessions = new Set<SyncSession>();
	readonly #listeners = new Set<SignalListener>();

	/** @returns what is to be done when the session ends. */
	add(session: SyncSession): () => void {
		this.#sessions.add(session);
		return () => this.#sessions.delete(session);
	}

	/** @param to public key of a member, hex: all its devices that are connected get it. @throws {TransportError} without a connection. */
	async send(to: string, message: Uint8Array): Promise<void> {
		if (this.#sessions.size === 0) {
			throw new TransportError("signalling: expected a sync that is connected", { retryable: true });
		}
		for (const session of this.#sessions) session.sendSignal(to, message);
	}

	/** Told of what comes, and of the key that the server names as its sender. @returns a function that ends it. */
	onMessage(listener: SignalListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** For sessions. */
	receive(from: string, message: Uint8Array): void {
		for (const listener of this.#listeners) listener(from, message);
	}
}
