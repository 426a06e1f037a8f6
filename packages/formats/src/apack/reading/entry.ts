import { compressions } from "../chunk-codec.js";
import { ApackError } from "../errors.js";
import { ciphers } from "../format/encryption-block.js";
import { decodeEntryHeader, type EntryHeader, measureEntryHeader } from "../format/entry-header.js";
import { expectWithin } from "../format/field-checks.js";
import type { ByteView } from "./byte-view.js";
import type { ChunkPlace } from "./chunk-walk.js";
import type { Preamble } from "./preamble.js";

/** An entry as its header tells it, and where it lies. */
export interface LocatedHeader extends EntryHeader {
	/** Noted CRC-32 of the header, 0 when none is. */
	readonly headerChecksum: number;
	readonly headerOffset: number;
	/** Of the first chunk. */
	readonly contentOffset: number;
}

/** An entry of an archive: its header, with the sizes of the table of contents. */
export interface ApackEntry extends LocatedHeader {
	/** Position in the table of contents, from 0. */
	readonly position: number;
}

/** @throws {ApackError} `truncated`, `malformed`, `mismatch`, `checksum`, `limit` or `unsupported` */
export async function readEntryHeader(view: ByteView, offset: number, preamble: Preamble): Promise<LocatedHeader> {
	const read = (from: number, length: number) => view.view(offset + from, length, 1024);
	const length = await measureEntryHeader(read, preamble.limits.entryHeaderBytes);
	const header = decodeEntryHeader(await view.view(offset, length));
	checkMethods(header, preamble);
	return { ...header, headerOffset: offset, contentOffset: offset + length };
}

function checkMethods(entry: EntryHeader, { header, encryption }: Preamble): void {
	if (entry.compressed) {
		expectWithin(entry.compressionId, compressions.zstd, compressions.lz4, { field: "compressionId" });
	}
	if (entry.encrypted !== header.encrypted) {
		throw new ApackError("mismatch", "an archive is encrypted as a whole: an entry contradicts the file header", {
			field: "encrypted flag of an entry",
		});
	}
	if (!entry.encrypted) return;
	expectWithin(entry.encryptionId, 1, 2, { field: "encryptionId" });
	if (encryption !== undefined && ciphers[encryption.cipher] !== entry.encryptionId) {
		throw new ApackError("mismatch", "an entry has another cipher than the encryption block", {
			field: "encryptionId",
			expected: ciphers[encryption.cipher],
			found: entry.encryptionId,
		});
	}
}

/** What the chunks of an entry are held against. */
export function chunkPlaceOf(
	entry: LocatedHeader,
	{ header, limits }: Preamble,
	sizes: ChunkPlace["sizes"],
): ChunkPlace {
	return {
		contentOffset: entry.contentOffset,
		chunkCount: entry.chunkCount,
		sizes,
		chunkSize: header.chunkSize,
		compressionRatio: limits.compressionRatio,
		compressed: entry.compressed,
		encrypted: entry.encrypted,
	};
}
