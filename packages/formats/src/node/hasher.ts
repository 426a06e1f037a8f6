import { createHash, type Hash } from "node:crypto";
import { type Hasher, type MakeHasher, portableHasher } from "../chunks/hasher.js";

/** SHA3-256 of node:crypto; Keccak-256, which it lacks, in plain JavaScript. */
export const nodeHasher: MakeHasher = (hash) =>
	hash === "sha3-256" ? wrap(createHash("sha3-256")) : portableHasher(hash);

function wrap(hash: Hash): Hasher {
	return {
		update: (bytes) => void hash.update(bytes),
		copy: () => wrap(hash.copy()),
		digest: () => Uint8Array.from(hash.digest()),
	};
}
