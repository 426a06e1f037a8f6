import { ApackError } from "../errors.js";

export type Content = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A part of an entry's content, and whether it is the last one. */
export interface Part {
	readonly bytes: Uint8Array;
	readonly last: boolean;
}

/**
 * Cuts content into parts of `size` bytes; the last one is shorter or as long, and empty only when there is no content at all.
 * A part is good until the next one is asked for. @throws {ApackError} `usage` when the content is not made of bytes.
 */
export async function* cutContent(content: Content, size: number): AsyncGenerator<Part> {
	const pieces = content instanceof Uint8Array ? [content] : content;
	// Held back until it is clear that more follows. Nothing of a piece is held beyond the next pull: its producer may use it again.
	const held = new Uint8Array(size);
	let length = 0;
	for await (const piece of pieces) {
		if (!(piece instanceof Uint8Array)) throw new ApackError("usage", "content: expected pieces of bytes");
		let at = 0;
		while (at < piece.length) {
			if (length === size) {
				yield { bytes: held, last: false };
				length = 0;
			}
			if (length === 0 && piece.length - at > size) {
				yield { bytes: piece.subarray(at, at + size), last: false };
				at += size;
				continue;
			}
			const taken = Math.min(size - length, piece.length - at);
			held.set(piece.subarray(at, at + taken), length);
			length += taken;
			at += taken;
		}
	}
	yield { bytes: held.subarray(0, length), last: true };
}
