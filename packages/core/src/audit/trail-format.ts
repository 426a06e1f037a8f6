/**
 * The audit trail: what a database, or one of its documents, is made of, for somebody who has neither database nor store.
 *
 * A file is a CBOR sequence (RFC 8742) of byte strings; each holds one sentence, CBOR[body, digest].
 *
 * | body                                                                                        | sentence                          |
 * |---------------------------------------------------------------------------------------------|-----------------------------------|
 * | [0, 1, label, administration key, recovery key or null, dbId, docId or null, exported at]   | heading: the first one            |
 * | [1, header, signature or null, payload or null]                                             | entry, of directory or database   |
 * | [2, headerHash, link, signature or null]                                                    | link of an author's chain: a stub |
 * | [3, sentences before this one, exporter's key or null, signature or null]                   | end: the last one                 |
 *
 * digest = SHA-256("mindoodb/1/audit-trail" ‖ 00 ‖ digest of the sentence before (32 zero bytes for the first) ‖ body). The exporter signs
 * "mindoodb/1/audit-trail-end" ‖ 00 ‖ digest of the sentence before the end ‖ CBOR number of sentences before the end, and so vouches that
 * nothing was left out; everything else vouches for itself.
 *
 * Source: docs/audit-trail.md.
 */
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { asciiBytes } from "../bytes/text.js";
import type { Crypto } from "../crypto/crypto.js";
import { decodeLink, encodeLink, type Link } from "../entry/entry.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";

/** Keys are hex. */
export interface TrailHeading {
	readonly kind: "heading";
	readonly tenantId: string;
	readonly administrationKey: string;
	readonly recoveryKey?: string | undefined;
	readonly dbId: string;
	/** `undefined`: the whole database. */
	readonly docId: string | undefined;
	/** Milliseconds by the exporter's clock. */
	readonly exportedAt: number;
}

export interface TrailEntry {
	readonly kind: "entry";
	readonly header: Uint8Array;
	readonly signature: Uint8Array | undefined;
	readonly payload: Uint8Array | undefined;
}

export interface TrailLink {
	readonly kind: "link";
	readonly headerHash: Uint8Array;
	readonly link: Link;
	readonly signature: Uint8Array | undefined;
}

export interface TrailEnd {
	readonly kind: "end";
	/** Sentences before this one. */
	readonly count: number;
	/** Hex. */
	readonly exporter: string | undefined;
	readonly signature: Uint8Array | undefined;
}

export type TrailSentence = TrailHeading | TrailEntry | TrailLink | TrailEnd;

const version = 1;
const kinds = ["heading", "entry", "link", "end"] as const;
const digestLabel = asciiBytes("mindoodb/1/audit-trail\0");
const endLabel = asciiBytes("mindoodb/1/audit-trail-end\0");

/** Bytes of a sentence, with room for what stands around header and payload. */
export const longestSentence = limits.payloadBytes + limits.headerBytes + 1024;

/** Digest before the first sentence. */
export const noDigest: Uint8Array = new Uint8Array(32);

export function encodeBody(sentence: TrailSentence): Uint8Array {
	const code = kinds.indexOf(sentence.kind);
	switch (sentence.kind) {
		case "heading": {
			const { tenantId, administrationKey, recoveryKey, dbId, docId, exportedAt } = sentence;
			const keys = [fromHex(administrationKey, 32), recoveryKey === undefined ? null : fromHex(recoveryKey, 32)];
			return encodeCbor([code, version, tenantId, ...keys, dbId, docId ?? null, exportedAt]);
		}
		case "entry":
			return encodeCbor([code, sentence.header, sentence.signature ?? null, sentence.payload ?? null]);
		case "link":
			return encodeCbor([code, sentence.headerHash, encodeLink(sentence.link), sentence.signature ?? null]);
		case "end": {
			const { count, exporter, signature } = sentence;
			return encodeCbor([code, count, exporter === undefined ? null : fromHex(exporter, 32), signature ?? null]);
		}
	}
}

