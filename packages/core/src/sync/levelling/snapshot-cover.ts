import type { EntryOutline, LocalStore } from "../../store/store.js";

/**
 * Arrivals of a document whose payloads are not needed to show it, if its newest snapshot is what it says: what that covers, and older
 * snapshots. Told by headers alone; whoever reads the document finds out whether the snapshot counts.
 */
export async function coveredByNewestSnapshot(store: LocalStore, document: number): Promise<ReadonlySet<number>> {
	const outlines = new Map<string, EntryOutline>();
	let newest: EntryOutline | undefined;
	for await (const batch of store.outlinesOfDocument(document)) {
		for (const outline of batch) {
			outlines.set(outline.hash, outline);
			if (outline.entryType === "doc_snapshot") newest = outline;
		}
	}
	const covered = new Set<number>();
	if (newest === undefined) return covered;
	const queue = [...newest.dependencyHashes];
	for (let hash = queue.pop(); hash !== undefined; hash = queue.pop()) {
		const outline = outlines.get(hash);
		if (outline === undefined || covered.has(outline.arrival)) continue;
		covered.add(outline.arrival);
		queue.push(...outline.dependencyHashes);
	}
	for (const { entryType, dependencyHashes, arrival } of outlines.values()) {
		const older = entryType === "doc_snapshot" && arrival !== newest.arrival;
		if (older && dependencyHashes.every((hash) => covered.has(outlines.get(hash)?.arrival ?? 0))) covered.add(arrival);
	}
	return covered;
}
