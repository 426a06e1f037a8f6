import { FormatError } from "../errors.js";

/**
 * The first six are those of the reference, for what a chunk file can be:
 * - `ENCRYPTION_KEY_REQUIRED`, `ENCRYPTION_PAYLOAD_INVALID`, `ENCRYPTION_FORMAT_UNRECOGNIZED`, `ENCRYPTION_AUTH_FAILED` and
 *   `CHUNK_DECOMPRESSION_FAILED` of an encrypted file, `CHUNK_READ_FAILED` of a plain one;
 * - `CHUNK_CONTENT_MISMATCH`: the text is not the one that the name stands for; `CHUNK_NOT_FOUND`: there is no file;
 * - `CHUNK_TOO_LARGE`: of a database that is to hold the chunk;
 * - `SHA_INVALID`: what is no name of a chunk;
 * - `ENCRYPTION_KEY_INVALID`, `ENCRYPTION_KEY_MISSING`: of the environment;
 * - `CODEMAP_INVALID`: a codemap that is no JSON object.
 */
export type PampaErrorCode =
	| "ENCRYPTION_KEY_REQUIRED"
	| "ENCRYPTION_PAYLOAD_INVALID"
	| "ENCRYPTION_FORMAT_UNRECOGNIZED"
	| "ENCRYPTION_AUTH_FAILED"
	| "CHUNK_DECOMPRESSION_FAILED"
	| "CHUNK_READ_FAILED"
	| "CHUNK_CONTENT_MISMATCH"
	| "CHUNK_NOT_FOUND"
	| "CHUNK_TOO_LARGE"
	| "SHA_INVALID"
	| "ENCRYPTION_KEY_INVALID"
	| "ENCRYPTION_KEY_MISSING"
	| "CODEMAP_INVALID";

/** What is wrong with a chunk file, a key or a codemap. */
export class PampaError extends FormatError<PampaErrorCode> {}
