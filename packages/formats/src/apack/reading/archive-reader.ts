import { concatBytes } from "../../bytes/concat.js";
import { encodeUtf8 } from "../../bytes/utf8.js";
import type { ByteSource } from "../../ports.js";
import { ChunkCodec } from "../chunk-codec.js";
import { ApackError } from "../errors.js";
import { type ChunkHeader, chunkHeaderLength } from "../format/chunk-header.js";
import type { EncryptionBlock } from "../format/encryption-block.js";
import type { FileHeader } from "../format/file-header.js";
import type { ApackPlatform } from "../platform.js";
import { SourceView } from "./byte-view.js";
import { ahead, type ChunkMark, type ChunkPlace, walkChunks } from "./chunk-walk.js";
import { type ApackEntry, chunkPlaceOf, type LocatedHeader, readEntryHeader } from "./entry.js";
import { expectSame, type Layout, readLayout } from "./layout.js";
import { type OpenOptions, type Preamble, readPreamble } from "./preamble.js";

/** Chunks between two remembered places. */
const markEvery = 256;

export interface ReadOptions {
	/** First byte wanted. @default 0 */
	readonly start?: number;
	/** Byte behind the last one wanted. @default the size of the entry */
	readonly end?: number;
	readonly signal?: AbortSignal;
}

/**
 * Opens an archive. Reads its header, trailer and table of contents, and with a password derives the key; entries are read when they
 * are asked for. A password or key is not needed to see what the archive lists: names and sizes are never encrypted.
 * @throws {ApackError}
 */
export async function openArchive(source: ByteSource, options: OpenOptions): Promise<ArchiveReader> {
	const view = new SourceView(source, options.signal);
	const preamble = await readPreamble(view, options);
	const layout = await readLayout(view, source.size, { preamble, crc32: options.platform.crc32 });
	return new ArchiveReader(source, { preamble, layout, platform: options.platform });
}

/** An open archive. Holds nothing that must be closed; several reads may run at once. */
export class ArchiveReader {
	readonly #source: ByteSource;
	readonly #preamble: Preamble;
	readonly #layout: Layout;
	readonly #xxh3: (bytes: Uint8Array) => number;
	readonly codec: ChunkCodec;
	/** Places in the entry that a range was read of last. */
	#marks: { readonly contentOffset: number; readonly marks: ChunkMark[] } = { contentOffset: -1, marks: [] };

	/** Use `openArchive`. */
	constructor(
		source: ByteSource,
		parts: { readonly preamble: Preamble; readonly layout: Layout; readonly platform: ApackPlatform },
	) {
		this.#source = source;
		this.#preamble = parts.preamble;
		this.#layout = parts.layout;
		this.#xxh3 = parts.platform.xxh3;
		this.codec = new ChunkCodec(parts.platform, parts.preamble.header.checksum, parts.preamble.key);
	}

	get header(): FileHeader {
		return this.#preamble.header;
	}

	/** `undefined` when the archive is not encrypted, or opens with a raw key alone. */
	get encryption(): EncryptionBlock | undefined {
		return this.#preamble.encryption;
	}

	get form(): "container" | "stream" {
		return this.#layout.form;
	}

	get entryCount(): number {
		return this.#layout.form === "stream" ? 1 : this.#layout.toc.length;
	}

