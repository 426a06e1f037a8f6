/** What a reader takes at most; an archive that asks for more is refused before anything is allocated. */
export interface ApackLimits {
	/** @default 1,000,000, as the reference reader */
	readonly entries: number;
	/** Bytes of one entry's header with its name, MIME type and attributes. @default 64 MiB + 1 MiB */
	readonly entryHeaderBytes: number;
	/** Bytes of a chunk, as the file header announces them. @default 64 MiB, the format's own limit */
	readonly chunkSize: number;
	/** Times that a chunk may grow when unfolded. @default 100,000, as the reference reader */
	readonly compressionRatio: number;
	/** Memory of Argon2id, in KiB. @default 1,048,576 (1 GiB) */
	readonly argon2MemoryKiB: number;
	/** Passes over that memory. @default 64 */
	readonly argon2Iterations: number;
	/** Passes times KiB: what Argon2id costs in all. @default 16,777,216 */
	readonly argon2Work: number;
	/** Rounds of PBKDF2. @default 10,000,000 */
	readonly pbkdf2Iterations: number;
}

export const defaultLimits: ApackLimits = {
	entries: 1_000_000,
	entryHeaderBytes: 65 * 1_048_576,
	chunkSize: 64 * 1_048_576,
	compressionRatio: 100_000,
	argon2MemoryKiB: 1_048_576,
	argon2Iterations: 64,
	argon2Work: 16_777_216,
	pbkdf2Iterations: 10_000_000,
};
