/**
 * A document's projection row: what it shows, ready to be read without loading the CRDT, encrypted at rest.
 *
 * | offset | size | meaning                                                              |
 * |--------|------|----------------------------------------------------------------------|
 * | 0      | 1    | flags: 1 shown, 2 deleted, 4 locked                                  |
 * | 1      | 6    | feed number of the document's latest change                          |
 * | 7      | 6    | last arrival that was applied                                        |
 * | 13     | 1+n  | document id: length, UTF-8                                           |
 * | then   | 32   | key commitment, only when shown                                      |
 * | then   | 12   | iv                                                                   |
 * | then   | rest | AES-256-GCM under the document's projection key, and tag             |
 *
 * Associated data: CBOR[dbId, docId, keyCommitment, last applied arrival]. Plaintext: length(4) ‖ facts as JSON ‖ data as
 * `encodeProjection` writes it. Source: docs/architecture.md, "The ways of the data".
 */
import type { RootState } from "../../automerge/root-state.js";
import { readUint, writeUint } from "../../bytes/big-endian.js";
import { cborIntegerSize, cborTextSize, encodeCbor, writeCborInteger, writeCborText } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { decodeUtf8, encodeUtf8 } from "../../bytes/text.js";
import type { Crypto, Random } from "../../crypto/crypto.js";
import { FormatError } from "../../errors.js";

/** What a document tells about itself besides its data. */
export interface DocumentFacts {
	readonly decryptionKeyId: string;
	/** Automerge heads, each with the address of its entry. */
	readonly heads: readonly (readonly [change: string, entry: string])[];
	readonly createdAt: number;
	/** Public key, hex. */
	readonly createdBy: string;
	readonly lastModifiedAt: number;
	readonly lastModifiedBy: string;
	/** What it takes to edit root fields of a long document before it is loaded. */
	readonly root?: RootState | undefined;
}

/** The part of the row that needs no key. */
export interface ProjectionHead {
	readonly docId: string;
	readonly feed: number;
	readonly applied: number;
	readonly shown: boolean;
	readonly deleted: boolean;
	readonly locked: boolean;
	/** 32 bytes, present when shown. Bytes, not hex: a list of documents compares thousands of them with the one before. */
	readonly keyCommitment: Uint8Array | undefined;
}

export interface SealedProjection {
	readonly head: ProjectionHead;
	readonly ivView: Uint8Array;
	readonly ciphertextView: Uint8Array;
}

export interface OpenedProjection {
	readonly facts: DocumentFacts;
	/** As `decodeProjection` takes it. */
	readonly data: Uint8Array;
}

/** What the rows of a database under one version of a key are bound to; most of it is the same for thousands of documents. */
export class ProjectionBinding {
	readonly #before: Uint8Array;
	readonly #behind: Uint8Array;

	/** @param keyCommitment 32 bytes. */
	constructor(dbId: string, keyCommitment: Uint8Array) {
		// An array of four begins like one of two.
		this.#before = encodeCbor([dbId, ""]).slice(0, -1);
		this.#before[0] = 0x84;
		this.#behind = encodeCbor(keyCommitment);
	}

