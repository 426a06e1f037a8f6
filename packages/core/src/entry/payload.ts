/**
 * The encrypted payload of an entry: mode(1) ‖ iv(12) ‖ ciphertext ‖ tag(16), AES-256-GCM.
 *
 * | mode | iv                                        | plaintext           | entries                  |
 * |------|-------------------------------------------|---------------------|--------------------------|
 * | 0    | random                                    | as it is            | create, change, snapshot, delete |
 * | 1    | HMAC(attachment-iv key, plaintext)[0..12] | as it is            | chunk                    |
 * | 2    | random                                    | raw DEFLATE of it, where that is smaller | create, change, snapshot |
 *
 * A payload of n bytes in mode 2 is valid only if originalSize ≤ 16,384 + 32 n, so that nobody makes others hold many times what they
 * sent. What is shorter by more is stored in mode 0. Writers leave short plaintexts as they are: a single change is made of hashes
 * and random numbers, and never gets smaller.
 *
 * Source: docs/entry-format.md, "Payload".
 */
import { encodeCbor } from "../bytes/cbor.js";
import { equalBytes } from "../bytes/compare.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import type { Crypto, Random } from "../crypto/crypto.js";
import { FormatError } from "../errors.js";
import { type EntryType, entryTypes } from "./header.js";
import { limits } from "./limits.js";

const overhead = 1 + 12 + 16;
/** Bytes from which on DEFLATE is tried: below, next to nothing is saved (docs/decisions/0078-deflate-from-256-bytes.md). */
const deflateFrom = 256;

/** Bytes of a chunk's payload. */
export function chunkPayloadLength(originalSize: number): number {
	return originalSize + overhead;
}

/** What a payload is bound to besides its key. Public key as hex. */
export interface PayloadBinding {
	readonly entryType: EntryType;
	readonly createdByPublicKey: string;
	readonly decryptionKeyId: string;
}

export interface SealedPayload {
	readonly payload: Uint8Array;
	/** SHA-256 of `payload`, hex. */
	readonly contentHash: string;
	readonly originalSize: number;
}

/** Encrypts what a create, change, snapshot or delete holds. @param key the document key, 32 bytes. */
export async function sealPayload(
	env: { readonly crypto: Crypto; readonly random: Random },
	binding: PayloadBinding,
	plaintext: Uint8Array,
	key: Uint8Array,
): Promise<SealedPayload> {
	checkPlaintext(binding.entryType, plaintext.length);
	const deflated = plaintext.length < deflateFrom ? plaintext : await env.crypto.deflate(plaintext);
	const smaller = deflated.length < plaintext.length;
	const mode = smaller && plaintext.length <= mostUnfolded(overhead + deflated.length) ? 2 : 0;
	const iv = env.random.randomBytes(12);
	const sealed = await env.crypto.seal(key, iv, mode === 2 ? deflated : plaintext, associatedData(mode, binding));
	return finish(env.crypto, binding.entryType, mode, iv, sealed, plaintext.length);
}

/**
 * Encrypts one attachment chunk, equally for all members and documents under one key. Both keys 32 bytes.
 * @param payload receives the payload, of exactly its length.
 */
export async function sealChunk(
	crypto: Crypto,
	plaintext: Uint8Array,
	{ attachmentKey, attachmentIvKey }: { readonly attachmentKey: Uint8Array; readonly attachmentIvKey: Uint8Array },
	payload: Uint8Array = new Uint8Array(chunkPayloadLength(plaintext.length)),
): Promise<SealedPayload> {
	checkPlaintext("attachment_chunk", plaintext.length);
	const iv = (await crypto.hmac(attachmentIvKey, plaintext)).slice(0, 12);
	payload[0] = 1;
	payload.set(iv, 1);
	await crypto.sealInto(payload.subarray(1 + iv.length), attachmentKey, iv, plaintext, chunkData);
	return { payload, contentHash: toHex(await crypto.sha256(payload)), originalSize: plaintext.length };
}

/**
 * Decrypts a payload whose `contentHash` was checked.
 * @param key document key, or attachment key for a chunk.
 * @returns `undefined` when key or binding do not fit: the payload is not what its header says.
 * @throws {FormatError} when mode, size or DEFLATE stream break the format.
 */
