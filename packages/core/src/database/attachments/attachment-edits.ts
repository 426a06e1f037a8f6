import type { CrdtDocument } from "../../automerge/crdt-document.js";
import { toBase64Url } from "../../bytes/base64.js";
import type { Entry } from "../../entry/entry.js";
import { nameOfError, UsageError } from "../../errors.js";
import type { DatabaseContext } from "../context.js";
import { type AttachmentReader, type AttachmentSource, unknownAttachment } from "./attachment-reader.js";
import {
	type AttachmentInfo,
	type AttachmentReference,
	encodeContent,
	infoOf,
	readReferences,
} from "./attachment-reference.js";
import type { ByteSource } from "./byte-chunks.js";
import { Upload, type UploadOptions, type UploadParts } from "./upload.js";

/** Bytes of an edit that wait in memory and are written with its change: what is small costs no write of its own. */
const heldBytes = 256 * 1024;

export interface AttachmentOptions {
	/** Ends the upload; nothing of it is left. */
	readonly signal?: AbortSignal;
	/** Told how many bytes are encrypted. */
	readonly onProgress?: (done: number) => void;
}

export interface AttachmentEditsParts extends UploadParts {
	readonly reader: AttachmentReader;
	/** Most bytes of an attachment, as the settings say. */
	readonly largest: () => Promise<number | undefined>;
}

/**
 * The attachments of the document that `changeDoc` is editing. Good inside the callback alone; what it adds becomes part of the document
 * with the change, or, if that fails, is let go.
 */
export class AttachmentEdits {
	readonly #parts: AttachmentEditsParts;
	readonly #crdt: CrdtDocument;
	readonly #uploads = new Set<Upload>();
	readonly #pending = new Map<string, Entry>();
	readonly #running = new Set<Promise<unknown>>();
	readonly #chunks: Entry[] = [];
	#closed = false;

	/** For the writer. */
	constructor(parts: AttachmentEditsParts, crdt: CrdtDocument) {
		this.#parts = parts;
		this.#crdt = crdt;
	}

	/** Adds a file. Resolves with its id; its bytes are durable with the change. @throws {UsageError} code `limit` above `maxAttachmentSize`. */
	addAttachment(data: Uint8Array, fileName: string, mimeType: string, options?: AttachmentOptions): Promise<string> {
		return this.addAttachmentStream(whole(data), fileName, mimeType, options);
	}

