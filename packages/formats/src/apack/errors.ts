import { FormatError } from "../errors.js";

/**
 * - `usage`: the caller asked for something that cannot be
 * - `truncated`: the archive ends before it should
 * - `malformed`: a field has a value that the format does not allow
 * - `mismatch`: two parts of the archive, each well-formed, contradict each other
 * - `checksum`: bytes are not what their checksum says
 * - `limit`: allowed by the format, but more than the reader's limits take
 * - `unsupported`: allowed by the format, but not implemented by anybody, or not by this platform
 * - `key`: no key or password was given, or it is the wrong one
 * - `decryption`: an encrypted chunk was changed, or belongs to another key
 * - `compression`: compressed bytes do not unfold to what was announced
 * - `name`: the name of an entry would lead out of the target folder, or is no file name on some system
 */
export type ApackErrorCode =
	| "usage"
	| "truncated"
	| "malformed"
	| "mismatch"
	| "checksum"
	| "limit"
	| "unsupported"
	| "key"
	| "decryption"
	| "compression"
	| "name";

export class ApackError extends FormatError<ApackErrorCode> {}
