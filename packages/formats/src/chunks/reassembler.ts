import { toHex } from "../bytes/hex.js";
import { type DecodedChunk, packetLengthOf } from "./chunk.js";
import { ChunkError } from "./chunk-error.js";
import { type AssemblyOptions, MessageAssembly, type Outcome } from "./message-assembly.js";

export interface ReassemblerOptions extends Omit<AssemblyOptions, "hash"> {
	/** Most messages that are open at a time. @default 1024 */
	readonly maxMessages?: number;
}

/**
 * Puts messages together from chunks that come mixed, over several connections, in any order. Anybody can make chunks for any datum, so the
 * whole of what is held is bounded: whoever gave up on a message, or has it, forgets it.
 */
export class Reassembler {
	readonly #options: ReassemblerOptions;
	readonly #messages = new Map<string, MessageAssembly>();

	/** @param options `maxBytes` holds for all messages together. */
	constructor(options: ReassemblerOptions = {}) {
		this.#options = options;
	}

	/** All messages of which a chunk came in. */
	get messages(): readonly MessageAssembly[] {
		return [...this.#messages.values()];
	}

	/** Bytes of chunks that all messages hold now. */
	get heldBytes(): number {
		let bytes = 0;
		for (const message of this.#messages.values()) bytes += message.heldBytes;
		return bytes;
	}

	/** @throws {ChunkError} `limit`, `surplus` */
	add(chunk: DecodedChunk): { readonly message: MessageAssembly; readonly outcome: Outcome } {
		const { maxMessages = 1024, maxBytes = 2 ** 28, ...rest } = this.#options;
		const name = nameOf(chunk);
		const known = this.#messages.get(name);
		if (known === undefined && this.#messages.size >= maxMessages) {
			throw new ChunkError("limit", `expected at most ${maxMessages} messages`, { expected: maxMessages });
		}
		const message = known ?? new MessageAssembly(chunk.datum, { ...rest, hash: chunk.hash, maxBytes });
		if (!message.has(chunk.index) && this.heldBytes + packetLengthOf(chunk.data.length) > maxBytes) {
			throw new ChunkError("limit", `expected at most ${maxBytes} bytes of chunks`, { expected: maxBytes });
		}
		const outcome = message.add(chunk);
		this.#messages.set(name, message);
		return { message, outcome };
	}

	/** Lets go of a message; a later chunk of it begins it anew. */
	forget(message: MessageAssembly): void {
		for (const [name, each] of this.#messages) {
			if (each === message) this.#messages.delete(name);
		}
	}
}

/** Both hashes of one text differ, but nothing keeps somebody from naming the same 32 bytes under each. */
const nameOf = ({ hash, datum }: DecodedChunk) => `${hash} ${toHex(datum)}`;
