/** Chunks whose bytes are here already: they need not be sent. */
import type { Entry, StoredEntry } from "../entry/entry.js";
import type { Table } from "./level.js";
import { contentKey } from "./row-keys.js";

/** Those of the payloads that lie in a row of their own. */
export async function knownContents(table: Table, contentHashes: readonly string[]): Promise<string[]> {
	const found = await table.hasMany(contentHashes.map(contentKey));
	return contentHashes.filter((_, index) => found[index]);
}

/** Entries that came without the payload that is here have it again; it is checked like one that came. */
export async function withKnownContents(
	table: Table,
	offered: readonly StoredEntry[],
): Promise<readonly StoredEntry[]> {
	const lacking = offered.filter(lacksPayload);
	if (lacking.length === 0) return offered;
	const payloads = await table.getMany(lacking.map(({ common }) => contentKey(common.contentHash)));
	let next = 0;
	return offered.map((entry) => (lacksPayload(entry) ? { ...entry, payload: payloads[next++] } : entry));
}

function lacksPayload(entry: StoredEntry): entry is Entry {
	return entry.kind === "entry" && entry.payload === undefined && /^[0-9a-f]{64}$/.test(entry.common.contentHash);
}
