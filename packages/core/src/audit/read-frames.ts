import { concatBytes } from "../bytes/concat.js";
import { FormatError } from "../errors.js";
import { longestSentence } from "./trail-format.js";

const byteString = 0x40;

export interface Frame {
	/** Of the byte string in the file. */
	readonly offset: number;
	/** Where it ends, and the next one begins. */
	readonly end: number;
	readonly content: Uint8Array;
}

/**
 * Takes a file apart into its byte strings, in pieces of whatever size.
 * @throws {FormatError} with `offset`, where something else stands, a length is not in its shortest form or too great, or the file ends.
 */
export async function* readFrames(file: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
	let offset = 0;
	let waiting: Uint8Array[] = [];
	let held = 0;
	let needed = 1;
	for await (const piece of file) {
		waiting.push(piece);
		held += piece.length;
		if (held < needed) continue;
		let bytes = concatBytes(...waiting);
		for (;;) {
			const frame = frameOf(bytes, offset);
			needed = frame.end;
			if (frame.start === undefined || bytes.length < frame.end) break;
			yield { offset, end: offset + frame.end, content: bytes.slice(frame.start, frame.end) };
			bytes = bytes.subarray(frame.end);
			offset += frame.end;
			needed = 1;
			if (bytes.length === 0) break;
		}
		waiting = [bytes];
		held = bytes.length;
	}
	if (held > 0) throw new FormatError("audit trail: expected more bytes, found the end of the file", { offset });
}

/** Where the content of the frame begins and ends; without `start`, how many bytes are needed to tell. */
function frameOf(bytes: Uint8Array, offset: number): { readonly start: number | undefined; readonly end: number } {
	const first = bytes[0];
	if (first === undefined) return { start: undefined, end: 1 };
	const width = first === byteString + 24 ? 1 : first === byteString + 25 ? 2 : first === byteString + 26 ? 4 : 0;
	if (first < byteString || first > byteString + 26 || (width === 0 && first >= byteString + 24)) {
		throw new FormatError("audit trail: expected a byte string", { offset });
	}
	const start = 1 + width;
	if (bytes.length < start) return { start: undefined, end: start };
	let length = width === 0 ? first - byteString : 0;
	for (let i = 1; i <= width; i++) length = length * 256 + (bytes[i] as number);
	const least = width === 1 ? 24 : width === 2 ? 0x100 : width === 4 ? 0x1_0000 : 0;
	if (length < least) throw new FormatError("audit trail: expected the shortest form of a length", { offset });
	if (length > longestSentence) {
		throw new FormatError("audit trail: a sentence is too long", { code: "limit", offset, expected: longestSentence });
	}
	return { start, end: start + length };
}
