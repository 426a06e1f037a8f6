import { encodeChunk, type MakeHasher, maxDataLength, portableHasher } from "@mindoodb/formats/chunks";
import type { Announcement } from "../wire/terms.js";
import { chunkCount, chunkLength } from "./chunk-ranges.js";

/** Payloads of more bytes travel as Chunks, smaller ones with their entries. */
export const mostWholeBytes = 65_536;

export interface HasherOptions {
	/** SHA3-256. @default hashers in plain JavaScript */
	readonly makeHasher?: MakeHasher;
}

interface Transfer {
	readonly datum: Uint8Array;
	readonly payload: Uint8Array;
	/** Indexes that the other side has. */
	readonly held: ReadonlySet<number>;
	next: number;
}

/**
 * Payloads on their way to one peer. A frame is made when it is asked for, and that is when nothing else waits to be sent: so messages go
 * between the chunks of a long payload.
 */
export class OutgoingPayloads {
	readonly #makeHasher: MakeHasher;
	#transfers: Transfer[] = [];
	#waiting = 0;

	constructor({ makeHasher = portableHasher }: HasherOptions = {}) {
		this.#makeHasher = makeHasher;
	}

	/** Bytes of payloads that are kept here because they have not gone out whole. */
	get heldBytes(): number {
		return this.#waiting;
	}

	/** The name that the chunks of a payload bear. */
	datumOf(payload: Uint8Array): Uint8Array {
		const hasher = this.#makeHasher("sha3-256");
		hasher.update(payload);
		return hasher.digest();
	}

	/**
	 * Puts a payload behind those that wait.
	 * @param contentHash SHA-256 of the payload, hex.
	 * @param held chunks that the other side has. All of them: nothing is sent.
	 * @returns what has to be announced before the next frame is taken.
	 */
	add(
		contentHash: string,
		payload: Uint8Array,
		held: ReadonlySet<number> = new Set(),
		datum = this.datumOf(payload),
	): Announcement {
		this.#transfers.push({ datum, payload, held, next: 0 });
		this.#waiting += payload.length;
		return { contentHash, size: payload.length, datum };
	}

	/** The next chunk, which is a frame as it stands; `undefined` when nothing waits. */
	nextFrame(): Uint8Array | undefined {
		for (let first = this.#transfers[0]; first !== undefined; first = this.#transfers[0]) {
			const { datum, payload, held } = first;
			const count = chunkCount(payload.length);
			while (first.next < count && held.has(first.next)) first.next++;
			const index = first.next++;
			if (index < count) {
				const start = index * maxDataLength;
				const data = payload.subarray(start, start + chunkLength(payload.length, index));
				return encodeChunk({ index, datum, data }, { makeHasher: this.#makeHasher });
			}
			this.#transfers.shift();
			this.#waiting -= payload.length;
		}
		return undefined;
	}

	/** Lets go of everything that waits. */
	clear(): void {
		this.#transfers = [];
		this.#waiting = 0;
	}
}
