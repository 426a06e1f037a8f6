/**
 * When the entries of a document were written, as far as it can be told from clocks that their authors set. For display and time
 * travel alone; decides nothing. A pure function of the accepted entries.
 *
 * Source: docs/decisions/0025-times-of-the-past.md; docs/entry-format.md, "Header", field 6.
 */

import { EarliestFirst } from "./earliest-first.js";

export interface TimedEntry {
	readonly hash: string;
	/** Public key. */
	readonly author: string;
	/** Milliseconds by the author's clock. */
	readonly createdAt: number;
	readonly dependencyHashes: readonly string[];
}

/** How the clock of an entry's author stood against what others wrote before and after. */
export type ClockFault = "ahead" | "behind";

export interface EntryTime {
	/** Milliseconds; never before the time of what the entry builds on. */
	readonly time: number;
	/** Present where `time` is not what the author's clock said. */
	readonly clock: ClockFault | undefined;
}

interface Node {
	readonly entry: TimedEntry;
	readonly below: readonly Node[];
	time: number;
	/** Latest time of what other authors wrote right before this author began; `undefined` where the document begins. */
	base: number | undefined;
}

/** Times by hash. Entries depend on others of the list; what is not in it is left aside. */
export function timesOf(entries: readonly TimedEntry[]): ReadonlyMap<string, EntryTime> {
	const createdAt = new Map(entries.map((entry) => [entry.hash, entry.createdAt]));
	const agrees = (entry: TimedEntry) =>
		entry.dependencyHashes.every((hash) => (createdAt.get(hash) ?? 0) <= entry.createdAt);
	const times = new Map<string, EntryTime>();
	if (entries.every(agrees)) {
		for (const { hash, createdAt: time } of entries) times.set(hash, { time, clock: undefined });
		return times;
	}
	for (const { entry, time } of settled(entries)) {
		const clock = time === entry.createdAt ? undefined : time < entry.createdAt ? "ahead" : "behind";
		times.set(entry.hash, { time, clock });
	}
	return times;
}

/** Each entry after those that it depends on; among those that could follow, the one that was written first. */
export function inCausalOrder<E extends TimedEntry>(entries: readonly E[]): E[] {
	const known = new Map(entries.map((entry) => [entry.hash, entry]));
	const missing = new Map<E, number>();
	const followers = new Map<string, E[]>();
	const ready = new EarliestFirst<E>();
	for (const entry of entries) {
		const below = entry.dependencyHashes.filter((hash) => known.has(hash));
		missing.set(entry, below.length);
		if (below.length === 0) ready.add(entry);
		for (const hash of below) {
			const list = followers.get(hash);
			if (list === undefined) followers.set(hash, [entry]);
			else list.push(entry);
		}
	}
	const ordered: E[] = [];
	for (let entry = ready.take(); entry !== undefined; entry = ready.take()) {
		ordered.push(entry);
		for (const follower of followers.get(entry.hash) ?? []) {
			const left = (missing.get(follower) as number) - 1;
			missing.set(follower, left);
			if (left === 0) ready.add(follower);
		}
	}
	return ordered;
}

/**
 * Where an entry says that it is older than what it builds on, one of two clocks is wrong. The other author's is taken to be ahead
 * when the entry is newer than what that author's stretch of entries began on, else the entry's own is behind.
 */
function settled(entries: readonly TimedEntry[]): readonly Node[] {
	const nodes = new Map<string, Node>();
	for (const entry of inCausalOrder(entries)) {
		const below = entry.dependencyHashes.flatMap((hash) => nodes.get(hash) ?? []);
		for (const dependency of below) {
			const isAhead =
				dependency.time > entry.createdAt && (dependency.base ?? Number.POSITIVE_INFINITY) <= entry.createdAt;
			if (isAhead) lower(dependency, entry.createdAt);
		}
		const bases = below.map((each) => (each.entry.author === entry.author ? each.base : each.time));
		const known = bases.filter((base) => base !== undefined);
		nodes.set(entry.hash, {
			entry,
			below,
			time: Math.max(entry.createdAt, ...below.map(({ time }) => time)),
			base: known.length === 0 ? undefined : Math.max(...known),
		});
	}
	// What was lowered meanwhile may leave its followers too late, and never too early.
	for (const node of nodes.values()) {
		node.time = Math.max(Math.min(node.time, node.entry.createdAt), ...node.below.map(({ time }) => time));
	}
	return [...nodes.values()];
}

/** Lowers a stretch of one author's entries. */
function lower(node: Node, time: number): void {
	const waiting = [node];
	for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
		if (each.time <= time) continue;
		each.time = time;
		for (const below of each.below) if (below.time > time) waiting.push(below);
	}
}
