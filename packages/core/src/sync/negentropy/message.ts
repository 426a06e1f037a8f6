/**
 * A message: a version byte and ranges. Source: docs/negentropy.md.
 *
 * | part    | bytes                                                                                             |
 * |---------|---------------------------------------------------------------------------------------------------|
 * | message | 61, ranges                                                                                        |
 * | range   | upper bound, mode (varint), payload; its lower bound is the upper one of the range before         |
 * | bound   | varint (0 for infinity, else 1 + difference to the timestamp before), varint length 0 to 32, that many bytes of the id |
 * | mode 0  | skip: nothing                                                                                     |
 * | mode 1  | fingerprint: 16 bytes                                                                             |
 * | mode 2  | list of ids: varint count, 32 bytes each                                                          |
 */
import { FormatError } from "../../errors.js";
import { type Bound, compareBounds, firstBound, infinity, lastBound } from "./bound.js";
import { decodeVarint, encodeVarint } from "./varint.js";

export const version = 0x61;
export const fingerprintBytes = 16;
export const idBytes = 32;
/** The smallest limit that the protocol allows. */
export const leastFrameSize = 4096;
/** Bytes that may be asked for at the end: a skip with the longest bound, and a fingerprint of the rest. */
const closingBytes = 10 + 1 + 32 + 1 + (1 + 1 + 1 + fingerprintBytes);
/** Most bytes of a list besides its ids. */
const listHeadBytes = 10 + 1 + 32 + 1 + 10;

export type Range =
	| { readonly mode: "skip"; readonly upper: Bound }
	| { readonly mode: "fingerprint"; readonly upper: Bound; readonly fingerprint: Uint8Array }
	| { readonly mode: "id-list"; readonly upper: Bound; readonly ids: readonly Uint8Array[] };

/** Whether a message is of another version of the protocol, or asks for one. */
export function isOtherVersion(message: Uint8Array): boolean {
	const [first] = message;
	return first !== undefined && first !== version && first >> 4 === version >> 4;
}

/**
 * Ranges in ascending order; what follows the last one is skipped. Ids and fingerprints are views into the message.
 * @throws {FormatError} `unsupported` when it is of another version.
 */
export function decodeMessage(message: Uint8Array): Range[] {
	if (isOtherVersion(message)) throw new FormatError("negentropy: another version", { code: "unsupported" });
	if (message[0] !== version) throw new FormatError("negentropy: expected a message of version 1", { offset: 0 });
	const ranges: Range[] = [];
	let before = firstBound;
	for (let offset = 1; offset < message.length; ) {
		if (before.timestamp === infinity) throw new FormatError("negentropy: a range begins at infinity", { offset });
		const { upper, end } = decodeBound(message, offset, before.timestamp);
		// A writer that runs out of room may end a list where it begins.
		if (compareBounds(upper, before) < 0) throw new FormatError("negentropy: bounds do not ascend", { offset });
		const decoded = decodePayload(message, end, upper);
		ranges.push(decoded.range);
		before = upper;
		offset = decoded.end;
	}
	return ranges;
}

function decodeBound(
	message: Uint8Array,
	offset: number,
	before: bigint,
): { readonly upper: Bound; readonly end: number } {
	const { value, end: lengthAt } = decodeVarint(message, offset);
	const { value: length, end: prefixAt } = decodeVarint(message, lengthAt);
	if (length > idBytes) throw new FormatError("negentropy: a bound is longer than an id", { offset: lengthAt });
	if (value === 0n) {
		if (length > 0n) throw new FormatError("negentropy: bytes of an id at infinity", { offset: lengthAt });
		return { upper: lastBound, end: prefixAt };
	}
	const timestamp = before + value - 1n;
	if (timestamp >= infinity) throw new FormatError("negentropy: a timestamp is not below 2^64 - 1", { offset });
	const end = prefixAt + Number(length);
	if (end > message.length) throw new FormatError("negentropy: a bound is cut short", { offset });
	return { upper: { timestamp, prefix: message.subarray(prefixAt, end) }, end };
}

