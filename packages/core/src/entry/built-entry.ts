import type { Crypto } from "../crypto/crypto.js";
import { type Entry, hashEntry, hashHeader, type StoredEntry } from "./entry.js";
import { encodeHeader, type HeaderFields } from "./header.js";

/** What comes with the fields of an entry. */
export interface BuiltParts {
	readonly signature: Uint8Array | undefined;
	/** Its SHA-256, which the caller has computed, is the `contentHash` of the fields. */
	readonly payload: Uint8Array | undefined;
}

/**
 * An entry that this process has put together itself: header and address follow from the fields, `contentHash` from the payload. Whoever
 * gets it need not read and hash it again. What is signed, and by whom, it does not say.
 *
 * A copy is an entry like any other: nobody can change a part and pass on the rest as built here.
 */
export class BuiltEntry implements Entry {
	readonly kind = "entry";
	readonly hash: string;
	readonly header: Uint8Array;
	readonly common: HeaderFields;
	readonly fields: HeaderFields;
	readonly signature: Uint8Array | undefined;
	readonly payload: Uint8Array | undefined;
	readonly #built = true;

	private constructor(hash: string, header: Uint8Array, fields: HeaderFields, { signature, payload }: BuiltParts) {
		this.hash = hash;
		this.header = header;
		this.common = fields;
		this.fields = fields;
		this.signature = signature;
		this.payload = payload;
	}

	/** @throws {FormatError} when a field breaks its limit. */
	static async build(crypto: Crypto, fields: HeaderFields, parts: BuiltParts): Promise<BuiltEntry> {
		const header = encodeHeader(fields);
		return new BuiltEntry(await hashEntry(crypto, await hashHeader(crypto, header), fields), header, fields, parts);
	}

	static is(entry: StoredEntry): entry is BuiltEntry {
		return #built in entry;
	}
}
