/** Offering entries to another store: documents and headers first, then chunks with the bytes that it wants. */
import type { Entry, StoredEntry } from "../../entry/entry.js";
import { isLargeChunk } from "../../store/record.js";
import type { ContentAddressedStore, LocalStore, PutReport } from "../../store/store.js";

/** Payload bytes that are offered at once. */
const mostBytes = 8 * 1024 * 1024;

/**
 * @param entries chunks whose payloads may be missing, and whole entries.
 * @param known hashes of those that the other store has; it may lack their bytes.
 */
export async function putWithBytes(
	{ store, remote }: { readonly store: LocalStore; readonly remote: ContentAddressedStore },
	entries: readonly StoredEntry[],
	known: ReadonlySet<string>,
): Promise<PutReport> {
	const chunks = entries.filter(isLargeChunk);
	const wanted = new Set(await wantedContents(remote, chunks, known));
	const [withBytes, repeated] = firstAndRepeated(chunks.filter(({ common }) => wanted.has(common.contentHash)));
	const later = new Set([...withBytes, ...repeated].map(({ hash }) => hash));
	const headers = entries.filter(({ hash }) => !later.has(hash) && !known.has(hash));
	const reports: PutReport[] = [];
	if (headers.length > 0) reports.push(await remote.putEntries(headers));
	for (const group of groupsOf(withBytes)) {
		const payloads = await store.contents.get(group.map(({ common }) => common.contentHash));
		// One that is lacking here goes as its header.
		const offered = group.map((entry, index) => ({ ...entry, payload: payloads[index] }));
		const news = offered.filter(({ hash, payload }) => payload !== undefined || !known.has(hash));
		if (news.length > 0) reports.push(await remote.putEntries(news));
	}
	const rest = repeated.filter(({ hash }) => !known.has(hash));
	if (rest.length > 0) reports.push(await remote.putEntries(rest));
	return {
		stored: reports.flatMap(({ stored }) => stored),
		known: reports.flatMap(({ known: each }) => each),
		refused: reports.flatMap(({ refused }) => refused),
	};
}

async function wantedContents(
	remote: ContentAddressedStore,
	chunks: readonly Entry[],
	known: ReadonlySet<string>,
): Promise<readonly string[]> {
	if (chunks.length === 0) return [];
	const hashes = [...new Set(chunks.map(({ common }) => common.contentHash))];
	if (remote.wantsContents !== undefined) return remote.wantsContents(hashes);
	return chunks.filter(({ hash }) => !known.has(hash)).map(({ common }) => common.contentHash);
}

/** The first chunk with some bytes brings them, and those with the same bytes follow it. */
function firstAndRepeated(chunks: readonly Entry[]): readonly [Entry[], Entry[]] {
	const first = new Map<string, Entry>();
	const repeated: Entry[] = [];
	for (const chunk of chunks) {
		if (first.has(chunk.common.contentHash)) repeated.push(chunk);
		else first.set(chunk.common.contentHash, chunk);
	}
	return [[...first.values()], repeated];
}

function groupsOf(chunks: readonly Entry[]): Entry[][] {
	const groups: Entry[][] = [];
	let bytes = Number.POSITIVE_INFINITY;
	for (const chunk of chunks) {
		bytes += chunk.fields?.originalSize ?? 0;
		if (bytes > mostBytes) {
			groups.push([]);
			bytes = chunk.fields?.originalSize ?? 0;
		}
		groups.at(-1)?.push(chunk);
	}
	return groups;
}
