import { decodeUtf8, encodeUtf8 } from "../../bytes/utf8.js";
import { ChunkCodec, type Compression, compressions } from "../chunk-codec.js";
import { ApackError } from "../errors.js";
import type { Attribute } from "../format/attribute.js";
import { containerTrailerLength, encodeContainerTrailer } from "../format/container-trailer.js";
import { type CipherName, ciphers } from "../format/encryption-block.js";
import { type EntryHeader, encodeEntryHeader, entryChecksum } from "../format/entry-header.js";
import { chunkSizes, encodeFileHeader, encodeFileHeaderPatch, fileHeaderPatchOffset } from "../format/file-header.js";
import { encodeStreamTrailer } from "../format/stream-trailer.js";
import type { ApackPlatform } from "../platform.js";
import { type ArchiveOptions, checkArchiveOptions, prepareEncryption } from "./archive-options.js";
import { type Content, cutContent } from "./chunking.js";
import type { ApackSink } from "./sink.js";
import { TocBuilder } from "./toc-builder.js";

export interface NewEntry {
	/** Not empty. Stored as it is; names that no file can have are refused when an archive is extracted. */
	readonly name: string;
	/** @default "" */
	readonly mimeType?: string;
	readonly attributes?: readonly Attribute[];
	/** @default the number of the entry, from 1 */
	readonly id?: bigint;
}

export interface WrittenEntry {
	readonly originalSize: number;
	/** Chunks with their headers. */
	readonly storedSize: number;
	readonly chunkCount: number;
}

/** Begins an archive: writes its header, and makes the key. @throws {ApackError} and what the sink throws. */
export async function createArchive(sink: ApackSink, options: ArchiveOptions): Promise<ArchiveWriter> {
	checkArchiveOptions(options);
	const { platform, form = "container", compression = { method: "none" }, encryption } = options;
	const { checksum = "xxh3", chunkSize = chunkSizes.usual } = options;
	const prepared = encryption && (await prepareEncryption(platform, encryption));
	const header = encodeFileHeader({
		stream: form === "stream",
		encrypted: encryption !== undefined,
		compressed: compression.method !== "none",
		randomAccess: form === "container",
		checksum,
		chunkSize,
		entryCount: 0,
		trailerOffset: 0,
		created: platform.now(),
	});
	const start = prepared?.block === undefined ? [header] : [header, prepared.block];
	await sink.write(start);
	return new ArchiveWriter(sink, {
		platform,
		form,
		chunkSize,
		methods: { compression, cipher: encryption?.cipher },
		codec: new ChunkCodec(platform, checksum, prepared?.key),
		offset: start.reduce((sum, each) => sum + each.length, 0),
	});
}

interface Parts {
	readonly platform: ApackPlatform;
	readonly form: "container" | "stream";
	readonly chunkSize: number;
	readonly methods: { readonly compression: Compression; readonly cipher: CipherName | undefined };
	readonly codec: ChunkCodec;
	readonly offset: number;
}

/** Writes the entries of an archive one after another. What fails leaves an archive without a trailer, which no reader takes for whole. */
export class ArchiveWriter {
	readonly #sink: ApackSink;
	readonly #parts: Parts;
	readonly #toc = new TocBuilder();
	#offset: number;
	#state: "ready" | "busy" | "closed" = "ready";
	#only: WrittenEntry | undefined;
	/** What is being written. */
	#written: Promise<void> = Promise.resolve();

	/** Use `createArchive`. */
	constructor(sink: ApackSink, parts: Parts) {
		this.#sink = sink;
		this.#parts = parts;
		this.#offset = parts.offset;
	}

	/** Bytes written so far. */
	get size(): number {
		return this.#offset;
	}

