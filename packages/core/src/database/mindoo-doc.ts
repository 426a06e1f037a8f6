import type { DocumentData } from "../automerge/plain-data.js";
import type { AttachmentReader, AttachmentSource } from "./attachments/attachment-reader.js";
import { type AttachmentInfo, infoOf, referencesOf } from "./attachments/attachment-reference.js";
import type { DocumentFacts } from "./projection/projection-row.js";

/** A document as it was when it was read; it does not change when the database does. */
export class MindooDoc {
	readonly #facts: () => DocumentFacts;
	readonly #data: () => DocumentData;
	readonly #attachments: AttachmentReader;

	/** 32 characters, base64url. */
	readonly id: string;
	/** Whether it is deleted; its data stays readable and can come back by `undeleteDocument`. */
	readonly isDeleted: boolean;

	/**
	 * @param facts gives the same ones at every call. @param data makes a new copy at every call.
	 * @param attachments reads what `data` refers to.
	 */
	constructor(
		id: string,
		isDeleted: boolean,
		facts: () => DocumentFacts,
		data: () => DocumentData,
		attachments: AttachmentReader,
	) {
		this.id = id;
		this.isDeleted = isDeleted;
		this.#facts = facts;
		this.#data = data;
		this.#attachments = attachments;
	}

	/** "default" or the name of the key that guards this document, for life. */
	get decryptionKeyId(): string {
		return this.#facts().decryptionKeyId;
	}

	/** Automerge heads: hashes of the changes that nothing follows, 64 hex digits each, sorted. */
	get heads(): string[] {
		return this.#facts().heads.map(([change]) => change);
	}

	/** Milliseconds, by the creator's clock. */
	get createdAt(): number {
		return this.#facts().createdAt;
	}

	/** Public signing key of the creator, 64 hex digits. */
	get createdBy(): string {
		return this.#facts().createdBy;
	}

	/** Milliseconds, by the last author's clock. */
	get lastModifiedAt(): number {
		return this.#facts().lastModifiedAt;
	}

	/** Public signing key of the author of the latest change, 64 hex digits. */
	get lastModifiedBy(): string {
		return this.#facts().lastModifiedBy;
	}

	/**
	 * What the document shows: maps, lists, strings, numbers, booleans, null, `Date`, `Uint8Array`. A new copy at every call, which
	 * the caller may keep and change.
	 */
	getData<T = DocumentData>(): T {
		return this.#data() as T;
	}

	/** The files that belong to the document, as they were when it was read. Further ones are added in `MindooDB.changeDoc`. */
	getAttachments(): AttachmentInfo[] {
		return [...referencesOf(this.#data()).values()].map(infoOf);
	}

	/**
	 * All bytes of an attachment.
	 * @throws {UsageError} `not-found`. @throws {StoreError} `chunk-missing` names a chunk that is not here; {VerifyError} one that is not
	 * what the document refers to; {KeyError} when its key is missing.
	 */
	getAttachment(attachmentId: string): Promise<Uint8Array> {
		return this.#attachments.all(this.#source(), attachmentId);
	}

	/** Bytes from `start` to `end`, exclusive; reads only the chunks that hold them. Throws as `getAttachment`, and for a range outside. */
	getAttachmentRange(attachmentId: string, start: number, end: number): Promise<Uint8Array> {
		return this.#attachments.range(this.#source(), attachmentId, start, end);
	}

	/** How many bytes of an attachment are on this replica; the others are fetched from a source. Throws as `getAttachment`. */
	getHeldBytes(attachmentId: string): Promise<number> {
		return this.#attachments.held(this.#source(), attachmentId);
	}

	/** Bytes from `offset` on, piece by piece; each belongs to the caller. Throws as `getAttachmentRange`. */
	streamAttachment(attachmentId: string, offset = 0): AsyncGenerator<Uint8Array> {
		return this.#attachments.stream(this.#source(), attachmentId, offset);
	}

	#source(): AttachmentSource {
		return {
			docId: this.id,
			decryptionKeyId: () => this.decryptionKeyId,
			references: () => referencesOf(this.#data()),
		};
	}
}
