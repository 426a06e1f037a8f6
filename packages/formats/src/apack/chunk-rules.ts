import { ApackError } from "./errors.js";
import type { ChunkHeader } from "./format/chunk-header.js";
import { expectField, expectWithin } from "./format/field-checks.js";

/** Nonce and tag around an encrypted payload. */
export const nonceLength = 12;
export const encryptionOverhead = nonceLength + 16;

/** What a chunk is held against. */
export interface ChunkRules {
	/** Of the file header. */
	readonly chunkSize: number;
	/** Times that a chunk may grow when unfolded. */
	readonly compressionRatio: number;
	/** Flags of the entry. */
	readonly compressed: boolean;
	readonly encrypted: boolean;
}

/**
 * Holds a header against the rules that need no payload.
 * Source: the chunk format's specification, "Validation Rules"; the reference writer encrypts every chunk of an archive or none, and
 * compresses only what becomes shorter.
 * @throws {ApackError} `malformed` or `limit`
 */
export function checkChunkHeader(header: ChunkHeader, index: number, rules: ChunkRules): void {
	expectField(header.index, index, { field: "chunkIndex" });
	expectField(Number(header.encrypted), Number(rules.encrypted), { field: "encrypted flag of a chunk" });
	if (header.compressed && !rules.compressed) {
		throw new ApackError("malformed", "a compressed chunk in an entry that is not", {
			field: "compressed flag of a chunk",
		});
	}
	const { originalSize } = header;
	const least = header.last && !header.compressed ? 0 : 1;
	expectWithin(originalSize, least, rules.chunkSize, { field: "originalSize of a chunk" });
	const body = header.storedSize - (header.encrypted ? encryptionOverhead : 0);
	const place = { field: "storedSize of a chunk" };
	if (!header.compressed) {
		expectField(body, originalSize, place);
		return;
	}
	expectWithin(body, 1, originalSize - 1, place);
	if (originalSize > body * rules.compressionRatio) {
		throw new ApackError("limit", `a chunk would unfold to ${originalSize} bytes out of ${body}`, {
			field: "compressionRatio",
			expected: rules.compressionRatio,
		});
	}
}