	/** Original bytes of all entries, as the table of contents has them. */
	get totalSize(): number {
		if (this.#layout.form === "stream") return this.#layout.trailer.originalSize;
		let sum = 0;
		for (let i = 0; i < this.entryCount; i++) sum += this.#layout.toc.record(i).originalSize;
		return sum;
	}

	/** @throws {ApackError} `usage`, or what is wrong with the entry. */
	entry(position: number): Promise<ApackEntry> {
		return this.#entry(position, this.view());
	}

	/** All entries in their order. @throws {ApackError} at the first damaged one. */
	async *entries(signal?: AbortSignal): AsyncGenerator<ApackEntry> {
		const view = this.view(signal);
		for (let position = 0; position < this.entryCount; position++) yield await this.#entry(position, view);
	}

	/** @returns the first entry of this name. */
	async find(name: string): Promise<ApackEntry | undefined> {
		const layout = this.#layout;
		const view = this.view();
		const hash = this.#xxh3(encodeUtf8(name));
		for (let position = 0; position < this.entryCount; position++) {
			if (layout.form === "container" && layout.toc.record(position).nameHash !== hash) continue;
			const entry = await this.#entry(position, view);
			if (entry.name === name) return entry;
		}
		return undefined;
	}

	/**
	 * The content of an entry, or a range of it; only the chunks that the range touches are decoded.
	 * @throws {ApackError} when anything is wrong; what came before it was right.
	 */
	async *read(
		entry: ApackEntry,
		{ start = 0, end = entry.originalSize, signal }: ReadOptions = {},
	): AsyncGenerator<Uint8Array> {
		if (
			!(
				Number.isSafeInteger(start) &&
				Number.isSafeInteger(end) &&
				0 <= start &&
				start <= end &&
				end <= entry.originalSize
			)
		) {
			throw new ApackError("usage", `range: expected two offsets up to ${entry.originalSize}, in this order`);
		}
		const whole = start === 0 && end === entry.originalSize;
		const marks = whole ? [] : this.#marksOf(entry);
		const from = marks.findLast((mark) => mark.position <= start);
		const view = this.view(signal);
		for await (const chunk of walkChunks(view, this.place(entry), from)) {
			const { position, header } = chunk;
			if (chunk.index % markEvery === 0 && (marks.at(-1)?.index ?? -1) < chunk.index) {
				marks.push({ index: chunk.index, offset: chunk.offset, position });
			}
			const [first, behind] = [Math.max(start, position), Math.min(end, position + header.originalSize)];
			// A chunk without bytes is opened as well when all is read: it has a tag and a checksum.
			if (first < behind || (whole && header.originalSize === 0)) {
				const payload = await chunk.payload();
				// The next one has mostly as many bytes.
				if (chunk.end.position < end) view.prefetch(chunk.end.offset, chunkHeaderLength + header.storedSize + ahead);
				const content = await this.codec.decode(payload, header, entry);
				if (content.length > 0) yield content.subarray(first - position, behind - position);
			}
			if (!whole && position + header.originalSize >= end) return;
		}
	}

	/** The headers of an entry's chunks, without opening what they hold. @throws {ApackError} */
	async *chunks(entry: ApackEntry, signal?: AbortSignal): AsyncGenerator<ChunkHeader> {
		for await (const { header } of walkChunks(this.view(signal), this.place(entry))) yield header;
	}

	/** Bytes `[start, end)` of an entry. @throws {ApackError} */
	async readRange(entry: ApackEntry, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
		const pieces: Uint8Array[] = [];
		const options = { start, end, ...(signal === undefined ? {} : { signal }) };
		for await (const piece of this.read(entry, options)) pieces.push(piece);
		return concatBytes(pieces);
	}

	/** A fresh view of the archive's bytes. */
	view(signal?: AbortSignal): SourceView {
		return new SourceView(this.#source, signal);
	}

	/** What the chunks of an entry are held against. */
	place(entry: ApackEntry): ChunkPlace {
		return chunkPlaceOf(entry, this.#preamble, entry);
	}

	async #entry(position: number, view: SourceView): Promise<ApackEntry> {
		if (!(Number.isInteger(position) && position >= 0 && position < this.entryCount)) {
			throw new ApackError("usage", `entry: expected a position below ${this.entryCount}`);
		}
		const layout = this.#layout;
		if (layout.form === "stream") {
			const located = await readEntryHeader(view, this.#preamble.dataStart, this.#preamble);
			const entry = withSizes(located, layout.trailer, position);
			if (located.chunkCount > 0) expectSame("chunkCount", layout.trailer.chunkCount, located.chunkCount);
			expectSame("storedSize", entry.contentOffset + entry.storedSize, layout.trailerOffset);
			return { ...entry, chunkCount: layout.trailer.chunkCount };
		}
		const record = layout.toc.record(position);
		const located = await readEntryHeader(view, record.offset, this.#preamble);
		expectSame("entryId", record.id, located.id);
		expectSame("nameHash", record.nameHash, this.#xxh3(encodeUtf8(located.name)));
		expectSame("entryChecksum", record.headerChecksum, located.headerChecksum);
		const end = position + 1 < this.entryCount ? layout.toc.record(position + 1).offset : layout.tocOffset;
		if (located.contentOffset + record.storedSize > end) {
			throw new ApackError("mismatch", `entry ${position} reaches into what follows it`, { field: "storedSize" });
		}
		return withSizes(located, record, position);
	}

	#marksOf({ contentOffset }: ApackEntry): ChunkMark[] {
		if (this.#marks.contentOffset !== contentOffset) this.#marks = { contentOffset, marks: [] };
		return this.#marks.marks;
	}
}

function withSizes(
	located: LocatedHeader,
	{ originalSize, storedSize }: { readonly originalSize: number; readonly storedSize: number },
	position: number,
): ApackEntry {
	if (located.chunkCount > 0) {
		expectSame("originalSize", originalSize, located.originalSize);
		expectSame("storedSize", storedSize, located.storedSize);
	}
	return { ...located, originalSize, storedSize, position };
}