/** A sentence as it stands in the file, a byte string. */
export async function encodeSentence(
	crypto: Pick<Crypto, "sha256">,
	before: Uint8Array,
	sentence: TrailSentence,
): Promise<{ readonly bytes: Uint8Array; readonly digest: Uint8Array }> {
	const body = encodeBody(sentence);
	const digest = await digestOf(crypto, before, body);
	return { bytes: encodeCbor(encodeCbor([body, digest])), digest };
}

/** @throws {FormatError} for anything that `encodeSentence` would not have put into the byte string. */
export function decodeSentence(content: Uint8Array): {
	readonly body: Uint8Array;
	readonly digest: Uint8Array;
	readonly sentence: TrailSentence;
} {
	const outer = decodeCbor(content);
	if (!Array.isArray(outer) || outer.length !== 2) throw wrong("body and digest");
	const [body, digest] = outer as CborValue[];
	if (!(body instanceof Uint8Array)) throw wrong("a body of bytes");
	return { body, digest: bytesOf(digest, 32), sentence: decodeBody(body) };
}

export function digestOf(crypto: Pick<Crypto, "sha256">, before: Uint8Array, body: Uint8Array): Promise<Uint8Array> {
	return crypto.sha256(concatBytes(digestLabel, before, body));
}

/** What the exporter signs. @param digest of the sentence before the end. */
export function signedEnd(digest: Uint8Array, count: number): Uint8Array {
	return concatBytes(endLabel, digest, encodeCbor(count));
}

function decodeBody(body: Uint8Array): TrailSentence {
	const items = decodeCbor(body);
	if (!Array.isArray(items)) throw wrong("an array as body");
	const [code, ...rest] = items as CborValue[];
	const kind = typeof code === "number" ? kinds[code] : undefined;
	const expected = { heading: 7, entry: 3, link: 3, end: 3 };
	if (kind === undefined) throw wrong("a known kind of sentence");
	if (rest.length !== expected[kind]) throw wrong(`${expected[kind]} fields`);
	switch (kind) {
		case "heading":
			return headingOf(rest);
		case "entry": {
			const [header, signature, payload] = rest;
			if (!(header instanceof Uint8Array)) throw wrong("a header");
			if (payload !== null && !(payload instanceof Uint8Array)) throw wrong("a payload");
			return { kind, header, signature: optional(signature, limits.signatureBytes), payload: payload ?? undefined };
		}
		case "link": {
			const [headerHash, link, signature] = rest;
			if (!(link instanceof Uint8Array)) throw wrong("a link");
			return {
				kind,
				headerHash: bytesOf(headerHash, 32),
				link: decodeLink(link),
				signature: optional(signature, limits.signatureBytes),
			};
		}
		case "end": {
			const [count, key, signature] = rest;
			if (typeof count !== "number") throw wrong("a count");
			const exporter = optional(key, 32);
			return {
				kind,
				count,
				exporter: exporter === undefined ? undefined : toHex(exporter),
				signature: optional(signature, limits.signatureBytes),
			};
		}
	}
}

function headingOf(items: readonly CborValue[]): TrailHeading {
	const [found, tenantId, administrationKey, recoveryKey, dbId, docId, exportedAt] = items;
	if (found !== version) {
		throw new FormatError("audit trail: expected version 1", { code: "unsupported", expected: version });
	}
	if (typeof tenantId !== "string" || typeof dbId !== "string") throw wrong("a tenant and a database");
	if (typeof exportedAt !== "number" || (docId !== null && typeof docId !== "string"))
		throw wrong("a document and a time");
	const recovery = optional(recoveryKey, 32);
	return {
		kind: "heading",
		tenantId,
		administrationKey: toHex(bytesOf(administrationKey, 32)),
		recoveryKey: recovery === undefined ? undefined : toHex(recovery),
		dbId,
		docId: docId ?? undefined,
		exportedAt,
	};
}

function bytesOf(value: CborValue | undefined, length: number): Uint8Array {
	if (value instanceof Uint8Array && value.length === length) return value;
	throw wrong(`${length} bytes`);
}

function optional(value: CborValue | undefined, length: number): Uint8Array | undefined {
	return value === null ? undefined : bytesOf(value, length);
}

function wrong(expected: string): FormatError {
	return new FormatError(`audit trail: expected ${expected}`);
}
