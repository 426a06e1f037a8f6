import { type Accept, type Duplex, type Listener, type Transport, TransportError } from "@mindoodb/core";
import { type LineListener, MessageDuplex, type MessageLine } from "./message-duplex.js";
import type { TransportOptions } from "./transport-options.js";

/** Two ends of one connection inside this process, for tests and for replicas that live side by side. Bytes are handed over, not copied. */
export function memoryPair(options: TransportOptions): [Duplex, Duplex] {
	const [one, other] = [new MemoryLine(), new MemoryLine()];
	one.other = other;
	other.other = one;
	return [new MessageDuplex(one, options), new MessageDuplex(other, options)];
}

/** Accepts what its own `transport` connects, inside this process. */
export interface MemoryListener extends Listener {
	readonly transport: Transport;
}

export function listenInMemory(accept: Accept, options: TransportOptions): MemoryListener {
	let open = true;
	return {
		address: "memory:",
		transport: {
			kind: "memory",
			async connect({ signal } = {}) {
				signal?.throwIfAborted();
				if (!open) throw new TransportError("memory: nobody listens", { retryable: true });
				const [near, far] = memoryPair(options);
				accept(far);
				return near;
			},
		},
		async close() {
			open = false;
		},
	};
}

class MemoryLine implements MessageLine {
	readonly mostBytes = 262_144;
	other: MemoryLine | undefined;
	#listener: LineListener | undefined;

	listen(listener: LineListener): void {
		this.#listener = listener;
	}

	/** Delivered later, as by any wire: who sends is never called back before `send` has returned. */
	send(message: Uint8Array | string): void {
		const { other } = this;
		Promise.resolve().then(() => other?.take(message));
	}

	drop(): void {
		const { other } = this;
		this.#listener = undefined;
		this.other = undefined;
		Promise.resolve().then(() => other?.leave());
	}

	take(message: Uint8Array | string): void {
		this.#listener?.onMessage(message);
	}

	leave(): void {
		const listener = this.#listener;
		this.#listener = undefined;
		listener?.onGone();
	}
}
