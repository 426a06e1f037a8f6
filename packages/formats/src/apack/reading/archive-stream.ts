import { encodeUtf8 } from "../../bytes/utf8.js";
import { ChunkCodec } from "../chunk-codec.js";
import { ApackError } from "../errors.js";
import { containerTrailerLength, decodeContainerTrailer } from "../format/container-trailer.js";
import { entryMagic } from "../format/entry-header.js";
import { hasMagic } from "../format/field-checks.js";
import { decodeStreamTrailer, streamTrailerLength, streamTrailerMagic } from "../format/stream-trailer.js";
import { TocBuilder } from "../writing/toc-builder.js";
import { StreamView } from "./byte-view.js";
import { walkChunks } from "./chunk-walk.js";
import { chunkPlaceOf, type LocatedHeader, readEntryHeader } from "./entry.js";
import { checkTrailer, expectSame } from "./layout.js";
import { type OpenOptions, type Preamble, readPreamble } from "./preamble.js";

/** An entry of an archive that comes as a stream; its sizes are 0 where the header does not note them. */
export interface StreamedEntry extends LocatedHeader {
	/** The content; it can be read once, and before the next entry is asked for. */
	readonly content: AsyncIterable<Uint8Array>;
}

/** Sums over the chunks of an entry that was passed. */
interface Passed {
	index: number;
	offset: number;
	position: number;
	/** Whether that was the last one. */
	last: boolean;
}

/**
 * Reads an archive as it comes, from a pipe or a connection. What is not read of an entry's content is passed over, its headers
 * checked. When the last entry was given and nothing is thrown, table of contents and trailer have confirmed everything before.
 * Archives with gaps, which the reference program leaves when it cannot read a file, open with `openArchive` alone.
 * @throws {ApackError}
 */
export async function* readArchiveStream(
	stream: AsyncIterable<Uint8Array>,
	options: OpenOptions,
): AsyncGenerator<StreamedEntry> {
	const view = new StreamView(stream, options.signal);
	try {
		const preamble = await readPreamble(view, options);
		const { header, limits } = preamble;
		const codec = new ChunkCodec(options.platform, header.checksum, preamble.key);
		const toc = new TocBuilder();
		let chunks = 0;
		let offset = preamble.dataStart;
		while (await entryFollows(view, offset, preamble)) {
			if (toc.sums.entryCount >= limits.entries) throw new ApackError("limit", "the archive has too many entries");
			const entry = await readEntryHeader(view, offset, preamble);
			const passed = { index: 0, offset: entry.contentOffset, position: 0, last: false };
			const content = readContent(view, entry, { preamble, codec, passed });
			yield { ...entry, content };
			await content.return(undefined);
			await passRest(view, entry, { preamble, passed });
			toc.add({
				id: entry.id,
				offset,
				originalSize: passed.position,
				storedSize: passed.offset - entry.contentOffset,
				nameHash: options.platform.xxh3(encodeUtf8(entry.name)),
				headerChecksum: entry.headerChecksum,
			});
			({ offset, index: chunks } = passed);
			view.release(offset);
		}
		await checkStreamEnd(view, offset, { preamble, toc, chunks, crc32: options.platform.crc32 });
	} finally {
		await view.close();
	}
}

async function entryFollows(view: StreamView, offset: number, { header }: Preamble): Promise<boolean> {
	if (header.trailerOffset !== 0) return offset < header.trailerOffset;
	return hasMagic(await view.view(offset, entryMagic.length), entryMagic);
}

function placeOf(entry: LocatedHeader, preamble: Preamble) {
	return chunkPlaceOf(entry, preamble, entry.chunkCount > 0 ? entry : undefined);
}

async function* readContent(
	view: StreamView,
	entry: LocatedHeader,
	{ preamble, codec, passed }: { readonly preamble: Preamble; readonly codec: ChunkCodec; readonly passed: Passed },
): AsyncGenerator<Uint8Array, void> {
	for await (const chunk of walkChunks(view, placeOf(entry, preamble))) {
		const content = await codec.decode(await chunk.payload(), chunk.header, entry);
		Object.assign(passed, chunk.end, { last: chunk.header.last });
		// The view keeps these bytes no longer, so they belong to whoever gets them.
		if (content.length > 0) yield content;
	}
}

/** Goes on to the last chunk, wherever the reader of the content stopped. */
async function passRest(
	view: StreamView,
	entry: LocatedHeader,
	{ preamble, passed }: { readonly preamble: Preamble; readonly passed: Passed },
): Promise<void> {
	if (passed.last) return;
	for await (const chunk of walkChunks(view, placeOf(entry, preamble), { ...passed })) Object.assign(passed, chunk.end);
}

async function checkStreamEnd(
	view: StreamView,
	offset: number,
	parts: {
		readonly preamble: Preamble;
		readonly toc: TocBuilder;
		readonly chunks: number;
		readonly crc32: (bytes: Uint8Array) => number;
	},
): Promise<void> {
	const { preamble, toc, chunks, crc32 } = parts;
	const { header } = preamble;
	const { sums, bytes } = toc;
	if (header.trailerOffset !== 0) {
		expectSame("trailerOffset", header.trailerOffset, offset);
		expectSame("entryCount", header.entryCount, sums.entryCount);
	}
	const mayBeStream = header.stream && !header.randomAccess && sums.entryCount === 1;
	if (mayBeStream && hasMagic(await view.view(offset, 4), streamTrailerMagic)) {
		const trailer = decodeStreamTrailer(await view.view(offset, streamTrailerLength));
		expectSame("originalSize", trailer.originalSize, sums.totalOriginalSize);
		expectSame("storedSize", trailer.storedSize, sums.totalStoredSize);
		expectSame("chunkCount", trailer.chunkCount, chunks);
		await expectEnd(view, offset + streamTrailerLength);
		return;
	}
	const found = await view.view(offset, bytes.length);
	const difference = found.findIndex((byte, i) => byte !== bytes[i]);
	if (difference >= 0) {
		throw new ApackError("mismatch", "the table of contents does not list what the archive holds", {
			offset: offset + difference,
		});
	}
	const end = offset + bytes.length + containerTrailerLength;
	const trailer = decodeContainerTrailer(await view.view(offset + bytes.length, containerTrailerLength));
	expectSame("entryCount", trailer.entryCount, sums.entryCount);
	expectSame("totalOriginalSize", trailer.totalOriginalSize, sums.totalOriginalSize);
	expectSame("totalStoredSize", trailer.totalStoredSize, sums.totalStoredSize);
	checkTrailer(trailer, { bytes, fileSize: end, crc32 });
	await expectEnd(view, end);
}

async function expectEnd(view: StreamView, offset: number): Promise<void> {
	if (await view.endsAt(offset)) return;
	throw new ApackError("malformed", "expected the end of the archive behind its trailer", { offset });
}