	/** CBOR[dbId, docId, keyCommitment, last applied arrival]. */
	associatedData(docId: string, applied: number): Uint8Array {
		const size = this.#before.length + cborTextSize(docId) + this.#behind.length + cborIntegerSize(applied);
		const bytes = new Uint8Array(size);
		bytes.set(this.#before);
		const end = writeCborText(bytes, this.#before.length, docId);
		bytes.set(this.#behind, end);
		writeCborInteger(bytes, end + this.#behind.length, applied);
		return bytes;
	}
}

/** A row for a document that shows nothing here: locked, refused or pending as a whole. */
export function encodeHiddenRow(head: Pick<ProjectionHead, "docId" | "feed" | "applied" | "locked">): Uint8Array {
	return encodeHead({ ...head, shown: false, deleted: false, keyCommitment: undefined });
}

/** Encrypts what a document shows. @param key the document's projection key. */
export async function sealProjectionRow(
	env: { readonly crypto: Crypto; readonly random: Random },
	binding: ProjectionBinding,
	head: Omit<ProjectionHead, "shown" | "locked" | "keyCommitment"> & { readonly keyCommitment: Uint8Array },
	opened: OpenedProjection,
	key: Uint8Array,
): Promise<Uint8Array> {
	const facts = encodeUtf8(JSON.stringify(opened.facts));
	const plaintext = new Uint8Array(4 + facts.length + opened.data.length);
	writeUint(plaintext, 0, facts.length, 4);
	plaintext.set(facts, 4);
	plaintext.set(opened.data, 4 + facts.length);
	const iv = env.random.randomBytes(12);
	const full: ProjectionHead = { ...head, shown: true, locked: false };
	const sealed = await env.crypto.seal(key, iv, plaintext, binding.associatedData(full.docId, full.applied));
	return concatBytes(encodeHead(full), iv, sealed);
}

/** Puts another feed number into a row. */
export function setFeed(row: Uint8Array, feed: number): void {
	writeUint(row, 1, feed, 6);
}

/** @throws {FormatError} when the row is damaged. */
export function decodeProjectionRow(row: Uint8Array): SealedProjection {
	if (row.length < 15 || row.length < 14 + (row[13] as number)) throw damaged();
	const flags = row[0] as number;
	const shown = (flags & 1) !== 0;
	const idEnd = 14 + (row[13] as number);
	const end = shown ? idEnd + 32 : idEnd;
	if (flags > 7 || (shown ? row.length < end + 28 : row.length !== end)) throw damaged();
	const head: ProjectionHead = {
		docId: decodeUtf8(row.subarray(14, idEnd)),
		feed: readUint(row, 1, 6),
		applied: readUint(row, 7, 6),
		shown,
		deleted: (flags & 2) !== 0,
		locked: (flags & 4) !== 0,
		keyCommitment: shown ? row.subarray(idEnd, end) : undefined,
	};
	return { head, ivView: row.subarray(end, end + 12), ciphertextView: row.subarray(end + 12) };
}

/** @returns `undefined` when key or binding do not fit: the row is damaged and has to be made anew. */
export async function openProjectionRow(
	crypto: Crypto,
	binding: ProjectionBinding,
	sealed: SealedProjection,
	key: Uint8Array,
): Promise<OpenedProjection | undefined> {
	const { head, ivView, ciphertextView } = sealed;
	const plaintext = await crypto.open(key, ivView, ciphertextView, binding.associatedData(head.docId, head.applied));
	if (plaintext === undefined) return undefined;
	const end = 4 + readUint(plaintext, 0, 4);
	let facts: DocumentFacts | undefined;
	return {
		/** Read when somebody asks: a list of documents does not. */
		get facts() {
			facts ??= JSON.parse(decodeUtf8(plaintext.subarray(4, end))) as DocumentFacts;
			return facts;
		},
		data: plaintext.subarray(end),
	};
}

function encodeHead(head: ProjectionHead): Uint8Array {
	const id = encodeUtf8(head.docId);
	const bytes = new Uint8Array(14 + id.length + (head.keyCommitment === undefined ? 0 : 32));
	bytes[0] = (head.shown ? 1 : 0) | (head.deleted ? 2 : 0) | (head.locked ? 4 : 0);
	writeUint(bytes, 1, head.feed, 6);
	writeUint(bytes, 7, head.applied, 6);
	bytes[13] = id.length;
	bytes.set(id, 14);
	if (head.keyCommitment !== undefined) bytes.set(head.keyCommitment, 14 + id.length);
	return bytes;
}

function damaged(): FormatError {
	return new FormatError("projection row: expected flags, feed, arrival, document id and ciphertext");
}