export async function openPayload(
	crypto: Crypto,
	binding: PayloadBinding & { readonly originalSize: number },
	payload: Uint8Array,
	key: Uint8Array,
): Promise<Uint8Array | undefined> {
	const { entryType, originalSize } = binding;
	checkPayload(binding, payload);
	checkPlaintext(entryType, originalSize);
	const mode = payload[0] as number;
	const allowed =
		entryType === "attachment_chunk" ? mode === 1 : mode === 0 || (mode === 2 && entryType !== "doc_delete");
	if (!allowed)
		throw new FormatError(`payload: mode ${mode} does not go with ${entryType}`, { field: "mode", found: mode });
	const data = mode === 1 ? chunkData : associatedData(mode, binding);
	const plaintext = await crypto.open(key, payload.slice(1, 13), payload.subarray(13), data);
	if (plaintext === undefined) return undefined;
	if (mode !== 2) {
		if (plaintext.length !== originalSize) throw sizeError(originalSize, plaintext.length);
		return plaintext;
	}
	const inflated = await crypto.inflate(plaintext, originalSize);
	if (inflated === undefined) {
		throw new FormatError("payload: expected DEFLATE data that unfolds to originalSize", { expected: originalSize });
	}
	return inflated;
}

/** HMAC(content-tag key, hash of the run's last Automerge change), hex. @param changeHash 64 hex digits. */
export async function contentTag(crypto: Crypto, contentTagKey: Uint8Array, changeHash: string): Promise<string> {
	return toHex(await crypto.hmac(contentTagKey, fromHex(changeHash, 32)));
}

/**
 * What can be told of a payload without its key.
 * @param fields `undefined` for an entry of a later version.
 * @throws {FormatError} code `limit` when it has too few or too many bytes, or announces to unfold to too many.
 */
export function checkPayload(
	fields: { readonly entryType: EntryType; readonly originalSize: number } | undefined,
	payload: Uint8Array,
): void {
	checkPayloadSize(fields?.entryType, payload.length);
	if (fields === undefined || payload[0] !== 2) return;
	const most = mostUnfolded(payload.length);
	if (fields.originalSize > most) {
		throw new FormatError(`payload: expected to unfold to at most ${most} bytes, found ${fields.originalSize}`, {
			code: "limit",
			field: "originalSize",
			expected: most,
			found: fields.originalSize,
		});
	}
}

/** Bytes to which a deflated payload of `length` bytes may unfold. */
function mostUnfolded(length: number): number {
	return limits.unfoldsFree + limits.unfoldsPerByte * length;
}

function checkPayloadSize(entryType: EntryType | undefined, length: number): void {
	const most = entryType === "attachment_chunk" ? limits.chunkPayloadBytes : limits.payloadBytes;
	if (length < overhead || length > most) {
		throw new FormatError(`payload: expected ${overhead} to ${most} bytes, found ${length}`, {
			code: "limit",
			expected: most,
			found: length,
		});
	}
}

/** Whether `payload` is what a header announces. */
export async function fitsContentHash(crypto: Crypto, payload: Uint8Array, contentHash: string): Promise<boolean> {
	return equalBytes(await crypto.sha256(payload), fromHex(contentHash, 32));
}

const chunkData = encodeCbor([1]);

function associatedData(mode: number, binding: PayloadBinding): Uint8Array {
	return encodeCbor([
		mode,
		entryTypes.indexOf(binding.entryType),
		fromHex(binding.createdByPublicKey, 32),
		binding.decryptionKeyId,
	]);
}

async function finish(
	crypto: Crypto,
	entryType: EntryType,
	mode: number,
	iv: Uint8Array,
	sealed: Uint8Array,
	originalSize: number,
): Promise<SealedPayload> {
	const payload = concatBytes(Uint8Array.of(mode), iv, sealed);
	checkPayloadSize(entryType, payload.length);
	return { payload, contentHash: toHex(await crypto.sha256(payload)), originalSize };
}

function checkPlaintext(entryType: EntryType, length: number): void {
	const most =
		entryType === "attachment_chunk" ? limits.chunkBytes : entryType === "doc_delete" ? 0 : limits.plaintextBytes;
	const least = entryType === "doc_delete" ? 0 : 1;
	if (length < least || length > most) {
		throw new FormatError(`${entryType}: expected ${least} to ${most} bytes of plaintext, found ${length}`, {
			code: "limit",
			expected: most,
			found: length,
		});
	}
}

function sizeError(expected: number, found: number): FormatError {
	return new FormatError(`payload: expected ${expected} bytes of plaintext, found ${found}`, { expected, found });
}
