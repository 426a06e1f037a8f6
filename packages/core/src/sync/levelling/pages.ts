/** Reading another store page by page, whose answers need not be true. */
import type { StoredEntry } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";
import type { Arrival, ContentAddressedStore, Page } from "../../store/store.js";

/** Entries of one page. */
export const pageEntries = 256;
/** Payload bytes of one page, unless it holds a single entry. */
export const pageBytes = 8 * 1024 * 1024;
/** Arrivals that are read at once round one that is noted. */
const spanArrivals = 32;

/**
 * Bytes of chunks are left out where they can be asked for apart.
 * @throws {FormatError} when the page holds more than was asked for, or other arrivals, or an entry twice, or does not go forward.
 */
export async function readPage(store: ContentAddressedStore, after: number, limit = pageEntries): Promise<Page> {
	const page = await store.entriesAfter(after, {
		limit,
		maxBytes: pageBytes,
		contents: store.getContents === undefined,
	});
	const { arrivals, damaged, next } = page;
	if (!Number.isSafeInteger(next) || next < after || next - after > limit) {
		throw new FormatError(`page: expected to end at most ${limit} arrivals on`, { expected: after, found: next });
	}
	checkAscending(
		arrivals.map(({ arrival }) => arrival),
		after,
		next,
	);
	checkAscending(damaged, after, next);
	// A store holds each entry once: who names one twice leaves out another, which the position would pass.
	if (new Set(arrivals.map(({ entry }) => entry.hash)).size < arrivals.length) {
		throw new FormatError("page: expected each entry once", { found: arrivals.length });
	}
	let bytes = 0;
	for (const { entry } of arrivals) bytes += payloadBytes(entry);
	if (arrivals.length > 1 && bytes > pageBytes) {
		throw new FormatError("page: expected fewer bytes", { code: "limit", expected: pageBytes, found: bytes });
	}
	return page;
}

export interface NotedPage {
	/** Noted arrivals that this page covers. */
	readonly noted: readonly number[];
	/** Those of them that are there; the rest were purged there, or are damaged. */
	readonly arrivals: readonly Arrival[];
	readonly damaged: readonly number[];
}

/** Reads noted arrivals again, whether the store can give all of them or not. @param noted newest first; so are the pages. */
export async function* readNoted(store: ContentAddressedStore, noted: readonly number[]): AsyncGenerator<NotedPage> {
	for (let from = 0; from < noted.length; ) {
		const last = noted[from] as number;
		const wanted: number[] = [];
		while (from < noted.length && (noted[from] as number) > last - spanArrivals) wanted.push(noted[from++] as number);
		for await (const { page, after } of readBackwards(store, (wanted.at(-1) as number) - 1, last)) {
			const covered = new Set(wanted.filter((arrival) => arrival > after && arrival <= page.next));
			yield {
				noted: [...covered],
				arrivals: page.arrivals.filter(({ arrival }) => covered.has(arrival)),
				damaged: page.damaged.filter((arrival) => covered.has(arrival)),
			};
		}
	}
}

/** Pages of a span, the newest first; one that ends early is read again when what follows it has been read. */
async function* readBackwards(
	store: ContentAddressedStore,
	after: number,
	last: number,
): AsyncGenerator<{ readonly page: Page; readonly after: number }> {
	let page: Page | undefined = await readPage(store, after, last - after);
	const { next } = page;
	if (next === after) return;
	if (next === last) {
		yield { page, after };
		return;
	}
	// Not kept meanwhile: there may be as many as arrivals.
	page = undefined;
	yield* readBackwards(store, next, last);
	yield* readBackwards(store, after, next);
}

export function payloadBytes(entry: StoredEntry): number {
	return entry.kind === "stub" ? 0 : (entry.payload?.length ?? 0);
}

function checkAscending(arrivals: readonly number[], after: number, next: number): void {
	let last = after;
	for (const arrival of arrivals) {
		if (!Number.isSafeInteger(arrival) || arrival <= last || arrival > next) {
			throw new FormatError("page: expected arrivals that ascend", { expected: last + 1, found: arrival });
		}
		last = arrival;
	}
}