	/** As `addAttachment` for bytes that come piece by piece. Takes them no faster than the store does. */
	addAttachmentStream(
		source: ByteSource,
		fileName: string,
		mimeType: string,
		options: AttachmentOptions = {},
	): Promise<string> {
		return this.#run(async () => {
			if (typeof fileName !== "string" || typeof mimeType !== "string") {
				throw new UsageError("attachment: expected a text as file name and as MIME type");
			}
			const id = toBase64Url(this.#parts.context.env.random.randomBytes(16));
			const { bytes, lastChunk } = await this.#upload(source, undefined, 0, options);
			this.#crdt.draftAttachments().add(id, { fileName, mimeType, content: encodeContent({ size: bytes, lastChunk }) });
			return id;
		});
	}

	/** Adds bytes at the end of a file. @throws {UsageError} `not-found`, `limit` */
	appendToAttachment(id: string, data: Uint8Array, options?: AttachmentOptions): Promise<void> {
		return this.appendToAttachmentStream(id, whole(data), options);
	}

	appendToAttachmentStream(id: string, source: ByteSource, options: AttachmentOptions = {}): Promise<void> {
		return this.#run(async () => {
			const { size, lastChunk } = this.#reference(id);
			const { bytes, lastChunk: last } = await this.#upload(source, lastChunk, size, options);
			const now = this.#reference(id);
			if (now.lastChunk !== lastChunk) {
				throw new UsageError("appendToAttachment: another append to this attachment is under way in the same edit");
			}
			if (bytes === 0) return;
			this.#crdt.draftAttachments().setContent(id, encodeContent({ size: size + bytes, lastChunk: last }));
		});
	}

	/** Takes a file out of the document; earlier revisions still have it. @throws {UsageError} `not-found` */
	removeAttachment(id: string): void {
		this.#reference(id);
		this.#crdt.draftAttachments().remove(id);
	}

	/** The attachments as edited so far. */
	getAttachments(): AttachmentInfo[] {
		return [...this.#references().values()].map(infoOf);
	}

	/** As on a document, and with what was edited so far. */
	getAttachment(id: string): Promise<Uint8Array> {
		return this.#run(() => this.#parts.reader.all(this.#source(), id));
	}

	getAttachmentRange(id: string, start: number, end: number): Promise<Uint8Array> {
		return this.#run(() => this.#parts.reader.range(this.#source(), id, start, end));
	}

	streamAttachment(id: string, offset = 0): AsyncGenerator<Uint8Array> {
		return this.#parts.reader.stream(this.#source(), id, offset);
	}

	/** For the writer: whether a call is under way that nobody may have awaited. */
	get isBusy(): boolean {
		return this.#running.size > 0;
	}

	/**
	 * For the writer: resolves when nothing is under way and all bytes that were added are durable.
	 * @throws what a call failed with that was still under way.
	 */
	async settled(): Promise<void> {
		do {
			while (this.#running.size > 0) {
				const ended = await Promise.allSettled(this.#running);
				for (const each of ended) if (each.status === "rejected") throw each.reason;
			}
			for (const upload of this.#uploads) await upload.settle();
		} while (this.#running.size > 0);
	}

	/** For the writer, while the draft is open: ends the edits and finds the chunks that the document refers to now. */
	close(): void {
		this.#closed = true;
		if (this.#pending.size === 0) return;
		for (const { lastChunk } of this.#references().values()) {
			const last = lastChunk === undefined ? undefined : this.#pending.get(lastChunk);
			if (last !== undefined) this.#parts.reader.remember(last);
			for (let hash = lastChunk; hash !== undefined; ) {
				const entry: Entry | undefined = this.#pending.get(hash);
				if (entry === undefined || !this.#pending.delete(hash)) break;
				this.#chunks.push(entry);
				hash = entry.fields?.dependencyHashes[0];
			}
		}
		this.#chunks.reverse();
	}

	/** For the writer: chunks, unsigned, each behind the one that it follows. */
	get chunks(): readonly Entry[] {
		return this.#chunks;
	}

	/** For the writer: ends the edits in vain; calls that are still under way find out and let go of what they staged. */
	abandon(): void {
		this.#closed = true;
	}

	/** For the writer: lets the staged bytes go that no entry needs. */
	async release(): Promise<void> {
		this.#closed = true;
		const uploads = [...this.#uploads];
		this.#uploads.clear();
		try {
			for (const upload of uploads) await upload.release();
		} catch (error) {
			// The change stands or failed whatever becomes of these; they are garbage in a day.
			this.#parts.context.env.log("warn", "staged bytes could not be let go", { error: nameOfError(error) });
		}
	}

	async #upload(source: ByteSource, lastChunk: string | undefined, size: number, options: AttachmentOptions) {
		const [largest, previous] = await Promise.all([this.#parts.largest(), this.#chunk(lastChunk)]);
		const upload = new Upload(this.#parts);
		this.#uploads.add(upload);
		const { signal, onProgress } = options;
		const uploading: UploadOptions = {
			signal,
			onBytes: (done) => {
				if (largest !== undefined && size + done > largest) throw tooLarge(largest);
				this.#live();
				onProgress?.(done);
			},
		};
		try {
			const written = await upload.write(source, previous, uploading);
			this.#live();
			for (const entry of upload.entries) this.#pending.set(entry.hash, entry);
			return written;
		} catch (error) {
			this.#uploads.delete(upload);
			await upload.release();
			throw error;
		}
	}

	/** The chunk that an append goes on from. */
	async #chunk(hash: string | undefined): Promise<{ readonly hash: string; readonly createdAt: number } | undefined> {
		if (hash === undefined) return undefined;
		const pending = this.#pending.get(hash);
		const { reader, docId } = this.#parts;
		return { hash, createdAt: pending?.common.createdAt ?? (await reader.timeOf(hash, docId)) };
	}

	#source(): AttachmentSource {
		const { docId, key } = this.#parts;
		return {
			docId,
			decryptionKeyId: () => key.decryptionKeyId,
			references: () => this.#references(),
			pending: this.#pending,
		};
	}

	#reference(id: string): AttachmentReference {
		const fields = this.#crdt.draftAttachments().find(id);
		const reference = readReferences(fields === undefined ? [] : [[id, fields]]).get(id);
		if (reference === undefined) throw unknownAttachment();
		return reference;
	}

	#references(): Map<string, AttachmentReference> {
		return readReferences(this.#crdt.draftAttachments().read());
	}

	#run<T>(task: () => Promise<T>): Promise<T> {
		const running = (async () => {
			this.#live();
			return task();
		})();
		this.#running.add(running);
		const done = () => this.#running.delete(running);
		running.then(done, done);
		return running;
	}

	#live(): void {
		if (this.#closed) {
			throw new UsageError("attachments can be edited only inside the callback of changeDoc", { code: "draft-closed" });
		}
	}
}

/** The attachments of a document's open draft. @param place `author`: public key, hex. */
export function editAttachments(
	context: DatabaseContext,
	place: Pick<UploadParts, "docId" | "key" | "author">,
	crdt: CrdtDocument,
): AttachmentEdits {
	const { store, attachmentStore = store, chunkSize, attachments: reader, largestAttachment: largest } = context;
	const directoryHeads = () => context.trust.headsFor(place.author);
	const room = { bytes: heldBytes };
	return new AttachmentEdits(
		{ context, store: attachmentStore, ...place, directoryHeads, chunkSize, room, reader, largest },
		crdt,
	);
}

async function* whole(data: Uint8Array): AsyncGenerator<Uint8Array> {
	if (!(data instanceof Uint8Array)) throw new UsageError("attachment: expected a Uint8Array");
	if (data.length > 0) yield data;
}

function tooLarge(largest: number): UsageError {
	return new UsageError(`attachment: the settings allow at most ${largest} bytes`, {
		code: "limit",
		expected: largest,
	});
}
