import type { StoredEntry } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";
import { payloadBytes } from "../levelling/pages.js";
import type { Announcement } from "../wire/terms.js";

export interface WholeEntriesParts {
	/** Payload bytes that were asked for, unless there is a single entry. */
	readonly mostBytes: number;
	/** By contentHash; what the other side has no more is left out. */
	readonly fetch: (announced: readonly Announcement[]) => Promise<ReadonlyMap<string, Uint8Array>>;
}

/** Bytes of what is announced. */
export function announcedBytes(announced: readonly Announcement[]): number {
	return announced.reduce((sum, { size }) => sum + size, 0);
}

/**
 * Puts payloads that come as Chunks to their entries. An entry whose payload does not come stays without it.
 * @throws {FormatError} before anything is fetched, when something else is announced, or more than was asked for.
 */
export async function wholeEntries(
	entries: readonly StoredEntry[],
	announced: readonly Announcement[],
	{ mostBytes, fetch }: WholeEntriesParts,
): Promise<readonly StoredEntry[]> {
	if (announced.length === 0) return entries;
	const awaited = new Set(entries.flatMap((entry) => contentOf(entry) ?? []));
	for (const { contentHash } of announced) {
		if (!awaited.delete(contentHash)) throw new FormatError("page: announces what none of its entries needs");
	}
	const bytes = entries.reduce((sum, entry) => sum + payloadBytes(entry), announcedBytes(announced));
	if (entries.length > 1 && bytes > mostBytes) {
		throw new FormatError("page: announces more than was asked for", {
			code: "limit",
			expected: mostBytes,
			found: bytes,
		});
	}
	const payloads = await fetch(announced);
	return entries.map((entry) => {
		const payload = payloads.get(contentOf(entry) ?? "");
		return entry.kind === "stub" || payload === undefined ? entry : { ...entry, payload };
	});
}

/** The payload that an entry stands without. */
function contentOf(entry: StoredEntry): string | undefined {
	return entry.kind === "stub" || entry.payload !== undefined ? undefined : entry.common.contentHash;
}
