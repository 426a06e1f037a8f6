import type { Entry, StoredEntry } from "../../entry/entry.js";
import { openPayload } from "../../entry/payload.js";
import type { Env } from "../../env.js";
import { KeyError, UsageError, VerifyError } from "../../errors.js";
import type { Keyring } from "../../keys/keyring.js";
import { LruMap } from "../../store/lru-map.js";
import { isLargeChunk } from "../../store/record.js";
import type { LocalStore } from "../../store/store.js";
import type { AttachmentHolding } from "../holding/holding.js";
import type { AttachmentReference } from "./attachment-reference.js";
import { ChunkIndex, checkedChunk, missingChunk, type PendingChunks, type PlacedChunk } from "./chunk-index.js";

/** Bytes of the file that are read at once, and how many such groups are on their way while the caller has one. */
const groupBytes = 2 * 1024 * 1024;
const groupsAhead = 2;

/** Files that are appended to by turns. */
const rememberedChunks = 64;

/** A document whose attachments are read: as it stood, so that an earlier revision reads what it referred to. */
export interface AttachmentSource {
	readonly docId: string;
	readonly decryptionKeyId: () => string;
	readonly references: () => ReadonlyMap<string, AttachmentReference>;
	/** Chunks that were added by the edit under way. */
	readonly pending?: PendingChunks;
}

export interface AttachmentReaderContext {
	readonly env: Pick<Env, "crypto">;
	readonly keyring: Keyring;
}

/** The store of the chunks, and where bytes come from that it lacks. */
export type ChunkBytes = Pick<AttachmentHolding, "store" | "fetch" | "touch">;

/** Reads the bytes of attachments: every chunk's address, content and place is checked before a byte of it is given out. */
export class AttachmentReader {
	readonly #context: AttachmentReaderContext;
	readonly #store: LocalStore;
	readonly #index: ChunkIndex;
	readonly #holding: ChunkBytes;
	readonly #latest = new LruMap<string, Pick<Entry["common"], "docId" | "createdAt">>(rememberedChunks);

	constructor(context: AttachmentReaderContext, holding: ChunkBytes) {
		this.#context = context;
		this.#store = holding.store;
		this.#holding = holding;
		this.#index = new ChunkIndex(holding.store);
	}

	/** When a chunk was made. @throws {VerifyError} unless it is one of this document. */
	async timeOf(hash: string, docId: string): Promise<number> {
		const known = this.#latest.get(hash);
		if (known?.docId === docId) return known.createdAt;
		const [arrival] = await this.#store.arrivalsOf([hash]);
		const [found] = arrival === undefined ? [] : await this.#store.getArrivals([arrival], { payload: false });
		// One that has not come is believed: its author may have been the only one to see it yet.
		return found === undefined ? 0 : checkedChunk(found.entry, docId).createdAt;
	}

	/** Takes note of the last chunk of a file, which the next append asks for. */
	remember({ hash, common: { docId, createdAt } }: Entry): void {
		this.#latest.set(hash, { docId, createdAt });
	}

	/** All bytes. Throws as `range`. */
	async all(source: AttachmentSource, id: string): Promise<Uint8Array> {
		return this.range(source, id, 0, referenceOf(source, id).size);
	}

