/** Fetching many payloads: first who has what, then a few at a time. */
import { chunkPayloadLength } from "../../entry/payload.js";
import type { LackingContent } from "../../store/contents.js";
import { isLargeChunk } from "../../store/record.js";
import type { LocalStore } from "../../store/store.js";

/** Bytes that are fetched at once, and payloads of chunks. */
const groupBytes = 8 * 1024 * 1024;
const groupContents = 64;

/** Payloads that a replica lacks, of those that are asked about. */
export interface LackingContents {
	readonly payloads: number;
	readonly bytes: number;
}

export interface FetchOptions {
	/** One document's attachments, those of earlier revisions too. */
	readonly docId?: string | undefined;
	readonly signal?: AbortSignal | undefined;
	/** Told how many bytes were fetched. */
	readonly onFetched?: ((bytes: number) => void) | undefined;
}

export interface FetchResult {
	/** Chunks that were fetched, and their bytes. */
	readonly chunks: number;
	readonly bytes: number;
	/** Chunks that no source has. */
	readonly missing: number;
}

export interface FetchParts {
	readonly options: FetchOptions;
	/** Those that some source says it holds. */
	readonly held: (contentHashes: readonly string[]) => Promise<ReadonlySet<string>>;
	readonly fetch: (contentHashes: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>;
}

export async function fetchLacking(
	lacking: AsyncIterable<readonly LackingContent[]>,
	{ options: { signal, onFetched }, held, fetch }: FetchParts,
): Promise<FetchResult> {
	let [chunks, bytes, missing] = [0, 0, 0];
	for await (const batch of lacking) {
		signal?.throwIfAborted();
		const there = await held(batch.map(({ contentHash }) => contentHash));
		const wanted = batch.filter(({ contentHash }) => there.has(contentHash));
		missing += batch.length - wanted.length;
		for (const group of groupsOf(wanted, groupContents)) {
			signal?.throwIfAborted();
			const found = await fetch(group.map(({ contentHash }) => contentHash));
			for (const payload of found.values()) bytes += payload.length;
			chunks += found.size;
			missing += group.length - found.size;
			onFetched?.(bytes);
		}
	}
	return { chunks, bytes, missing };
}

/** Those of one kind: of chunks, or of documents' entries. */
export async function* lackingOf(
	store: LocalStore,
	kind: Pick<LackingContent, "ofDocument">,
): AsyncGenerator<readonly LackingContent[]> {
	for await (const batch of store.contents.lacking()) {
		const some = batch.filter(({ ofDocument }) => ofDocument === kind.ofDocument);
		if (some.length > 0) yield some;
	}
}

/** What the documents' chunks lack. */
export async function* lackingOfDocument(
	store: LocalStore,
	docIds: readonly string[],
): AsyncGenerator<readonly LackingContent[]> {
	for (const docId of docIds) {
		const document = await store.documentNumber(docId);
		if (document === undefined) continue;
		for await (const batch of store.entriesOfDocument(document, { payload: false, chunks: true })) {
			const large = batch.map(({ entry }) => entry).filter(isLargeChunk);
			const bytes = new Map(
				large.map(({ common, fields }) => [common.contentHash, chunkPayloadLength(fields?.originalSize ?? 0)]),
			);
			const hashes = [...bytes.keys()];
			const present = await store.contents.has(hashes);
			const lacking = hashes.filter((_, index) => !present[index]);
			yield lacking.map((contentHash) => ({ contentHash, bytes: bytes.get(contentHash) as number, ofDocument: false }));
		}
	}
}

/** What has to be fetched, in groups with payloads that fit into memory. @param most how many are asked for at once. */
export function* groupsOf<T extends Pick<LackingContent, "bytes">>(
	contents: readonly T[],
	most: number,
): Generator<readonly T[]> {
	let group: T[] = [];
	let total = 0;
	for (const each of contents) {
		if (group.length > 0 && (group.length >= most || total + each.bytes > groupBytes)) {
			yield group;
			group = [];
			total = 0;
		}
		group.push(each);
		total += each.bytes;
	}
	if (group.length > 0) yield group;
}

export async function isAny(batches: AsyncIterable<readonly unknown[]>): Promise<boolean> {
	for await (const batch of batches) if (batch.length > 0) return true;
	return false;
}

export async function countOf(
	batches: AsyncIterable<readonly Pick<LackingContent, "bytes">[]>,
): Promise<LackingContents> {
	let [payloads, bytes] = [0, 0];
	for await (const batch of batches) {
		payloads += batch.length;
		for (const each of batch) bytes += each.bytes;
	}
	return { payloads, bytes };
}
