import { keccak_256, sha3_256 } from "@noble/hashes/sha3.js";

/**
 * The hash of datum and chunk. The document says "SHA3-256 (Keccak)": `sha3-256` is that of FIPS 202, `keccak-256` the earlier function
 * that the historic program really computed. Nothing in a chunk tells which one it was made with.
 */
export type ChunkHash = "sha3-256" | "keccak-256";

/** A hash in the making. */
export interface Hasher {
	/** Appends bytes; they are not kept. */
	update(bytes: Uint8Array): void;
	/** @returns a hasher that goes on from here by itself. */
	copy(): Hasher;
	/** Ends this hasher. @returns 32 bytes. */
	digest(): Uint8Array;
}

/** Makes hashers. `formats/node` has a faster one than the default. */
export type MakeHasher = (hash: ChunkHash) => Hasher;

/** Hashers in plain JavaScript, for every platform. */
export const portableHasher: MakeHasher = (hash) => wrap((hash === "sha3-256" ? sha3_256 : keccak_256).create());

interface NobleHash {
	update(bytes: Uint8Array): unknown;
	clone(): NobleHash;
	digest(): Uint8Array;
}

function wrap(noble: NobleHash): Hasher {
	return {
		update: (bytes) => void noble.update(bytes),
		copy: () => wrap(noble.clone()),
		digest: () => noble.digest(),
	};
}
