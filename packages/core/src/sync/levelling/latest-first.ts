/** Taking documents from another store by recency, before what arrived there is gone through in order. Its answers need not be true. */
import { FormatError } from "../../errors.js";
import type { RecentEntries, RecentPlace } from "../../store/recent-entries.js";
import type { ContentAddressedStore, StorePosition } from "../../store/store.js";
import type { Intake } from "./intake.js";
import { pageBytes, pageEntries, payloadBytes } from "./pages.js";
import type { PullOptions } from "./pull-options.js";

export interface LatestFirstParts {
	readonly remote: ContentAddressedStore & Required<Pick<ContentAddressedStore, "recent">>;
	readonly intake: Intake;
	readonly options: PullOptions;
	/** As those of a pull. */
	readonly limits: { readonly refused: number; readonly emptyPages: number };
}

/** Whether a store tells documents by recency. */
export function tellsRecent(store: ContentAddressedStore): store is LatestFirstParts["remote"] {
	return store.recent !== undefined;
}

/**
 * Nothing is noted or remembered of it: whoever calls goes through the other store afterwards, and finds there what is missing yet.
 * @param there where the other store stood before.
 */
export async function takeLatestFirst(parts: LatestFirstParts, there: StorePosition): Promise<void> {
	const { remote, intake, options, limits } = parts;
	let emptyPages = 0;
	let given = 0;
	for (let place: RecentPlace | undefined = { before: there.arrival + 1, within: 0 }; place !== undefined; ) {
		options.signal?.throwIfAborted();
		const { entries, next } = await readRecent(remote, place);
		await intake.take({ arrivals: entries.map((entry) => ({ arrival: 0, entry })), damaged: [] });
		given += entries.length;
		emptyPages = entries.length === 0 ? emptyPages + 1 : 0;
		if (emptyPages > limits.emptyPages || intake.inVain > limits.refused) break;
		options.onProgress?.({ done: Math.min(given, there.arrival), total: there.arrival });
		place = next;
	}
	// What vouches for them may have come before them.
	await intake.takeWaiting();
}

/** @throws {FormatError} when there is more than was asked for, or it does not go on. */
async function readRecent(remote: LatestFirstParts["remote"], place: RecentPlace): Promise<RecentEntries> {
	const limit = remote.pageEntries ?? pageEntries;
	const found = await remote.recent({ ...place, limit, maxBytes: pageBytes, dense: true });
	const { entries, next } = found;
	const bytes = entries.reduce((sum, entry) => sum + payloadBytes(entry), 0);
	if (entries.length > limit || (entries.length > 1 && bytes > pageBytes)) {
		throw new FormatError("recent documents: expected fewer entries", { code: "limit", found: entries.length });
	}
	if (next !== undefined && !goesOn(place, next)) {
		throw new FormatError("recent documents: expected a place that is further on", { found: next.before });
	}
	return found;
}

/** Backwards from document to document, forwards in each; what lies within one is given before the next. */
function goesOn(place: RecentPlace, { before, within }: RecentPlace): boolean {
	if (!Number.isSafeInteger(before) || !Number.isSafeInteger(within) || before < 1 || within < 0) return false;
	return before < place.before || (before === place.before && within > place.within);
}
