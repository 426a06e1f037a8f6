import { checkChunkHeader } from "../chunk-rules.js";
import { ApackError } from "../errors.js";
import { type ChunkHeader, chunkHeaderLength, chunkMagic, decodeChunkHeader } from "../format/chunk-header.js";
import { hasMagic } from "../format/field-checks.js";
import type { ArchiveReader } from "./archive-reader.js";
import type { SourceView } from "./byte-view.js";
import type { ChunkPlace } from "./chunk-walk.js";
import type { ApackEntry } from "./entry.js";

const scanWindow = 65_536;

/** What became of one chunk. */
export interface ChunkVerdict {
	readonly index: number;
	/** Of its header in the archive; `undefined` when there is nothing where it should be. */
	readonly offset: number | undefined;
	/** `undefined` when it says nothing sensible. */
	readonly header: ChunkHeader | undefined;
	/** `undefined` when it is damaged, or was not asked for. */
	readonly content: Uint8Array | undefined;
	readonly error: ApackError | undefined;
}

export interface ExamineOptions {
	/** Whether chunks are decrypted, unfolded and held against their checksums; else headers alone are read. @default true */
	readonly contents?: boolean;
	readonly signal?: AbortSignal;
}

/**
 * Reads the chunks of an entry, each for itself: a damaged one does not keep the others from being read. Behind a header that says
 * nothing sensible it looks for the next one that does. Damage is told, not thrown.
 */
export async function* examineChunks(
	reader: ArchiveReader,
	entry: ApackEntry,
	{ contents = true, signal }: ExamineOptions = {},
): AsyncGenerator<ChunkVerdict> {
	const view = reader.view(signal);
	const place = reader.place(entry);
	const end = entry.contentOffset + entry.storedSize;
	let offset = entry.contentOffset;
	let index = 0;
	do {
		const header = await told(headerAt(view, place, { offset, end, index }));
		if (!(header instanceof ApackError)) {
			const behind = offset + chunkHeaderLength + header.storedSize;
			const payload = () => view.view(offset + chunkHeaderLength, header.storedSize, chunkHeaderLength);
			const content = contents
				? await told(payload().then((bytes) => reader.codec.decode(bytes, header, entry)))
				: undefined;
			const error = content instanceof ApackError ? content : checkLast(header, behind === end);
			yield {
				index,
				offset,
				header,
				content: error === undefined ? (content as Uint8Array | undefined) : undefined,
				error,
			};
			offset = behind;
			index++;
			continue;
		}
		const next = await findNext(view, place, { offset, end, index });
		yield { index, offset, header: undefined, content: undefined, error: header };
		for (index++; index < (next?.index ?? 0); index++) {
			const error = new ApackError("malformed", "a chunk is not there", { field: "chunkIndex", expected: index });
			yield { index, offset: undefined, header: undefined, content: undefined, error };
		}
		offset = next?.offset ?? end;
	} while (offset < end);
}

/** @returns the value, or the error that tells what is wrong with the archive. @throws other errors. */
export function told<T>(value: Promise<T>): Promise<T | ApackError> {
	return value.catch((error: unknown) => {
		if (error instanceof ApackError) return error;
		throw error;
	});
}

interface At {
	readonly offset: number;
	/** Where the chunks of the entry end. */
	readonly end: number;
	readonly index: number;
}

async function headerAt(view: SourceView, place: ChunkPlace, { offset, end, index }: At): Promise<ChunkHeader> {
	const length = Math.min(chunkHeaderLength, end - offset);
	const header = decodeChunkHeader(await view.view(offset, length, 4096));
	checkChunkHeader(header, index, place);
	if (offset + chunkHeaderLength + header.storedSize <= end) return header;
	throw new ApackError("mismatch", "a chunk reaches beyond its entry", { field: "storedSize", offset });
}

function checkLast({ last, index }: ChunkHeader, isLast: boolean): ApackError | undefined {
	if (last === isLast) return undefined;
	const message = last ? "further chunks follow the one with LAST" : "there is no chunk with LAST";
	return new ApackError("mismatch", message, { field: "LAST flag", found: index });
}

/** Looks behind a damaged header for one that can belong to a later chunk. */
async function findNext(
	view: SourceView,
	place: ChunkPlace,
	{ offset, end, index }: At,
): Promise<{ readonly offset: number; readonly index: number } | undefined> {
	for (let start = offset + 1; start + chunkHeaderLength <= end; start += scanWindow) {
		const window = await view.view(start, Math.min(scanWindow + chunkHeaderLength - 1, end - start));
		for (let at = 0; at + chunkHeaderLength <= window.length; at++) {
			if (window[at] !== 0x43 || !hasMagic(window.subarray(at, at + 4), chunkMagic)) continue;
			// Between the two at most so many chunks can have been, so a forged index costs nothing.
			const most = index + Math.ceil((start + at - offset) / chunkHeaderLength);
			const claimed = new DataView(window.buffer, window.byteOffset + at).getUint32(4, true);
			if (claimed <= index || claimed > most) continue;
			const found = await told(headerAt(view, place, { offset: start + at, end, index: claimed }));
			if (!(found instanceof ApackError)) return { offset: start + at, index: claimed };
		}
	}
	return undefined;
}
