/**
 * An envelope as a document. At its root, all of them texts that are one register each:
 *
 * | field   | content                                                                                             |
 * |---------|-----------------------------------------------------------------------------------------------------|
 * | form    | "dm3-envelope"                                                                                      |
 * | account | whose it is: HMAC over the signature that leads to dm3's root container                             |
 * | tag     | which one it is: HMAC over stringify([account, contact, envelope]), of the envelope as it came first |
 * | value   | dm3's encrypted text of stringify({ contact, envelope, revision, tag })                             |
 *
 * HMAC = HMAC-SHA-256(storage key, label ‖ 00 ‖ text) as hex digits, with the labels "mindoodb/1/dm3-account" and "mindoodb/1/dm3-envelope". Without
 * the storage key nobody can tell whom a message is for, or test a guess of it, not even other members who can read the document.
 */

import { ImmutableString, type InitialValues, type MindooDoc, toHex } from "@mindoodb/core";
import {
	checkEnvelope,
	type Dm3Crypto,
	Dm3Error,
	decryptText,
	type Envelope,
	encryptText,
	messageHash,
	type StorageKeys,
	type StoredEnvelope,
	storedEnvelope,
	stringify,
} from "@mindoodb/formats/dm3";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

const form = "dm3-envelope";

/** One document of a message; importers that did not know of each other each made one. */
export interface Copy {
	readonly docId: string;
	/** Joins the copies of a message. */
	readonly tag: string;
	readonly contact: string;
	/** How often the message was edited, along the way to this copy. */
	readonly revision: number;
	/** A deleted copy deletes all. */
	readonly isDeleted: boolean;
	/** `messageHash` of what it shows. */
	readonly hash: string;
	/** The tag that the envelope which it shows would have: the copy's own until it is edited. */
	readonly shownTag: string;
	/** Milliseconds since 1970. */
	readonly timestamp: number;
	/** UTF-8 bytes of the envelope's text. */
	readonly size: number;
}

/** What a document is to hold. */
export interface EnvelopeState {
	readonly contact: string;
	readonly message: StoredEnvelope;
	readonly tag: string;
	readonly revision: number;
}

/** Turns envelopes of one account into documents and back. */
export class EnvelopeDocuments {
	readonly #storageKey: Uint8Array;
	readonly #crypto: Dm3Crypto;
	readonly #account: string;

	constructor({ storageKey, signature }: StorageKeys, crypto: Dm3Crypto) {
		this.#storageKey = storageKey.slice();
		this.#crypto = crypto;
		this.#account = this.#hmac("mindoodb/1/dm3-account", signature);
	}

	tagOf(contact: string, { envelope }: Pick<StoredEnvelope, "envelope">): string {
		return this.#hmac("mindoodb/1/dm3-envelope", stringify([this.#account, contact, envelope]));
	}

	/** The values of a new document. */
	async encode(state: EnvelopeState): Promise<InitialValues> {
		return {
			form: new ImmutableString(form),
			account: new ImmutableString(this.#account),
			tag: new ImmutableString(state.tag),
			value: await this.encodeValue(state),
		};
	}

	/** The one value that an edit replaces. */
	async encodeValue({ contact, message, tag, revision }: EnvelopeState): Promise<ImmutableString> {
		const text = stringify({ contact, envelope: message.envelope, revision, tag });
		return new ImmutableString(await encryptText(text, this.#storageKey, this.#crypto));
	}

	/**
	 * @returns `undefined` of documents that are no envelopes of this account.
	 * @throws {Dm3Error} of those that are, but cannot be read.
	 */
	async decode(doc: MindooDoc): Promise<{ readonly copy: Copy; readonly envelope: Envelope } | undefined> {
		const data = doc.getData();
		if (data.form !== form || data.account !== this.#account) return undefined;
		if (typeof data.value !== "string") throw new Dm3Error("payload", "expected an encrypted text");
		const text = await decryptText(data.value, this.#storageKey, this.#crypto.aead);
		const { contact, envelope: given, revision, tag } = parseState(text);
		// Whoever can write the document can put another document's value into it.
		if (typeof contact !== "string" || !Number.isSafeInteger(revision) || typeof tag !== "string" || tag !== data.tag) {
			throw new Dm3Error("container", "expected the envelope that the document's tag names", { field: "tag" });
		}
		const message = storedEnvelope(checkEnvelope(given, "container"));
		const { envelope, timestamp, size } = message;
		const shownTag = this.tagOf(contact, message);
		const { id: docId, isDeleted } = doc;
		const hash = messageHash(envelope);
		return {
			copy: { docId, tag, contact, revision: revision as number, isDeleted, hash, shownTag, timestamp, size },
			envelope,
		};
	}

	#hmac(label: string, text: string): string {
		return toHex(hmac(sha256, this.#storageKey, new TextEncoder().encode(`${label}\0${text}`)));
	}
}

function parseState(text: string): Readonly<Record<string, unknown>> {
	try {
		return (JSON.parse(text) ?? {}) as Record<string, unknown>;
	} catch {
		throw new Dm3Error("container", "expected JSON");
	}
}
