/** Asking another store for entries by their hashes; its answers need not be true. */
import { FormatError } from "../../errors.js";
import type { ContentAddressedStore, FoundEntries } from "../../store/store.js";
import { pageBytes, payloadBytes } from "./pages.js";

/** A store that can be reconciled with. */
export type ReconcilableStore = ContentAddressedStore &
	Required<Pick<ContentAddressedStore, "reconcile" | "entriesByHash">>;

export function isReconcilable(store: ContentAddressedStore): store is ReconcilableStore {
	return store.reconcile !== undefined && store.entriesByHash !== undefined;
}

/**
 * Bytes of chunks are left out where they can be asked for apart.
 * @param hashes distinct.
 * @throws {FormatError} when the answer has others than were asked for, or more of them, or answers none.
 */
export async function readFound(
	store: ContentAddressedStore & Required<Pick<ContentAddressedStore, "entriesByHash">>,
	hashes: readonly string[],
): Promise<FoundEntries> {
	const contents = store.getContents === undefined;
	const found = await store.entriesByHash(hashes, { maxBytes: pageBytes, contents });
	const { arrivals, damaged, covered } = found;
	if (!Number.isInteger(covered) || covered < 1 || covered > hashes.length) {
		throw new FormatError("found entries: expected an answer for some of what was asked", { found: covered });
	}
	if (arrivals.length + damaged.length > covered) {
		throw new FormatError("found entries: more than was asked for", {
			expected: covered,
			found: arrivals.length + damaged.length,
		});
	}
	const asked = new Set(hashes.slice(0, covered));
	for (const { entry } of arrivals) {
		if (!asked.delete(entry.hash)) throw new FormatError("found entries: one that was not asked for");
	}
	for (const arrival of [...damaged, ...arrivals.map((each) => each.arrival)]) {
		if (!Number.isSafeInteger(arrival) || arrival < 1) {
			throw new FormatError("found entries: expected numbers of arrivals", { found: arrival });
		}
	}
	let bytes = 0;
	for (const { entry } of arrivals) bytes += payloadBytes(entry);
	if (arrivals.length > 1 && bytes > pageBytes) {
		throw new FormatError("found entries: expected fewer bytes", { code: "limit", expected: pageBytes, found: bytes });
	}
	return found;
}
