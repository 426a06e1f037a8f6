import { FormatError } from "../errors.js";

/**
 * - `truncated`, `magic`, `type`, `reserved`, `length`, `hash`, `padding`, `trailing`: bytes that are no chunk of type 0;
 * - `zero-length`, `varint`: a frame of a stream that is no message;
 * - `limit`: more bytes than the reader allows;
 * - `surplus`: a chunk behind the end of a message that is complete; `datum`: the bytes are not those that the datum names;
 * - `usage`: a chunk or frame that cannot be written.
 */
export type ChunkErrorCode =
	| "truncated"
	| "magic"
	| "type"
	| "reserved"
	| "length"
	| "hash"
	| "padding"
	| "trailing"
	| "zero-length"
	| "varint"
	| "limit"
	| "surplus"
	| "datum"
	| "usage";

/** What is wrong with a chunk, a stream of them, or with what shall become one. */
export class ChunkError extends FormatError<ChunkErrorCode> {}
