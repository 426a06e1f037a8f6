/** Entries on the wire: CBOR array of [0, header, payload or null, signature or null] or [1, headerHash, link, signature or null]. */
import { type CborValue, decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import type { Crypto } from "../../crypto/crypto.js";
import { decodeLink, encodeLink, hashEntry, parseEntry, type StoredEntry } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";

/** Entries of one run. */
export const mostEntries = 4096;

export async function packRun(_crypto: Crypto, entries: readonly StoredEntry[]): Promise<Uint8Array> {
	return encodeCbor(
		entries.map((entry) =>
			entry.kind === "stub"
				? [1, entry.headerHash, encodeLink(entry.link), entry.signature ?? null]
				: [0, entry.header, entry.payload ?? null, entry.signature ?? null],
		),
	);
}

/** Computes addresses; signatures and payloads are the receiver's to check. @throws {FormatError} */
export async function unpackRun(crypto: Crypto, bytes: Uint8Array): Promise<StoredEntry[]> {
	const items = decodeCbor(bytes);
	if (!Array.isArray(items) || items.length > mostEntries) throw new FormatError("run: expected an array of entries");
	return Promise.all((items as readonly CborValue[]).map((item) => unpackOne(crypto, item)));
}

async function unpackOne(crypto: Crypto, item: CborValue): Promise<StoredEntry> {
	if (!Array.isArray(item) || item.length !== 4) throw new FormatError("run: expected four elements");
	const [kind, first, second, third] = item as CborValue[];
	if (!(first instanceof Uint8Array)) throw new FormatError("run: expected bytes");
	const signature = third instanceof Uint8Array ? third : undefined;
	const body = second instanceof Uint8Array ? second : undefined;
	if (kind === 0) return parseEntry(crypto, { header: first, payload: body, signature });
	if (kind !== 1 || body === undefined) throw new FormatError("run: expected an entry or a stub");
	const link = decodeLink(body);
	return { kind: "stub", hash: await hashEntry(crypto, first, link), headerHash: first, link, signature };
}
