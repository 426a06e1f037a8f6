/**
 * The last sequence number of every actor in a causal past. Immutable: a new one shares with the one before what did not change, so
 * thousands of changes by thousands of actors cost a few hundred bytes each.
 *
 * A tree over the actors' numbers, 16 branches a level; its leaves hold sequence numbers.
 */
export interface LastSeqs {
	/** Levels: numbers below 16 ** height have a place. */
	readonly height: number;
	readonly root: Slots;
}

type Slots = readonly (Slots | number | undefined)[];

const width = 16;

export const nobody: LastSeqs = { height: 1, root: [] };

/** @param actor its number. @returns 0 for an actor that is not there. */
export function lastSeqOf({ height, root }: LastSeqs, actor: number): number {
	if (actor >= width ** height) return 0;
	let slot: Slots | number | undefined = root;
	for (let level = height - 1; level >= 0 && typeof slot === "object"; level--) slot = slot[digit(actor, level)];
	return typeof slot === "number" ? slot : 0;
}

/** The same with a sequence number for an actor, where it is a later one. */
export function withSeq(seqs: LastSeqs, actor: number, seq: number): LastSeqs {
	if (lastSeqOf(seqs, actor) >= seq) return seqs;
	let { height, root } = seqs;
	while (actor >= width ** height) {
		root = [root];
		height++;
	}
	return { height, root: put(root, height - 1, actor, seq) };
}

/** The later one of two for every actor. */
export function joinSeqs(a: LastSeqs, b: LastSeqs): LastSeqs {
	if (a.root === b.root || b.root.length === 0) return a;
	if (a.root.length === 0) return b;
	let [low, high] = a.height < b.height ? [a, b] : [b, a];
	while (low.height < high.height) low = { height: low.height + 1, root: [low.root] };
	const root = join(high.root, low.root);
	return root === high.root ? high : { height: high.height, root };
}

function put(slots: Slots, level: number, actor: number, seq: number): Slots {
	const at = digit(actor, level);
	const changed = Array.from(slots);
	while (changed.length < at) changed.push(undefined);
	const below = changed[at];
	changed[at] = level === 0 ? seq : put(typeof below === "object" ? below : [], level - 1, actor, seq);
	return changed;
}

/** Gives one of the two back where it has all that the other one has. */
function join(a: Slots, b: Slots): Slots {
	if (a === b) return a;
	const joined: (Slots | number | undefined)[] = [];
	let [sameA, sameB] = [a.length >= b.length, b.length >= a.length];
	for (let i = 0; i < Math.max(a.length, b.length); i++) {
		const slot = later(a[i], b[i]);
		sameA &&= slot === a[i];
		sameB &&= slot === b[i];
		joined.push(slot);
	}
	return sameA ? a : sameB ? b : joined;
}

function later(a: Slots | number | undefined, b: Slots | number | undefined): Slots | number | undefined {
	if (a === undefined || b === undefined) return a ?? b;
	return typeof a === "object" && typeof b === "object" ? join(a, b) : Math.max(a as number, b as number);
}

function digit(actor: number, level: number): number {
	return Math.floor(actor / width ** level) % width;
}
