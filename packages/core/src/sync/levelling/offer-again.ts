import type { StoredEntry } from "../../entry/entry.js";
import type { PutReport } from "../../store/store.js";

/**
 * Stores entries of a directory, of which one may grant the author of another: those of strangers are offered again as long as that helps.
 * @param store takes the entries, or says why not.
 */
export async function offerAgain(
	entries: readonly StoredEntry[],
	store: (entries: readonly StoredEntry[]) => Promise<PutReport>,
): Promise<PutReport> {
	let report = await store(entries);
	for (let gained = report.stored.length; gained > 0; ) {
		const strangers = new Set(report.refused.filter(({ reason }) => reason === "not-member").map(({ hash }) => hash));
		if (strangers.size === 0) break;
		const again = await store(entries.filter(({ hash }) => strangers.has(hash)));
		gained = again.stored.length;
		const refused = [...report.refused.filter(({ hash }) => !strangers.has(hash)), ...again.refused];
		report = { stored: [...report.stored, ...again.stored], known: [...report.known, ...again.known], refused };
	}
	return report;
}
