/**
 * A stream of chunks among length-prefixed Protobuf messages. The first byte of a frame decides: 0 begins a chunk, anything else the length
 * of a message as a base-128 varint of 1 to 10 bytes, the least significant group first. An empty message therefore cannot be sent.
 */
import { ByteQueue } from "../bytes/byte-queue.js";
import {
	type DecodedChunk,
	type DecodeOptions,
	decodeChunkView,
	decodeDataLength,
	headerLength,
	packetLengthOf,
} from "./chunk.js";
import { ChunkError } from "./chunk-error.js";

export type Frame =
	| { readonly kind: "message"; readonly message: Uint8Array }
	| { readonly kind: "chunk"; readonly chunk: DecodedChunk }
	/** A chunk whose hash or padding is wrong: its length was known, so the stream goes on behind it. */
	| { readonly kind: "damaged-chunk"; readonly error: ChunkError };

export interface FrameOptions extends DecodeOptions {
	/** Most bytes of a message. @default 64 MiB */
	readonly maxMessageLength?: number;
}

/** Most bytes of a varint of 64 bits. */
const maxVarintLength = 10;
/** Bytes of a stream that are looked at together, so that a large piece is not copied whole. */
const stepLength = 2 ** 18;

/** @throws {ChunkError} `usage`: an empty message has no form on such a stream. */
export function encodeMessageFrame(message: Uint8Array): Uint8Array {
	if (message.length === 0) throw new ChunkError("usage", "an empty message cannot be sent among chunks");
	const prefix: number[] = [];
	for (let rest = message.length; rest > 0; rest = Math.floor(rest / 128)) {
		prefix.push((rest % 128) + (rest >= 128 ? 128 : 0));
	}
	const frame = new Uint8Array(prefix.length + message.length);
	frame.set(prefix);
	frame.set(message, prefix.length);
	return frame;
}

/** Cuts a stream into frames: `push` bytes as they come, then ask for frames until there is none, and `end` when the stream ends. */
export class FrameDecoder {
	readonly #options: FrameOptions;
	readonly #queue = new ByteQueue();
	/** Bytes that have to be there before the frame can go on. */
	#needed = 1;
	#offset = 0;

	constructor(options: FrameOptions = {}) {
		this.#options = options;
	}

	push(bytes: Uint8Array): void {
		this.#queue.push(bytes);
	}

	/**
	 * @returns the next frame, `undefined` when more bytes are needed.
	 * @throws {ChunkError} what no frame can begin with, or `limit`; nothing allows to go on behind it.
	 */
	next(): Frame | undefined {
		if (this.#queue.length < this.#needed) return undefined;
		const [first] = this.#queue.peekView(1);
		const frame = first === 0 ? this.#nextChunk() : this.#nextMessage();
		if (frame !== undefined) this.#needed = 1;
		return frame;
	}

	/** @throws {ChunkError} `truncated` when the stream ends within a frame. */
	end(): void {
		if (this.#queue.length === 0) return;
		throw new ChunkError("truncated", "the stream ends within a frame", { offset: this.#offset });
	}

	#nextChunk(): Frame | undefined {
		const seen = Math.min(this.#queue.length, headerLength);
		const dataLength = decodeDataLength(this.#queue.peekView(seen));
		if (dataLength === undefined) return this.#wait(this.#queue.length + 1);
		const length = packetLengthOf(dataLength);
		if (this.#queue.length < length) return this.#wait(length);
		const packet = this.#take(length);
		try {
			return { kind: "chunk", chunk: decodeChunkView(packet, this.#options).chunkView };
		} catch (error) {
			if (error instanceof ChunkError) return { kind: "damaged-chunk", error };
			throw error;
		}
	}

	#nextMessage(): Frame | undefined {
		const { maxMessageLength = 2 ** 26 } = this.#options;
		const prefix = this.#queue.peekView(Math.min(this.#queue.length, maxVarintLength));
		const end = prefix.findIndex((byte) => byte < 128);
		if (end < 0) {
			if (prefix.length < maxVarintLength) return this.#wait(prefix.length + 1);
			throw this.#wrong("varint", `expected a varint of at most ${maxVarintLength} bytes`);
		}
		// Beyond 2^53 a number is not exact, but far above every limit.
		const length = prefix.subarray(0, end + 1).reduceRight((value, byte) => value * 128 + (byte & 127), 0);
		if (length === 0) throw this.#wrong("zero-length", "an empty message is not allowed among chunks");
		if (length > maxMessageLength) {
			throw this.#wrong("limit", `expected a message of at most ${maxMessageLength} bytes`);
		}
		if (this.#queue.length < end + 1 + length) return this.#wait(end + 1 + length);
		this.#take(end + 1);
		return { kind: "message", message: this.#take(length) };
	}

	#take(length: number): Uint8Array {
		this.#offset += length;
		return this.#queue.take(length);
	}

	#wait(needed: number): undefined {
		this.#needed = needed;
	}

	#wrong(code: "varint" | "zero-length" | "limit", message: string): ChunkError {
		return new ChunkError(code, message, { offset: this.#offset });
	}
}

/** The frames of a stream. @throws {ChunkError} behind the frames that were right. */
export async function* readFrames(
	source: AsyncIterable<Uint8Array>,
	options: FrameOptions & { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Frame> {
	const decoder = new FrameDecoder(options);
	for await (const piece of source) {
		options.signal?.throwIfAborted();
		for (let start = 0; start < piece.length; start += stepLength) {
			decoder.push(piece.subarray(start, start + stepLength));
			for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) yield frame;
		}
	}
	decoder.end();
}
