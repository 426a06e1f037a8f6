/** Entries as they are put at another store: as many at a time as fit into a message. */
import type { StoredEntry } from "../../entry/entry.js";

const mostBytes = 512 * 1024;
const mostEntries = 1024;

/** Cuts behind a signed entry where there is one: an unsigned one is not stored without the signed one that vouches for it. */
export function* offeringsOf(entries: readonly StoredEntry[]): Generator<readonly StoredEntry[]> {
	for (let from = 0; from < entries.length; ) {
		let bytes = 0;
		let end = from;
		while (end < entries.length && end - from < mostEntries) {
			bytes += sizeOf(entries[end] as StoredEntry);
			if (bytes > mostBytes && end > from) break;
			end++;
		}
		const taken = entries.slice(from, end);
		const signed = end === entries.length ? -1 : taken.findLastIndex(({ signature }) => signature !== undefined);
		yield signed < 0 ? taken : taken.slice(0, signed + 1);
		from += signed < 0 ? taken.length : signed + 1;
	}
}

function sizeOf(entry: StoredEntry): number {
	return entry.kind === "stub" ? 256 : entry.header.length + (entry.payload?.length ?? 0) + 64;
}
