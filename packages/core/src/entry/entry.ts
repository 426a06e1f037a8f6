import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { asciiBytes } from "../bytes/text.js";
import type { Crypto } from "../crypto/crypto.js";
import { FormatError } from "../errors.js";
import { type CommonFields, decodeHeader, type HeaderFields } from "./header.js";

const headerLabel = asciiBytes("mindoodb/1/header\0");
const entryLabel = asciiBytes("mindoodb/1/entry\0");
const signatureLabel = asciiBytes("mindoodb/1/signature\0");

/** What stays of an entry whose header and payload were erased: enough for its address and its place in chains. */
export interface Link {
	readonly tenantRoot: string;
	readonly dbId: string;
	readonly docId: string;
	readonly createdAt: number;
	readonly createdByPublicKey: string;
	readonly previousByAuthor: string | undefined;
}

/**
 * One entry: signed header and encrypted payload. Immutable.
 *
 * `hash` covers the header, which contains `contentHash`; so an address covers what an entry says about itself and its bytes.
 */
export interface Entry {
	readonly kind: "entry";
	/** 64 lower-case hex digits. */
	readonly hash: string;
	/** Canonical bytes. */
	readonly header: Uint8Array;
	readonly common: CommonFields;
	/** Absent when version, type or a critical extension is unknown to this version: verdict `unsupported`. */
	readonly fields: HeaderFields | undefined;
	/** 64 bytes; absent when a signed successor on the author's chain vouches for the entry. */
	readonly signature: Uint8Array | undefined;
	/** Encrypted bytes; absent in listings of metadata and in replicas that hold headers alone. */
	readonly payload: Uint8Array | undefined;
}

/** An entry whose header and payload were erased by a purge. */
export interface Stub {
	readonly kind: "stub";
	readonly hash: string;
	/** 32 bytes. */
	readonly headerHash: Uint8Array;
	readonly link: Link;
	readonly signature: Uint8Array | undefined;
}

export type StoredEntry = Entry | Stub;

/** Link fields of either form. */
export function linkOf(entry: StoredEntry): Link {
	return entry.kind === "stub" ? entry.link : entry.common;
}

/** Whether it is a chunk of an attachment, as far as this version knows its type. */
export function isChunk(entry: StoredEntry): entry is Entry {
	return entry.kind === "entry" && entry.fields?.entryType === "attachment_chunk";
}

/** CBOR[tenantRoot, dbId, docId, createdAt, createdByPublicKey, previousByAuthor]. */
export function encodeLink(link: Link): Uint8Array {
	return encodeCbor([
		fromHex(link.tenantRoot, 32),
		link.dbId,
		link.docId,
		link.createdAt,
		fromHex(link.createdByPublicKey, 32),
		link.previousByAuthor === undefined ? null : fromHex(link.previousByAuthor, 32),
	]);
}

/** Inverse of `encodeLink`. @throws {FormatError} */
export function decodeLink(bytes: Uint8Array): Link {
	const items = decodeCbor(bytes);
	if (!Array.isArray(items) || items.length !== 6) throw new FormatError("link: expected 6 fields");
	const [tenantRoot, dbId, docId, createdAt, author, previous] = items as CborValue[];
	if (typeof dbId !== "string" || typeof docId !== "string" || typeof createdAt !== "number") {
		throw new FormatError("link: expected two ids and a time");
	}
	return {
		tenantRoot: hashOf(tenantRoot),
		dbId,
		docId,
		createdAt,
		createdByPublicKey: hashOf(author),
		previousByAuthor: previous === null ? undefined : hashOf(previous),
	};
}

function hashOf(value: CborValue | undefined): string {
	if (value instanceof Uint8Array && value.length === 32) return toHex(value);
	throw new FormatError("link: expected 32 bytes");
}

/** SHA-256("mindoodb/1/header" ‖ 00 ‖ header). */
export function hashHeader(crypto: Crypto, header: Uint8Array): Promise<Uint8Array> {
	return crypto.sha256(concatBytes(headerLabel, header));
}

/** SHA-256("mindoodb/1/entry" ‖ 00 ‖ headerHash ‖ link), as hex. */
export async function hashEntry(crypto: Crypto, headerHash: Uint8Array, link: Link): Promise<string> {
	return toHex(await crypto.sha256(concatBytes(entryLabel, headerHash, encodeLink(link))));
}

/** The bytes that an author signs: "mindoodb/1/signature" ‖ 00 ‖ hash. */
export function signedBytes(hash: string): Uint8Array {
	return concatBytes(signatureLabel, fromHex(hash, 32));
}

/**
 * Makes an entry of bytes that came from elsewhere; computes its address, checks no signature and no payload.
 * @throws {FormatError} when the header is not canonical or breaks a limit.
 */
export async function parseEntry(
	crypto: Crypto,
	bytes: {
		readonly header: Uint8Array;
		readonly signature?: Uint8Array | undefined;
		readonly payload?: Uint8Array | undefined;
	},
): Promise<Entry> {
	const { common, fields } = decodeHeader(bytes.header);
	const hash = await hashEntry(crypto, await hashHeader(crypto, bytes.header), common);
	return {
		kind: "entry",
		hash,
		header: bytes.header,
		common,
		fields,
		signature: bytes.signature,
		payload: bytes.payload,
	};
}

/** What remains of an entry after a purge. */
export async function stubOf(crypto: Crypto, entry: Entry): Promise<Stub> {
	const { tenantRoot, dbId, docId, createdAt, createdByPublicKey, previousByAuthor } = entry.common;
	return {
		kind: "stub",
		hash: entry.hash,
		headerHash: await hashHeader(crypto, entry.header),
		link: { tenantRoot, dbId, docId, createdAt, createdByPublicKey, previousByAuthor },
		signature: entry.signature,
	};
}
