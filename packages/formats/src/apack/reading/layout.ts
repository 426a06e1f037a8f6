import { ApackError } from "../errors.js";
import {
	type ContainerTrailer,
	containerTrailerLength,
	containerTrailerMagic,
	decodeContainerTrailer,
} from "../format/container-trailer.js";
import { hasMagic } from "../format/field-checks.js";
import {
	decodeStreamTrailer,
	type StreamTrailer,
	streamTrailerLength,
	streamTrailerMagic,
} from "../format/stream-trailer.js";
import { decodeTocRecord, type TocRecord, tocRecordLength } from "../format/table-of-contents.js";
import type { ByteView } from "./byte-view.js";
import type { Preamble } from "./preamble.js";

/** Where everything is. */
export type Layout =
	| { readonly form: "stream"; readonly trailerOffset: number; readonly trailer: StreamTrailer }
	| { readonly form: "container"; readonly tocOffset: number; readonly toc: TableOfContents };

/** The records of all entries, decoded when asked for: there may be a million. */
export class TableOfContents {
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	get length(): number {
		return this.#bytes.length / tocRecordLength;
	}

	/** @throws {ApackError} `malformed` */
	record(position: number): TocRecord {
		return decodeTocRecord(this.#bytes.subarray(position * tocRecordLength, (position + 1) * tocRecordLength));
	}
}

/**
 * Reads trailer and table of contents, from where the file header says or, when that was never patched, from the end.
 * @throws {ApackError} `truncated`, `malformed`, `mismatch`, `checksum` or `limit`
 */
export async function readLayout(
	view: ByteView,
	size: number,
	{ preamble, crc32 }: { readonly preamble: Preamble; readonly crc32: (bytes: Uint8Array) => number },
): Promise<Layout> {
	const { header, dataStart, limits } = preamble;
	const streamOffset = await findStreamTrailer(view, size, preamble);
	if (streamOffset !== undefined) {
		const trailer = decodeStreamTrailer(await view.view(streamOffset, streamTrailerLength));
		return { form: "stream", trailerOffset: streamOffset, trailer };
	}
	if (size < dataStart + containerTrailerLength) throw noTrailer(size);
	const last = await view.view(size - containerTrailerLength, containerTrailerLength);
	if (!hasMagic(last, containerTrailerMagic)) throw noTrailer(size);
	const trailer = decodeContainerTrailer(last);
	if (trailer.entryCount > limits.entries) throw tooMany(trailer.entryCount, limits.entries);
	const tocOffset = size - containerTrailerLength - trailer.tocSize;
	if (header.trailerOffset !== 0) expectSame("trailerOffset", header.trailerOffset, tocOffset);
	if (header.trailerOffset !== 0 || header.entryCount !== 0) {
		expectSame("entryCount", header.entryCount, trailer.entryCount);
	}
	if (tocOffset < dataStart) throw noTrailer(size);
	const bytes = (await view.view(tocOffset, trailer.tocSize)).slice();
	checkTrailer(trailer, { bytes, fileSize: size, crc32 });
	const toc = new TableOfContents(bytes);
	checkTable(toc, trailer, { start: dataStart, end: tocOffset });
	return { form: "container", tocOffset, toc };
}

/** Without random access there may be a stream trailer; the reference program writes a table of contents there too. */
async function findStreamTrailer(
	view: ByteView,
	size: number,
	{ header, dataStart }: Preamble,
): Promise<number | undefined> {
	const offset = size - streamTrailerLength;
	if (!header.stream || header.randomAccess || offset < dataStart) return undefined;
	if (!hasMagic(await view.view(offset, streamTrailerLength), streamTrailerMagic)) return undefined;
	if (header.trailerOffset === 0 && header.entryCount === 0) {
		// The two trailers can be told apart by their length alone; both magics at once are nearly impossible, and settled by the checksum.
		try {
			decodeStreamTrailer(await view.view(offset, streamTrailerLength));
			return offset;
		} catch {
			return undefined;
		}
	}
	if (header.trailerOffset !== offset) return undefined;
	expectSame("entryCount", header.entryCount, 1);
	return offset;
}

/** Trailer and table of contents, of an archive that is read in whichever way. @throws {ApackError} `mismatch` or `checksum` */
export function checkTrailer(
	trailer: ContainerTrailer,
	toc: { readonly bytes: Uint8Array; readonly fileSize: number; readonly crc32: (bytes: Uint8Array) => number },
): void {
	if (trailer.filled === undefined) return;
	expectSame("fileSize", trailer.filled.fileSize, toc.fileSize);
	const found = toc.crc32(toc.bytes);
	if (found === trailer.filled.tocChecksum) return;
	throw new ApackError("checksum", "the table of contents is damaged", {
		field: "tocChecksum",
		expected: trailer.filled.tocChecksum,
		found,
	});
}

/** Entries lie one behind the other, in the order of the table. A gap is what the reference program leaves when it fails to read a file. */
function checkTable(
	toc: TableOfContents,
	trailer: ContainerTrailer,
	{ start, end }: { readonly start: number; readonly end: number },
): void {
	let [free, original, stored] = [start, 0, 0];
	for (let position = 0; position < toc.length; position++) {
		const record = toc.record(position);
		if (record.offset < free || record.offset + record.storedSize > end) {
			throw new ApackError("malformed", `entry ${position} does not lie where an entry can be`, {
				field: "entryOffset",
				expected: free,
				found: record.offset,
			});
		}
		free = record.offset + record.storedSize;
		original += record.originalSize;
		stored += record.storedSize;
	}
	expectSame("totalOriginalSize", trailer.totalOriginalSize, original);
	expectSame("totalStoredSize", trailer.totalStoredSize, stored);
}

export function expectSame(field: string, expected: number | bigint, found: number | bigint): void {
	if (found === expected) return;
	throw new ApackError("mismatch", `${field}: two parts of the archive contradict each other`, {
		field,
		expected: String(expected),
		found: String(found),
	});
}

function noTrailer(size: number): ApackError {
	return new ApackError("truncated", "the archive does not end with a trailer", { offset: size, field: "trailer" });
}

function tooMany(found: number, expected: number): ApackError {
	return new ApackError("limit", `entryCount: expected at most ${expected}, found ${found}`, {
		field: "entryCount",
		expected,
		found,
	});
}
