/**
 * A sign of life of somebody in a document, such as a cursor: signed, encrypted for the document's readers, and kept nowhere.
 *
 * message = CBOR[body, signature(64)], body = CBOR array of
 *
 * | # | type     | meaning                                                                  |
 * |---|----------|--------------------------------------------------------------------------|
 * | 0 | text     | document id                                                              |
 * | 1 | 32 bytes | author's signing key                                                     |
 * | 2 | 16 bytes | instance: random, new whenever an application opens the document         |
 * | 3 | uint     | counter of the instance, from 1                                          |
 * | 4 | uint     | author's clock, milliseconds                                             |
 * | 5 | 32 bytes | key commitment                                                           |
 * | 6 | 12 bytes | random iv                                                                |
 * | 7 | bytes    | AES-256-GCM under the document's subkey "presence", associated data CBOR[elements 0 to 5] |
 *
 * signature = Ed25519("mindoodb/1/presence" ‖ 00 ‖ CBOR[tenantRoot, dbId] ‖ body). Source: docs/sync.md, "Conversation".
 */
import { type CborValue, decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { asciiBytes } from "../../bytes/text.js";
import type { Crypto, SigningKey } from "../../crypto/crypto.js";
import { checkId } from "../../entry/header.js";
import { FormatError } from "../../errors.js";

const label = asciiBytes("mindoodb/1/presence\0");
/** Bytes of a message. */
export const mostPresenceBytes = 4096;

/** The database that a message is about, which the connection knows. */
export interface PresencePlace {
	/** Hex. */
	readonly tenantRoot: string;
	readonly dbId: string;
}

export interface PresenceHead {
	readonly docId: string;
	/** Hex. */
	readonly author: string;
	/** 32 hex digits. */
	readonly instance: string;
	readonly counter: number;
	/** Milliseconds, by the author's clock. */
	readonly at: number;
	/** Hex. */
	readonly keyCommitment: string;
}

export interface PresenceMessage extends PresenceHead {
	/** 12 bytes. */
	readonly iv: Uint8Array;
	readonly ciphertext: Uint8Array;
}

/** Associated data of the ciphertext. */
export function presenceData(head: PresenceHead): Uint8Array {
	return encodeCbor(headItems(head));
}

/** @throws {FormatError} `limit` when it is too long. */
export async function signPresence(
	crypto: Crypto,
	message: PresenceMessage,
	by: { readonly place: PresencePlace; readonly signingKey: SigningKey },
): Promise<Uint8Array> {
	const body = encodeCbor([...headItems(message), message.iv, message.ciphertext]);
	const signed = encodeCbor([body, await crypto.sign(by.signingKey, signedBytes(by.place, body))]);
	if (signed.length > mostPresenceBytes) {
		throw new FormatError("presence: expected a shorter message", {
			code: "limit",
			expected: mostPresenceBytes,
			found: signed.length,
		});
	}
	return signed;
}

/** @returns the message; `undefined` when its signature does not hold here. @throws {FormatError} */
export async function openPresence(
	crypto: Crypto,
	bytes: Uint8Array,
	place: PresencePlace,
): Promise<PresenceMessage | undefined> {
	if (bytes.length > mostPresenceBytes) throw new FormatError("presence: the message is too long", { code: "limit" });
	const [body, signature] = items(bytes, 2);
	const message = decodeBody(bytesOf(body));
	const genuine = await crypto.verify(
		fromHex(message.author, 32),
		signedBytes(place, bytesOf(body)),
		bytesOf(signature, 64),
	);
	return genuine ? message : undefined;
}

function decodeBody(body: Uint8Array): PresenceMessage {
	const [docId, author, instance, counter, at, keyCommitment, iv, ciphertext] = items(body, 8);
	if (typeof docId !== "string") throw new FormatError("presence: expected a document id");
	checkId(docId, "docId");
	return {
		docId,
		author: toHex(bytesOf(author, 32)),
		instance: toHex(bytesOf(instance, 16)),
		counter: uint(counter),
		at: uint(at),
		keyCommitment: toHex(bytesOf(keyCommitment, 32)),
		iv: bytesOf(iv, 12),
		ciphertext: bytesOf(ciphertext),
	};
}

function headItems({ docId, author, instance, counter, at, keyCommitment }: PresenceHead): CborValue[] {
	return [docId, fromHex(author, 32), fromHex(instance, 16), counter, at, fromHex(keyCommitment, 32)];
}

function signedBytes({ tenantRoot, dbId }: PresencePlace, body: Uint8Array): Uint8Array {
	return concatBytes(label, encodeCbor([fromHex(tenantRoot, 32), dbId]), body);
}

function items(bytes: Uint8Array, count: number): readonly CborValue[] {
	const value = decodeCbor(bytes);
	if (!Array.isArray(value) || value.length !== count) {
		throw new FormatError(`presence: expected an array of ${count} elements`);
	}
	return value as readonly CborValue[];
}

function bytesOf(value: CborValue | undefined, length?: number): Uint8Array {
	if (value instanceof Uint8Array && (length === undefined || value.length === length)) return value;
	throw new FormatError("presence: expected bytes", length === undefined ? {} : { expected: length });
}

function uint(value: CborValue | undefined): number {
	if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
	throw new FormatError("presence: expected a whole number");
}
