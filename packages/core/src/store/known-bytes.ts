/** Bytes of chunks that come with their entries, to a store that has the entries and lacks them, or that does not want them. */
import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import type { StoredEntry } from "../entry/entry.js";
import { limits } from "../entry/limits.js";
import type { Content, Contents } from "./contents.js";
import { isLargeChunk } from "./record.js";

/** Keeps the payloads of known chunks that are lacking here. @param known entries whose addresses were checked, not their payloads. */
export async function takeLackingBytes(
	crypto: Crypto,
	contents: Contents,
	known: readonly StoredEntry[],
): Promise<void> {
	const offered = new Map<string, Uint8Array>();
	for (const entry of known) {
		if (!isLargeChunk(entry) || entry.payload === undefined || entry.payload.length > limits.chunkPayloadBytes)
			continue;
		offered.set(entry.common.contentHash, entry.payload);
	}
	if (offered.size === 0) return;
	const hashes = [...offered.keys()];
	const present = await contents.has(hashes);
	const lacking = new Set(hashes.filter((_, index) => !present[index]));
	const payloads = hashes.flatMap((hash) => (lacking.has(hash) ? [offered.get(hash) as Uint8Array] : []));
	const genuine = (await contentsByHash(crypto, payloads)).filter(({ contentHash }) => lacking.has(contentHash));
	if (genuine.length > 0) await contents.put(genuine);
}

/** What a store keeps of an entry that wants no payloads with chunks. */
export function withoutBytes(entry: StoredEntry): StoredEntry {
	return isLargeChunk(entry) ? { ...entry, payload: undefined } : entry;
}

/** Payloads with their hashes, in the order given. */
export async function contentsByHash(crypto: Crypto, payloads: readonly Uint8Array[]): Promise<Content[]> {
	const hashes = await crypto.sha256Many(payloads);
	return payloads.map((payload, index) => ({ contentHash: toHex(hashes[index] as Uint8Array), payload }));
}
