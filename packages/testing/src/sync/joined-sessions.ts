import type { SyncSession } from "@mindoodb/core";

export interface JoinedCounts {
	/** Pieces of bytes that went from the first to the second session, and back. */
	readonly pieces: [number, number];
	readonly bytes: [number, number];
	/** How often the direction changed. */
	turns: number;
}

export interface JoinOptions {
	/** Bytes after which the connection breaks, in both directions together. */
	readonly cutAfter?: number;
	/** Changes what the first session sends on its way, or swallows it. */
	readonly onWay?: (bytes: Uint8Array, from: 0 | 1) => Uint8Array | undefined;
}

/** Two sessions with nothing between them. Nothing happens by itself but what the sessions do. */
export class JoinedSessions {
	readonly counts: JoinedCounts = { pieces: [0, 0], bytes: [0, 0], turns: 0 };
	readonly #sessions: readonly [SyncSession, SyncSession];
	readonly #options: JoinOptions;
	#last: 0 | 1 | undefined;
	#cut = false;

	constructor(first: SyncSession, second: SyncSession, options: JoinOptions = {}) {
		this.#sessions = [first, second];
		this.#options = options;
		first.onOutput(() => this.#carry(0));
		second.onOutput(() => this.#carry(1));
		first.start();
		second.start();
	}

	get wasCut(): boolean {
		return this.#cut;
	}

	/** Forgets what was counted. */
	reset(): void {
		this.counts.pieces.fill(0);
		this.counts.bytes.fill(0);
		this.counts.turns = 0;
		this.#last = undefined;
	}

	#carry(from: 0 | 1): void {
		const to = this.#sessions[from === 0 ? 1 : 0];
		// What is pushed in one go travels together.
		queueMicrotask(() => {
			for (
				let bytes = this.#sessions[from].takeOutput();
				bytes !== undefined;
				bytes = this.#sessions[from].takeOutput()
			) {
				if (this.#cut) continue;
				const { cutAfter = Number.POSITIVE_INFINITY, onWay = (sent) => sent } = this.#options;
				const sent = onWay(bytes, from);
				if (sent === undefined) continue;
				const room = cutAfter - this.counts.bytes[0] - this.counts.bytes[1];
				const arriving = sent.subarray(0, Math.max(0, room));
				this.counts.pieces[from]++;
				this.counts.bytes[from] += arriving.length;
				if (this.#last !== from) this.counts.turns++;
				this.#last = from;
				void to.receive(arriving);
				if (sent.length < room) continue;
				this.#cut = true;
				for (const session of this.#sessions) session.lost();
			}
		});
	}
}