function decodePayload(
	message: Uint8Array,
	offset: number,
	upper: Bound,
): { readonly range: Range; readonly end: number } {
	const { value: mode, end: start } = decodeVarint(message, offset);
	if (mode === 0n) return { range: { mode: "skip", upper }, end: start };
	if (mode === 1n) {
		const end = start + fingerprintBytes;
		if (end > message.length) throw new FormatError("negentropy: a fingerprint is cut short", { offset });
		return { range: { mode: "fingerprint", upper, fingerprint: message.subarray(start, end) }, end };
	}
	if (mode !== 2n) throw new FormatError("negentropy: unknown mode of a range", { offset });
	const { value: count, end: idsAt } = decodeVarint(message, start);
	if (count > BigInt(message.length - idsAt) / BigInt(idBytes)) {
		throw new FormatError("negentropy: more ids are announced than there are", { offset: start });
	}
	const ids = Array.from({ length: Number(count) }, (_, i) =>
		message.subarray(idsAt + i * idBytes, idsAt + (i + 1) * idBytes),
	);
	return { range: { mode: "id-list", upper, ids }, end: idsAt + ids.length * idBytes };
}

/** Writes ranges in ascending order, as long as the message does not grow too large. */
export class MessageWriter {
	readonly #limit: number;
	#bytes = Uint8Array.of(version);
	#length = 1;
	#end: Bound = firstBound;
	/** Where the skip begins that is not written yet; neighbouring skips are one, and one at the end is left out. */
	#skipFrom: Bound | undefined;

	/** @param frameSizeLimit most bytes of the message; none when `undefined`. */
	constructor(frameSizeLimit: number | undefined) {
		this.#limit = frameSizeLimit ?? Number.POSITIVE_INFINITY;
	}

	/** Up to where ranges were written or skipped. */
	get end(): Bound {
		return this.#end;
	}

	/** Whether everything is skipped. */
	get isEmpty(): boolean {
		return this.#length === 1;
	}

	/** Ids for which there is room in one list. */
	get roomForIds(): number {
		return Math.max(0, Math.floor((this.#limit - this.#length - closingBytes - listHeadBytes) / idBytes));
	}

	skip(upper: Bound): void {
		this.#skipFrom ??= this.#end;
		this.#end = upper;
	}

	/** @returns false when there is no room for the range and for what closes the message; then nothing is written. */
	write(range: Range): boolean {
		const parts = [...this.#skipped(), ...encodeRange(range, this.#end)];
		const length = lengthOf(parts);
		if (this.#length + length + closingBytes > this.#limit) return false;
		this.#append(parts, length);
		this.#end = range.upper;
		return true;
	}

	/** Ends a message that has no room for more with the fingerprint of everything from `end` on. */
	close(fingerprint: Uint8Array): void {
		const parts = [
			...this.#skipped(),
			...encodeRange({ mode: "fingerprint", upper: lastBound, fingerprint }, this.#end),
		];
		this.#append(parts, lengthOf(parts));
		this.#end = lastBound;
	}

	finish(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}

	#skipped(): Uint8Array[] {
		return this.#skipFrom === undefined ? [] : encodeRange({ mode: "skip", upper: this.#end }, this.#skipFrom);
	}

	#append(parts: readonly Uint8Array[], length: number): void {
		if (this.#length + length > this.#bytes.length) {
			const larger = new Uint8Array(2 * (this.#length + length));
			larger.set(this.#bytes.subarray(0, this.#length));
			this.#bytes = larger;
		}
		for (const part of parts) {
			this.#bytes.set(part, this.#length);
			this.#length += part.length;
		}
		this.#skipFrom = undefined;
	}
}

function encodeRange(range: Range, { timestamp: before }: Bound): Uint8Array[] {
	const { timestamp, prefix } = range.upper;
	const time = encodeVarint(timestamp === infinity ? 0n : 1n + timestamp - before);
	const bound = [time, Uint8Array.of(prefix.length), prefix];
	if (range.mode === "skip") return [...bound, Uint8Array.of(0)];
	if (range.mode === "fingerprint") return [...bound, Uint8Array.of(1), range.fingerprint];
	return [...bound, Uint8Array.of(2), encodeVarint(BigInt(range.ids.length)), ...range.ids];
}

function lengthOf(parts: readonly Uint8Array[]): number {
	let length = 0;
	for (const part of parts) length += part.length;
	return length;
}
