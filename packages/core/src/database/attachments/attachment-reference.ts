/**
 * References to attachments in a document: root map `_attachments`, key = attachment id, value {fileName, mimeType, content}.
 * `content` is one register, CBOR[size, last chunk or null], so that appends made apart are a conflict that can be seen.
 * Source: docs/entry-format.md, "Attachment reference".
 */
import { attachmentsKey } from "../../automerge/attachment-maps.js";
import type { DocumentData } from "../../automerge/plain-data.js";
import { decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { MindooError } from "../../errors.js";

/** An attachment as a document lists it. */
export interface AttachmentInfo {
	/** 22 characters, base64url. */
	readonly id: string;
	/** As it was given: it may hold slashes or control characters, and is no path. */
	readonly fileName: string;
	readonly mimeType: string;
	/** Bytes. */
	readonly size: number;
}

/** Where the bytes of an attachment are. */
export interface AttachmentContent {
	readonly size: number;
	/** Hash of its last chunk's entry, `undefined` for zero bytes. */
	readonly lastChunk: string | undefined;
}

export interface AttachmentReference extends AttachmentInfo, AttachmentContent {}

export function infoOf({ id, fileName, mimeType, size }: AttachmentReference): AttachmentInfo {
	return { id, fileName, mimeType, size };
}

export function encodeContent({ size, lastChunk }: AttachmentContent): Uint8Array {
	return encodeCbor([size, lastChunk === undefined ? null : fromHex(lastChunk, 32)]);
}

/** The attachments of a document by id. What is no reference, because a member wrote something else there, is left out. */
export function referencesOf(data: DocumentData): Map<string, AttachmentReference> {
	const map = data[attachmentsKey];
	return readReferences(isRecord(map) ? Object.entries(map) : []);
}

/** @param entries fields of each reference by attachment id. */
export function readReferences(entries: Iterable<readonly [string, unknown]>): Map<string, AttachmentReference> {
	const references = new Map<string, AttachmentReference>();
	for (const [id, fields] of entries) {
		const reference = readReference(id, fields);
		if (reference !== undefined) references.set(id, reference);
	}
	return references;
}

function readReference(id: string, fields: unknown): AttachmentReference | undefined {
	if (!isRecord(fields)) return undefined;
	const { fileName, mimeType, content } = fields;
	if (typeof fileName !== "string" || typeof mimeType !== "string" || !(content instanceof Uint8Array))
		return undefined;
	const decoded = decodeContent(content);
	return decoded && { id, fileName, mimeType, ...decoded };
}

function decodeContent(bytes: Uint8Array): AttachmentContent | undefined {
	let value: unknown;
	try {
		value = decodeCbor(bytes);
	} catch (error) {
		if (error instanceof MindooError) return undefined;
		throw error;
	}
	if (!Array.isArray(value) || value.length !== 2) return undefined;
	const [size, lastChunk] = value as readonly unknown[];
	if (typeof size !== "number") return undefined;
	if (lastChunk === null) return size === 0 ? { size, lastChunk: undefined } : undefined;
	if (!(lastChunk instanceof Uint8Array) || lastChunk.length !== 32 || size === 0) return undefined;
	return { size, lastChunk: toHex(lastChunk) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
