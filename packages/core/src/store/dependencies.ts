import type { Entry, StoredEntry } from "../entry/entry.js";
import type { DependencyOptions } from "./store.js";

export interface DependencySource {
	/** What is here of these addresses, by address; damaged and missing ones are left out. */
	readonly read: (hashes: readonly string[]) => Promise<ReadonlyMap<string, StoredEntry>>;
	/** Address of an accepted snapshot that covers an entry. */
	readonly cover: ((hash: string) => Promise<string | undefined>) | undefined;
}

/** Entries that are read at once. */
const stepSize = 512;

/**
 * Walks from an entry to what it depends on, nearest first, each address once; a cycle ends like a missing entry. Holds the
 * addresses found, and at most 512 entries.
 */
export async function resolveDependencies(
	source: DependencySource,
	startHash: string,
	options: DependencyOptions = {},
): Promise<string[]> {
	const { stopAtEntryType, maxDepth = Number.POSITIVE_INFINITY, includeStart = true } = options;
	const found = new Set<string>();
	const seen = new Set<string>([startHash]);
	let level = [startHash];
	for (let depth = 0; level.length > 0 && depth <= maxDepth; depth++) {
		const deeper: string[] = [];
		for (let start = 0; start < level.length; start += stepSize) {
			const step = level.slice(start, start + stepSize);
			const entries = await source.read(step);
			for (const hash of step) {
				const entry = entries.get(hash);
				if (entry === undefined) continue;
				const snapshot = stopAtEntryType === "doc_snapshot" ? await coverOf(source, entry) : undefined;
				if (snapshot !== undefined) {
					seen.add(snapshot);
					found.add(snapshot);
					continue;
				}
				found.add(hash);
				if (entry.kind === "stub" || entry.fields === undefined || entry.fields.entryType === stopAtEntryType) continue;
				for (const next of entry.fields.dependencyHashes) {
					if (seen.has(next)) continue;
					seen.add(next);
					deeper.push(next);
				}
			}
		}
		level = deeper;
	}
	if (!includeStart) found.delete(startHash);
	return [...found];
}

async function coverOf(source: DependencySource, entry: StoredEntry): Promise<string | undefined> {
	if (entry.kind === "entry" && isSnapshot(entry)) return undefined;
	return source.cover?.(entry.hash);
}

function isSnapshot(entry: Entry): boolean {
	return entry.fields?.entryType === "doc_snapshot";
}
