/** Messages among the bytes of a connection: the frames of docs/sync.md, "Frames". */
import { type Chunk, ChunkError, encodeMessageFrame, type Frame, FrameDecoder } from "@mindoodb/formats/chunks";
import { FormatError } from "../../errors.js";
import {
	decodeMessage,
	encodeMessage,
	type MessageInit,
	type MessageKind,
	mostMessageBytes,
} from "../wire/messages.js";

/** @throws {FormatError} `limit` */
export function encodeFrame(kind: MessageInit): Uint8Array {
	return encodeMessageFrame(encodeMessage(kind));
}

/** A part of a payload; its own hash is right. */
export interface ChunkFrame {
	readonly case: "chunk";
	readonly value: Chunk;
}

/** Cuts what comes in into messages and chunks. */
export class MessageReader {
	readonly #frames = new FrameDecoder({ maxMessageLength: mostMessageBytes });

	push(bytes: Uint8Array): void {
		this.#frames.push(bytes);
	}

	/** @returns "unknown" for a message of a later version, "incomplete" when more bytes are needed. @throws {FormatError} */
	next(): MessageKind | ChunkFrame | "unknown" | "incomplete" {
		const frame = this.#nextFrame();
		if (frame === undefined) return "incomplete";
		if (frame.kind === "chunk") return { case: "chunk", value: frame.chunk };
		if (frame.kind === "damaged-chunk") throw new FormatError("frame: a chunk is damaged", { cause: frame.error });
		try {
			return decodeMessage(frame.message);
		} catch (error) {
			if (error instanceof FormatError && error.code === "unsupported") return "unknown";
			throw error;
		}
	}

	#nextFrame(): Frame | undefined {
		try {
			return this.#frames.next();
		} catch (cause) {
			if (!(cause instanceof ChunkError)) throw cause;
			throw new FormatError("frame: cannot be read", { code: cause.code === "limit" ? "limit" : "format", cause });
		}
	}
}
