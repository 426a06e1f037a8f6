import type { DocumentData } from "../automerge/plain-data.js";
import type { DocumentFacts } from "./projection/projection-row.js";

/** A document as it was when it was read; it does not change when the database does. */
export class MindooDoc {
	readonly #facts: () => DocumentFacts;
	readonly #data: () => DocumentData;

	/** 32 characters, base64url. */
	readonly id: string;
	/** Whether it is deleted; its data stays readable and can come back by `undeleteDocument`. */
	readonly isDeleted: boolean;

	/** @param facts gives the same ones at every call. @param data makes a new copy at every call. */
	constructor(id: string, isDeleted: boolean, facts: () => DocumentFacts, data: () => DocumentData) {
		this.id = id;
		this.isDeleted = isDeleted;
		this.#facts = facts;
		this.#data = data;
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
}