	/** Adds an entry with all its content. @throws {ApackError} and what the content or the sink throws; then the archive cannot be finished. */
	async add(
		entry: NewEntry,
		content: Content,
		{ signal }: { readonly signal?: AbortSignal } = {},
	): Promise<WrittenEntry> {
		const header = this.#headerOf(entry);
		if (this.#parts.form === "stream" && this.#only !== undefined) throw notOneEntry();
		this.#enter();
		const written = await this.#write(header, content, signal);
		this.#only ??= written;
		this.#state = "ready";
		return written;
	}

	/** Writes the end of the archive, and, where the sink can, what its header has to say about it. */
	async close(): Promise<void> {
		const { platform, form } = this.#parts;
		if (form === "stream" && this.#only === undefined && this.#state === "ready") throw notOneEntry();
		this.#enter();
		const trailerOffset = this.#offset;
		const { bytes, sums } = this.#toc;
		if (this.#only !== undefined && form === "stream") {
			await this.#append([encodeStreamTrailer(this.#only)]);
		} else {
			const fileSize = trailerOffset + bytes.length + containerTrailerLength;
			await this.#append([bytes, encodeContainerTrailer({ ...sums, tocChecksum: platform.crc32(bytes), fileSize })]);
		}
		await this.#written;
		await this.#sink.patch?.(
			fileHeaderPatchOffset,
			encodeFileHeaderPatch({ entryCount: sums.entryCount, trailerOffset }),
		);
		this.#state = "closed";
	}

	/** @throws {ApackError} `usage` or `limit`, before anything is written. */
	#headerOf({ name, mimeType = "", attributes = [], id }: NewEntry): EntryHeader {
		const { compression, cipher } = this.#parts.methods;
		if (id !== undefined && BigInt.asIntN(64, id) !== id) throw new ApackError("usage", "id: expected 64 bits, signed");
		for (const text of [name, mimeType]) {
			if (decodeUtf8(encodeUtf8(text)) !== text) throw new ApackError("usage", "name: expected well-formed text");
		}
		const header = {
			id: id ?? BigInt(this.#toc.sums.entryCount + 1),
			name,
			mimeType,
			attributes,
			compressed: compression.method !== "none",
			encrypted: cipher !== undefined,
			errorCorrection: false,
			compressionId: compressions[compression.method],
			encryptionId: cipher === undefined ? 0 : ciphers[cipher],
			originalSize: 0,
			storedSize: 0,
			chunkCount: 0,
		};
		encodeEntryHeader(header);
		return header;
	}

	async #write(header: EntryHeader, content: Content, signal: AbortSignal | undefined): Promise<WrittenEntry> {
		const { codec, chunkSize, methods, platform } = this.#parts;
		const offset = this.#offset;
		let encoded = encodeEntryHeader(header);
		let written: WrittenEntry = { originalSize: 0, storedSize: 0, chunkCount: 0 };
		try {
			for await (const { bytes, last } of cutContent(content, chunkSize)) {
				signal?.throwIfAborted();
				const { chunkCount: index } = written;
				const { pieces, length, asItIs } = await codec.encode(bytes, { index, last }, methods);
				written = {
					originalSize: written.originalSize + bytes.length,
					storedSize: written.storedSize + length,
					chunkCount: index + 1,
				};
				// The header of an entry with one chunk is complete before it is written, and needs no patch.
				if (index === 0 && last) encoded = encodeEntryHeader({ ...header, ...written });
				await this.#append(index === 0 ? [encoded, ...pieces] : pieces);
				if (asItIs) await this.#written;
			}
		} finally {
			// Also when the content has failed: then nothing is written any more that the caller does not expect.
			await this.#written;
		}
		if (written.chunkCount > 1 && this.#sink.patch !== undefined) {
			encoded = encodeEntryHeader({ ...header, ...written });
			await this.#sink.patch(offset, encoded);
		}
		const nameHash = platform.xxh3(encodeUtf8(header.name));
		this.#toc.add({ id: header.id, offset, ...written, nameHash, headerChecksum: entryChecksum(encoded) });
		return written;
	}

	/** Begins to write, so that the next chunk is made meanwhile. */
	async #append(pieces: readonly Uint8Array[]): Promise<void> {
		await this.#written;
		this.#written = this.#sink.write(pieces);
		// Whoever awaits it next gets the error.
		this.#written.catch(() => {});
		for (const piece of pieces) this.#offset += piece.length;
	}

	#enter(): void {
		if (this.#state === "ready") {
			this.#state = "busy";
			return;
		}
		throw new ApackError(
			"usage",
			this.#state === "closed" ? "the archive is finished" : "another entry is being written, or has failed",
		);
	}
}

function notOneEntry(): ApackError {
	return new ApackError("usage", "an archive in stream form has exactly one entry");
}
