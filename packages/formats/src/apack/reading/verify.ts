import { ApackError } from "../errors.js";
import type { ArchiveReader } from "./archive-reader.js";
import type { ApackEntry } from "./entry.js";
import { type ChunkVerdict, type ExamineOptions, examineChunks, told } from "./examine.js";
import { expectSame } from "./layout.js";

/** What became of one entry. */
export interface EntryVerdict {
	readonly position: number;
	/** `undefined` when its header cannot be read. */
	readonly entry: ApackEntry | undefined;
	/** Number of chunks that are right. */
	readonly goodChunks: number;
	readonly damagedChunks: readonly Omit<ChunkVerdict, "content">[];
	/** What is wrong with the entry as a whole. */
	readonly error: ApackError | undefined;
}

/**
 * Checks all entries, and goes on after damage. Damage is told, not thrown.
 * @throws {ApackError} `key` when the archive is encrypted and was opened without a key; with `contents: false` none is needed.
 */
export async function* verifyArchive(
	reader: ArchiveReader,
	options: ExamineOptions = {},
): AsyncGenerator<EntryVerdict> {
	if (options.contents !== false && reader.header.encrypted && !reader.codec.hasKey) {
		throw new ApackError("key", "the archive is encrypted: expected a key or a password");
	}
	for (let position = 0; position < reader.entryCount; position++) {
		options.signal?.throwIfAborted();
		const entry = await told(reader.entry(position));
		if (entry instanceof ApackError) {
			yield { position, entry: undefined, goodChunks: 0, damagedChunks: [], error: entry };
		} else {
			yield { position, entry, ...(await verifyEntry(reader, entry, options)) };
		}
	}
}

async function verifyEntry(
	reader: ArchiveReader,
	entry: ApackEntry,
	options: ExamineOptions,
): Promise<Pick<EntryVerdict, "goodChunks" | "damagedChunks" | "error">> {
	let [goodChunks, size] = [0, 0];
	const damagedChunks: Omit<ChunkVerdict, "content">[] = [];
	for await (const { content: _, ...verdict } of examineChunks(reader, entry, options)) {
		if (verdict.error === undefined) goodChunks++;
		else damagedChunks.push(verdict);
		size += verdict.header?.originalSize ?? 0;
	}
	const sums = async () => {
		expectSame("originalSize", entry.originalSize, size);
		if (entry.chunkCount > 0) expectSame("chunkCount", entry.chunkCount, goodChunks);
	};
	const error = damagedChunks.length > 0 ? undefined : await told(sums());
	return { goodChunks, damagedChunks, error: error instanceof ApackError ? error : undefined };
}
