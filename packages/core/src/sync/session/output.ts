import { concatBytes } from "../../bytes/concat.js";

/** Bytes that are given away together. */
const pieceBytes = 64 * 1024;

/** What waits for the other side to read it, in order; behind it what is made when nothing else waits. */
export class Output {
	readonly #frames: Uint8Array[] = [];
	readonly #held: Uint8Array[] = [];
	readonly #most: number;
	readonly #more: () => Uint8Array | undefined;
	#bytes = 0;
	#onOutput: (() => void) | undefined;
	/** Told when there is room again. */
	readonly #waiting = new Set<() => void>();

	/** @param more makes what goes out when nothing waits. */
	constructor(most: number, more: () => Uint8Array | undefined) {
		this.#most = most;
		this.#more = more;
	}

	/** Bytes that wait. */
	get size(): number {
		return this.#bytes;
	}

	/** Whether there is so much that nothing is to be added that can be put off. */
	get full(): boolean {
		return this.#bytes >= this.#most;
	}

	push(frame: Uint8Array): void {
		for (const each of [...this.#held.splice(0), frame]) {
			this.#frames.push(each);
			this.#bytes += each.length;
		}
		this.#onOutput?.();
	}

	/** For what is worth no message of its own: it goes out before the next frame, and with it. */
	hold(frame: Uint8Array): void {
		this.#held.push(frame);
	}

	/** @returns what goes out next, small frames together; `undefined` when there is nothing. */
	take(): Uint8Array | undefined {
		let count = 0;
		let bytes = 0;
		for (const { length } of this.#frames) {
			if (count > 0 && bytes + length > pieceBytes) break;
			bytes += length;
			count++;
		}
		if (count === 0) return this.#more();
		const wasFull = this.full;
		const frames = this.#frames.splice(0, count);
		this.#bytes -= bytes;
		if (wasFull && !this.full) for (const each of [...this.#waiting]) each();
		return frames.length === 1 ? frames[0] : concatBytes(...frames);
	}

	/** There is something to be made. */
	wake(): void {
		this.#onOutput?.();
	}

	/** Nobody wants it any more. */
	clear(): void {
		this.#held.length = 0;
		this.#frames.length = 0;
		this.#bytes = 0;
	}

	/** @param listener told when there is something to take; one at a time. */
	onOutput(listener: (() => void) | undefined): void {
		this.#onOutput = listener;
		if (this.#bytes > 0) listener?.();
	}

	/** @param listener told whenever it was full and no longer is. */
	onRoom(listener: () => void): void {
		this.#waiting.add(listener);
	}

	offRoom(listener: () => void): void {
		this.#waiting.delete(listener);
	}
}
