import type { Crypto, SigningKey } from "../crypto/crypto.js";
import { type Entry, hashEntry, hashHeader, signedBytes } from "./entry.js";
import { encodeHeader, entryTypes, type HeaderFields, type HeaderInput } from "./header.js";

/**
 * Gives an entry its header and address; not signed yet. The payload must be the one whose hash is `input.contentHash`.
 * @throws {FormatError} when a field breaks its limit.
 */
export async function makeEntry(crypto: Crypto, input: HeaderInput, payload: Uint8Array): Promise<Entry> {
	const header = encodeHeader(input);
	const fields: HeaderFields = { ...input, version: 1, entryTypeCode: entryTypes.indexOf(input.entryType) };
	const hash = await hashEntry(crypto, await hashHeader(crypto, header), fields);
	return { kind: "entry", hash, header, common: fields, fields, signature: undefined, payload };
}

/** Signs entries of one author. @returns the same entries, signed, in the order given. */
export async function signEntries(crypto: Crypto, key: SigningKey, entries: readonly Entry[]): Promise<Entry[]> {
	const signatures = await crypto.signMany(
		key,
		entries.map((entry) => signedBytes(entry.hash)),
	);
	return entries.map((entry, index) => ({ ...entry, signature: signatures[index] as Uint8Array }));
}
