/**
 * A row of a run: what nothing else tells of an entry. See entry-run.ts for the whole, run-tables.ts for how values and hashes are named.
 *
 * | bytes  | of     | meaning                                                                                          |
 * |--------|--------|--------------------------------------------------------------------------------------------------|
 * | 1      | all    | bits 0 to 2 form: 0 to 4 the type of an entry, 5 a header as it is, 6 a stub; 3 signed; 4 with a predecessor; 5 another origin and 6 another setting than the row before |
 * | varies | 5      | length and bytes of the header                                                                   |
 * | varies | 0-4, 6 | origin, if another: (tenantRoot, dbId, author), a value                                          |
 * | varies | 0-4    | setting, if another: (decryptionKeyId, keyCommitment), a value; directoryHeads, count and hashes |
 * | varies | 0-4, 6 | docId, a value; createdAt less that of the row before, zigzag                                    |
 * | 32     | 6      | headerHash                                                                                       |
 * | varies | 1-4    | dependencyHashes, count and hashes                                                               |
 * | varies | 0-4    | originalSize; if the payload goes along, less what that holds when it is not deflated, zigzag    |
 * | 32     | 0-4    | contentHash, unless the payload goes along                                                       |
 * | 32     | 0, 1   | contentTag                                                                                       |
 * | varies | 0-4, 6 | predecessor, if there is one, a hash                                                             |
 * | 64     | all    | signature, if signed                                                                             |
 */
import type { Entry, Link } from "../../entry/entry.js";
import type { HeaderFields } from "../../entry/header.js";
import { chunkPayloadLength } from "../../entry/payload.js";

export const rowForms = { whole: 5, stub: 6 } as const;
export const rowFlags = { signed: 8, predecessor: 16, origin: 32, setting: 64 } as const;

export type Origin = Pick<Link, "tenantRoot" | "dbId" | "createdByPublicKey">;
export type Key = Pick<HeaderFields, "decryptionKeyId" | "keyCommitment">;
export type Setting = Key & Pick<HeaderFields, "directoryHeads">;

/** A payload that goes along. */
export interface RunPayload {
	readonly bytes: Uint8Array;
	/** SHA-256 of `bytes`, hex. */
	readonly contentHash: string;
}

/** Whether rows tell the header of an entry in parts. What is unusual, or does not fit its payload, goes as it is. */
export function hasParts(
	entry: Entry,
	payload: RunPayload | undefined,
): entry is Entry & { readonly fields: HeaderFields } {
	const { fields } = entry;
	if (fields === undefined || fields.extensions.size > 0) return false;
	return payload === undefined || payload.contentHash === fields.contentHash;
}

/** Bytes of plaintext in a payload that is not deflated. */
export function plaintextRoom(payload: RunPayload): number {
	return payload.bytes.length - chunkPayloadLength(0);
}
