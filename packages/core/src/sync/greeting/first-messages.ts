import { encodeMessageFrame } from "@mindoodb/formats/chunks";
import { concatBytes } from "../../bytes/concat.js";
import { FormatError } from "../../errors.js";
import type { Duplex } from "../../transport.js";
import { MessageSchema } from "../wire/generated/sync_pb.js";
import { decodeMessage, encodeMessage, type MessageInit, type MessageKind } from "../wire/messages.js";

/** Of a greeting; what belongs to a session may be larger, and is not gathered here. */
const mostBytes = 512 * 1024;
const nothing = new Uint8Array(0);

/**
 * The messages at the beginning of a connection, read one by one, as long as they are of a wanted kind. What comes then is left as it is,
 * for a session.
 */
export class FirstMessages {
	readonly #duplex: Duplex;
	readonly #incoming: AsyncIterator<Uint8Array>;
	/** Came, and is not read yet. */
	#held: Uint8Array = nothing;

	constructor(duplex: Duplex) {
		this.#duplex = duplex;
		this.#incoming = duplex.incoming[Symbol.asyncIterator]();
	}

	/** @returns the next message, `undefined` when it is of another kind, or the connection ends. @throws {FormatError} @throws {TransportError} */
	async next(kinds: readonly MessageKind["case"][]): Promise<MessageKind | undefined> {
		const length = await this.#varint(0, 10);
		if (length === undefined || length.value === 0) return undefined;
		const tag = await this.#varint(length.end, 5);
		const number = (tag?.value ?? 0) >>> 3;
		if (!kinds.some((each) => MessageSchema.field[each].number === number)) return undefined;
		if (length.value > mostBytes) {
			throw new FormatError("message: too large", { code: "limit", expected: mostBytes, found: length.value });
		}
		const end = length.end + length.value;
		if (!(await this.#gather(end))) return undefined;
		const bytes = this.#held.subarray(length.end, end);
		this.#held = this.#held.subarray(end);
		return decodeMessage(bytes);
	}

	/** The connection from what was not read on, for the one reader that comes now. */
	rest(): Duplex {
		const [duplex, held, incoming] = [this.#duplex, this.#held, this.#incoming];
		const { remoteAddress } = duplex;
		return {
			incoming: {
				async *[Symbol.asyncIterator]() {
					try {
						if (held.length > 0) yield held;
						for (let next = await incoming.next(); next.done !== true; next = await incoming.next()) yield next.value;
					} finally {
						await incoming.return?.();
					}
				},
			},
			send: (bytes) => duplex.send(bytes),
			close: () => duplex.close(),
			abort: () => duplex.abort(),
			...(remoteAddress !== undefined && { remoteAddress }),
		};
	}

	async #varint(start: number, most: number): Promise<{ readonly value: number; readonly end: number } | undefined> {
		let value = 0;
		for (let i = 0; i < most; i++) {
			if (!(await this.#gather(start + i + 1))) return undefined;
			const byte = this.#held[start + i] as number;
			value += (byte & 127) * 128 ** i;
			if (byte < 128) return { value, end: start + i + 1 };
		}
		return undefined;
	}

	/** @returns whether that many bytes are held; false when the connection ends before. */
	async #gather(count: number): Promise<boolean> {
		const pieces = [this.#held];
		let held = this.#held.length;
		while (held < count) {
			const { done, value } = await this.#incoming.next();
			if (done === true) break;
			pieces.push(value);
			held += value.length;
		}
		if (pieces.length > 1) this.#held = concatBytes(...pieces);
		return held >= count;
	}
}

export function sendMessage(duplex: Duplex, kind: MessageInit): Promise<void> {
	return duplex.send(encodeMessageFrame(encodeMessage(kind)));
}
