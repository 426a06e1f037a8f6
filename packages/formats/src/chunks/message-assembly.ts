import { concatBytes } from "../bytes/concat.js";
import { equalBytes } from "../bytes/equal.js";
import { type DecodedChunk, packetLengthOf } from "./chunk.js";
import { ChunkError } from "./chunk-error.js";
import { type ChunkHash, type Hasher, type MakeHasher, portableHasher } from "./hasher.js";

/**
 * What became of a chunk: `added`; `duplicate` of one that is there; `conflict`, another chunk of the same index came before and is kept.
 */
export type Outcome = "added" | "duplicate" | "conflict";

/** Indexes from `from` to `to`, both included. */
export interface IndexRange {
	readonly from: number;
	readonly to: number;
}

export interface AssemblyOptions {
	/** The hash of datum and chunks. @default "sha3-256" */
	readonly hash?: ChunkHash;
	/** @default hashers in plain JavaScript */
	readonly makeHasher?: MakeHasher;
	/** Most bytes of chunks that are held at a time. @default 256 MiB */
	readonly maxBytes?: number;
}

/** What remains of a chunk in memory when its data was taken: its hash, and its place among the others. */
const restLength = 80;

/**
 * Puts one message together from chunks in any order. No chunk says that it is the last one: the message is complete when the data of the
 * indexes 0 to k hash to the datum.
 *
 * Memory follows what was received, whatever the indexes say. Whoever reads on while chunks come in calls `take` and holds only what has
 * no predecessor yet.
 */
export class MessageAssembly {
	readonly datum: Uint8Array;
	readonly #maxBytes: number;
	readonly #chunkHashes = new Map<number, Uint8Array>();
	readonly #data = new Map<number, Uint8Array>();
	readonly #conflicts = new Set<number>();
	readonly #hasher: Hasher;
	/** All indexes below were hashed; those below `#taken` were handed out. */
	#next = 0;
	#taken = 0;
	#bytes = 0;
	#highest = -1;
	#complete = false;

	/** @param datum hash of the whole message, 32 bytes. */
	constructor(datum: Uint8Array, options: AssemblyOptions = {}) {
		const { hash = "sha3-256", makeHasher = portableHasher, maxBytes = 2 ** 28 } = options;
		this.datum = datum.slice();
		this.#maxBytes = maxBytes;
		this.#hasher = makeHasher(hash);
	}

	/** Whether the chunks so far are the whole message. */
	get complete(): boolean {
		return this.#complete;
	}

	/** Bytes of chunks that are held now. */
	get heldBytes(): number {
		return this.#bytes;
	}

	/** Indexes at which chunks with other data came in later, ascending; the first one was kept. */
	get conflicts(): readonly number[] {
		return [...this.#conflicts].sort((a, b) => a - b);
	}

	/** Whether a chunk of this index is there. */
	has(index: number): boolean {
		return this.#chunkHashes.has(index);
	}

	/**
	 * @param chunk as a decoder of this module gave it; its data are kept.
	 * @throws {ChunkError} `surplus`: it lies behind the end of the complete message; `limit`: more bytes than may be held; `datum`: it is
	 * part of another message.
	 */
	add(chunk: DecodedChunk): Outcome {
		if (!equalBytes(chunk.datum, this.datum)) throw new ChunkError("datum", "the chunk is part of another message");
		const known = this.#chunkHashes.get(chunk.index);
		if (known !== undefined) {
			// The hash covers datum, index, length and data: two chunks that share it are the same.
			if (equalBytes(known, chunk.chunkHash)) return "duplicate";
			this.#conflicts.add(chunk.index);
			return "conflict";
		}
		if (this.#complete) {
			throw new ChunkError("surplus", `chunk ${chunk.index} lies behind the end of the message`, {
				found: chunk.index,
			});
		}
		const bytes = this.#bytes + packetLengthOf(chunk.data.length);
		if (bytes > this.#maxBytes) {
			throw new ChunkError("limit", `expected at most ${this.#maxBytes} bytes of chunks`, { expected: this.#maxBytes });
		}
		this.#bytes = bytes;
		this.#highest = Math.max(this.#highest, chunk.index);
		// A copy: a view would keep the whole packet in memory when the data was taken.
		this.#chunkHashes.set(chunk.index, chunk.chunkHash.slice());
		this.#data.set(chunk.index, chunk.data);
		this.#extend();
		return "added";
	}

	/** Indexes that are missing below the highest one seen. What is missing behind it nobody can know. */
	missing(): readonly IndexRange[] {
		const gaps: IndexRange[] = [];
		let from = this.#next;
		for (const index of this.#waiting()) {
			if (index > from) gaps.push({ from, to: index - 1 });
			from = index + 1;
		}
		return gaps;
	}

	/**
	 * Hands out the data that follow on what was taken before, in order, and forgets them. They are the message only when `complete` is
	 * true in the end: until then keep them where they can be thrown away.
	 */
	take(): readonly Uint8Array[] {
		const pieces: Uint8Array[] = [];
		for (; this.#taken < this.#next; this.#taken++) {
			const data = this.#data.get(this.#taken) as Uint8Array;
			this.#data.delete(this.#taken);
			this.#bytes += restLength - packetLengthOf(data.length);
			pieces.push(data);
		}
		return pieces;
	}

	/** The whole message, `undefined` while it is not complete. @throws {ChunkError} `usage` when a part of it was taken. */
	message(): Uint8Array | undefined {
		if (this.#taken > 0) throw new ChunkError("usage", "a part of the message was taken");
		if (!this.#complete) return undefined;
		return concatBytes(Array.from({ length: this.#next }, (_, index) => this.#data.get(index) as Uint8Array));
	}

	#extend(): void {
		while (!this.#complete) {
			const data = this.#data.get(this.#next);
			if (data === undefined) return;
			this.#hasher.update(data);
			this.#next++;
			this.#complete = equalBytes(this.#hasher.copy().digest(), this.datum);
		}
		for (const index of this.#waiting()) {
			const data = this.#data.get(index) as Uint8Array;
			this.#bytes -= packetLengthOf(data.length);
			this.#data.delete(index);
			this.#chunkHashes.delete(index);
			this.#conflicts.delete(index);
		}
		this.#highest = this.#next - 1;
	}

	/** Indexes behind the first gap, ascending. */
	#waiting(): readonly number[] {
		if (this.#highest < this.#next) return [];
		return [...this.#data.keys()].filter((index) => index >= this.#next).sort((a, b) => a - b);
	}
}