	/**
	 * Bytes from `start` to `end`, exclusive.
	 * @throws {UsageError} for a range outside of the attachment, `not-found` for an unknown id.
	 * @throws {StoreError} `chunk-missing` or `store-damaged`, {VerifyError}, {KeyError} name the chunk.
	 */
	async range(source: AttachmentSource, id: string, start: number, end: number): Promise<Uint8Array> {
		const reference = referenceOf(source, id);
		checkRange(start, end, reference.size);
		if (start === end) return new Uint8Array(0);
		// A size that the chunks do not bear out must not be allocated.
		await this.#index.check(source.docId, reference, source.pending);
		const bytes = new Uint8Array(end - start);
		for await (const { at, piece } of this.#pieces(source, reference, start, end)) bytes.set(piece, at - start);
		return bytes;
	}

	/** Bytes from `offset` on, in pieces that belong to the caller. Throws as `range`. */
	async *stream(source: AttachmentSource, id: string, offset = 0): AsyncGenerator<Uint8Array> {
		const reference = referenceOf(source, id);
		checkRange(offset, reference.size, reference.size);
		for await (const { piece } of this.#pieces(source, reference, offset, reference.size)) yield piece;
	}

	/** Bytes of an attachment that can be read without a source. @throws {UsageError} `not-found` */
	async held(source: AttachmentSource, id: string): Promise<number> {
		const reference = referenceOf(source, id);
		let held = 0;
		for await (const chunks of this.#groups(source, reference, 0, reference.size)) {
			const arrivals = await this.#store.arrivalsOf(chunks.map(({ hash }) => hash));
			const found = await this.#store.getArrivals(
				arrivals.filter((arrival) => arrival !== undefined),
				{ payload: false },
			);
			const large = found.map(({ entry }) => entry).filter(isLargeChunk);
			const present = await this.#store.contents.has(large.map(({ common }) => common.contentHash));
			const lacking = new Set(large.filter((_, index) => !present[index]).map(({ hash }) => hash));
			for (const { hash, size } of chunks) if (!lacking.has(hash)) held += size;
		}
		return held;
	}

	async *#pieces(
		source: AttachmentSource,
		reference: AttachmentReference,
		start: number,
		end: number,
	): AsyncGenerator<{ readonly at: number; readonly piece: Uint8Array }> {
		const ahead: Promise<readonly Opened[]>[] = [];
		try {
			for await (const chunks of this.#groups(source, reference, start, end)) {
				const opening = this.#open(source, chunks);
				// Its failure is told when its turn comes.
				opening.catch(() => undefined);
				ahead.push(opening);
				if (ahead.length > groupsAhead) yield* cut(await (ahead.shift() as Promise<readonly Opened[]>), start, end);
			}
			for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) yield* cut(await next, start, end);
		} finally {
			await Promise.allSettled(ahead);
		}
	}

	/** The chunks of a range in groups that are read at once. */
	async *#groups(
		{ docId, pending }: AttachmentSource,
		reference: AttachmentReference,
		start: number,
		end: number,
	): AsyncGenerator<readonly PlacedChunk[]> {
		for (let at = start; at < end; ) {
			let group: PlacedChunk[] = [];
			let bytes = 0;
			for (const chunk of await this.#index.chunksFrom(docId, reference, at, end, pending)) {
				group.push(chunk);
				bytes += chunk.size;
				at = chunk.start + chunk.size;
				if (bytes < groupBytes) continue;
				yield group;
				group = [];
				bytes = 0;
			}
			if (group.length > 0) yield group;
		}
	}

	async #open(source: AttachmentSource, chunks: readonly PlacedChunk[]): Promise<readonly Opened[]> {
		const stored = chunks.filter(({ hash }) => !source.pending?.has(hash)).map(({ hash }) => hash);
		const found = await withBytes(await this.#store.getEntries(stored), this.#holding);
		const entries = new Map(found.map((entry) => [entry.hash, entry]));
		const opened: Opened[] = [];
		for (const chunk of chunks) {
			const entry = entries.get(chunk.hash) ?? (await this.#staged(source.pending?.get(chunk.hash)));
			if (entry?.kind !== "entry") throw missingChunk(chunk.hash);
			opened.push({ at: chunk.start, bytes: await this.#decrypt(entry, source.decryptionKeyId()) });
		}
		return opened;
	}

	async #staged(entry: Entry | undefined): Promise<Entry | undefined> {
		if (entry === undefined || entry.payload !== undefined) return entry;
		const payload = await this.#store.staging.get(entry.common.contentHash);
		return payload && { ...entry, payload };
	}

	async #decrypt({ hash, fields, payload }: Entry, keyId: string): Promise<Uint8Array> {
		if (fields === undefined || payload === undefined) throw missingChunk(hash);
		if (fields.decryptionKeyId !== keyId) {
			throw new VerifyError("attachment: a chunk is not under the key of its document", { hash });
		}
		const held = this.#context.keyring.get(fields.decryptionKeyId, fields.keyCommitment);
		if (held === undefined) {
			throw new KeyError("attachment: the KeyBag does not hold the key of a chunk", {
				keyId: fields.decryptionKeyId,
				hash,
			});
		}
		const key = await held.subkeys.attachmentKey();
		const bytes = await openPayload(this.#context.env.crypto, fields, payload, key);
		if (bytes === undefined) throw new VerifyError("attachment: a chunk does not open under its key", { hash });
		return bytes;
	}
}

interface Opened {
	readonly at: number;
	readonly bytes: Uint8Array;
}

/** Entries with the payloads that the store lacks, as far as a source has them. */
async function withBytes(entries: readonly StoredEntry[], holding: ChunkBytes): Promise<readonly StoredEntry[]> {
	const large = entries.filter(isLargeChunk);
	const lacking = large.filter(({ payload }) => payload === undefined).map(({ common }) => common.contentHash);
	const fetched = lacking.length === 0 ? undefined : await holding.fetch(lacking);
	await holding.touch(large.map(({ common }) => common.contentHash));
	if (fetched === undefined) return entries;
	return entries.map((entry) =>
		isLargeChunk(entry) && entry.payload === undefined
			? { ...entry, payload: fetched.get(entry.common.contentHash) }
			: entry,
	);
}

/** What of the chunks lies in the range. */
function* cut(opened: readonly Opened[], start: number, end: number) {
	for (const { at, bytes } of opened) {
		const from = Math.max(0, start - at);
		const to = Math.min(bytes.length, end - at);
		yield { at: at + from, piece: from === 0 && to === bytes.length ? bytes : bytes.slice(from, to) };
	}
}

function referenceOf({ references }: AttachmentSource, id: string): AttachmentReference {
	const reference = references().get(id);
	if (reference === undefined) throw unknownAttachment();
	return reference;
}

export function unknownAttachment(): UsageError {
	return new UsageError("the document has no attachment with this id", { code: "not-found" });
}

function checkRange(start: number, end: number, size: number): void {
	for (const offset of [start, end]) {
		if (!Number.isSafeInteger(offset) || offset < 0 || offset > size) {
			throw new UsageError(`attachment: expected a whole number of bytes from 0 to ${size}, found ${offset}`, {
				expected: size,
				found: offset,
			});
		}
	}
	if (end < start) {
		throw new UsageError("attachment: expected a range that does not end before it starts", {
			expected: start,
			found: end,
		});
	}
}
