/**
 * Subkeys of one version of a key within one tenant.
 *
 * PRK = HKDF-Extract(salt "mindoodb/1", key); subkey = HKDF-Expand(PRK, CBOR[label, tenantRoot, …], 32).
 *
 * | label            | after tenantRoot | for                                             |
 * |------------------|------------------|-------------------------------------------------|
 * | "document"       | dbId, docId      | payloads of creates, changes, snapshots, deletes |
 * | "content-tag"    | dbId, docId      | header field 13                                 |
 * | "projection"     | dbId, docId      | what a replica keeps of a document at rest      |
 * | "presence"       | dbId, docId      | cursors and presence                            |
 * | "attachment"     |                  | attachment chunks                               |
 * | "attachment-iv"  |                  | their initialisation vectors                    |
 * | "key-commitment" | decryptionKeyId  | header field 9                                  |
 *
 * Source: docs/entry-format.md, "Payload" and "Header".
 */
import { cborTextSize, encodeCbor, writeCborText } from "../bytes/cbor.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { asciiBytes } from "../bytes/text.js";
import type { Crypto } from "../crypto/crypto.js";
import { hkdfExpand, hkdfExtract } from "../crypto/hkdf.js";
import { UsageError } from "../errors.js";

/** Derives the subkeys of one key, 32 bytes each, one HMAC a call. What is returned belongs to the caller. */
export interface TenantSubkeys {
	documentKey(dbId: string, docId: string): Promise<Uint8Array>;
	contentTagKey(dbId: string, docId: string): Promise<Uint8Array>;
	projectionKey(dbId: string, docId: string): Promise<Uint8Array>;
	presenceKey(dbId: string, docId: string): Promise<Uint8Array>;
	attachmentKey(): Promise<Uint8Array>;
	attachmentIvKey(): Promise<Uint8Array>;
	/** Hex: names this version of the key in headers, and commits to it. */
	keyCommitment(decryptionKeyId: string): Promise<string>;
}

const extractSalt = asciiBytes("mindoodb/1");

/** @param key 32 bytes. @param tenantRoot 64 hex digits. */
export async function tenantSubkeys(crypto: Crypto, key: Uint8Array, tenantRoot: string): Promise<TenantSubkeys> {
	if (key.length !== 32) {
		throw new UsageError(`key: expected 32 bytes, found ${key.length}`, { expected: 32, found: key.length });
	}
	const root = fromHex(tenantRoot, 32);
	const pseudorandomKey = await hkdfExtract(crypto, extractSalt, key);
	const expand = (label: string, ...context: readonly string[]) =>
		hkdfExpand(crypto, pseudorandomKey, encodeCbor([label, root, ...context]));
	/**
	 * Thousands of documents of one database differ in the last element alone, so what stands before it is kept. 32 bytes of
	 * HKDF-Expand are one HMAC of info ‖ 01 (RFC 5869 §2.3).
	 */
	const expandDocument = (label: string) => {
		let known: { readonly dbId: string; readonly before: Uint8Array } | undefined;
		return (dbId: string, docId: string) => {
			if (known?.dbId !== dbId) known = { dbId, before: encodeCbor([label, root, dbId, ""]).slice(0, -1) };
			const { before } = known;
			const info = new Uint8Array(before.length + cborTextSize(docId) + 1);
			info.set(before);
			info[writeCborText(info, before.length, docId)] = 1;
			return crypto.hmac(pseudorandomKey, info);
		};
	};
	return {
		documentKey: expandDocument("document"),
		contentTagKey: expandDocument("content-tag"),
		projectionKey: expandDocument("projection"),
		presenceKey: expandDocument("presence"),
		attachmentKey: () => expand("attachment"),
		attachmentIvKey: () => expand("attachment-iv"),
		keyCommitment: async (decryptionKeyId) => toHex(await expand("key-commitment", decryptionKeyId)),
	};
}
