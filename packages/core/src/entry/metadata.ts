import { fromHex } from "../bytes/hex.js";
import { encodeSigningKeyPem } from "../keys/pem.js";
import { type Entry, linkOf, type StoredEntry } from "./entry.js";
import type { EntryType } from "./header.js";

/** What an entry says about itself, in the words of the specification. */
export interface StoreEntryMetadata {
	/** `undefined` when this version does not know it. */
	readonly entryType: EntryType | undefined;
	/** 64 hex digits. */
	readonly hash: string;
	readonly docId: string;
	readonly dependencyHashes: readonly string[];
	/** Milliseconds, by the author's clock. */
	readonly createdAt: number;
	/** Ed25519, PEM of SPKI DER. */
	readonly createdByPublicKey: string;
	readonly decryptionKeyId: string | undefined;
	/** 64 bytes; absent where a signed successor on the author's chain vouches. */
	readonly signature: Uint8Array | undefined;
	/** Bytes of the plaintext. */
	readonly originalSize: number | undefined;
}

/** The specification's view of an entry or of what a purge left of it. */
export function metadataOf(entry: StoredEntry): StoreEntryMetadata {
	const { docId, createdAt, createdByPublicKey } = linkOf(entry);
	const fields: Entry["fields"] = entry.kind === "entry" ? entry.fields : undefined;
	return {
		entryType: fields?.entryType,
		hash: entry.hash,
		docId,
		dependencyHashes: fields?.dependencyHashes ?? [],
		createdAt,
		createdByPublicKey: encodeSigningKeyPem(fromHex(createdByPublicKey, 32)),
		decryptionKeyId: fields?.decryptionKeyId,
		signature: entry.signature,
		originalSize: fields?.originalSize,
	};
}
