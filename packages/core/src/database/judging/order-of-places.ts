import type { StoredEntry } from "../../entry/entry.js";
import type { Evaluation } from "./evaluation.js";

/** An accepted entry on the way to its turn. */
interface Node {
	readonly hash: string;
	/** Places that it claims and that are undecided. */
	readonly claims: Set<number>;
	/** Accepted entries that build on it. */
	readonly above: Node[];
	/** Entries below it that are not settled. */
	below: number;
	/** Whether it builds on one that lost. */
	fallen: boolean;
}

/**
 * The order in which places that several entries claim are decided: each once all places below its entries are. What builds on a loser
 * falls with it and is no rival: else it could win a place of its own, and take the other side's entry along. Places that wait for each
 * other, as only a forger makes them, come as they stand. Source: docs/decisions/0085-places-are-decided-from-below.md.
 */
export class OrderOfPlaces {
	readonly #places: readonly (readonly Node[])[];
	/** For each place, entries that have something unsettled below them. */
	readonly #unready: number[];
	readonly #decided = new Set<number>();
	/** Entries with nothing unsettled below them, to be looked at. */
	readonly #ready: Node[] = [];
	/** Places whose entries are ready. */
	readonly #due: number[] = [];
	/** The place that was given last. */
	#last: number | undefined;

	/** @param places hashes of the entries that claim each place. */
	constructor(evaluation: Pick<Evaluation, "inCausalOrder">, places: readonly (readonly string[])[]) {
		const nodes = new Map<string, Node>();
		for (const { entry } of evaluation.inCausalOrder()) {
			const node: Node = { hash: entry.hash, claims: new Set(), above: [], below: 0, fallen: false };
			nodes.set(entry.hash, node);
			for (const dependency of dependenciesOf(entry)) {
				const under = nodes.get(dependency);
				if (under === undefined) continue;
				under.above.push(node);
				node.below++;
			}
			if (node.below === 0) this.#ready.push(node);
		}
		this.#places = places.map((there) => there.map((hash) => nodes.get(hash)).filter((node) => node !== undefined));
		this.#unready = this.#places.map(({ length }) => length);
		for (const [place, there] of this.#places.entries()) for (const { claims } of there) claims.add(place);
	}

	/** Entries of the next place that may still win it. @param lost what lost so far, in the places that were given before. */
	next(lost: ReadonlySet<string>): readonly string[] | undefined {
		if (this.#last !== undefined) {
			for (const node of this.#places[this.#last] ?? []) {
				node.claims.delete(this.#last);
				if (node.claims.size === 0 && node.below === 0) this.#settle(node, lost);
			}
		}
		for (let node = this.#ready.pop(); node !== undefined; node = this.#ready.pop()) {
			if (node.claims.size === 0) this.#settle(node, lost);
			for (const place of node.claims) {
				this.#unready[place] = (this.#unready[place] ?? 0) - 1;
				if (this.#unready[place] === 0) this.#due.push(place);
			}
		}
		this.#last = this.#due.shift() ?? this.#undecided();
		if (this.#last === undefined) return undefined;
		this.#decided.add(this.#last);
		const there = this.#places[this.#last] ?? [];
		return there.filter(({ hash, fallen }) => !fallen && !lost.has(hash)).map(({ hash }) => hash);
	}

	#settle({ hash, fallen, above }: Node, lost: ReadonlySet<string>): void {
		for (const next of above) {
			if (fallen || lost.has(hash)) next.fallen = true;
			if (--next.below === 0) this.#ready.push(next);
		}
	}

	#undecided(): number | undefined {
		const place = this.#places.findIndex((_, each) => !this.#decided.has(each));
		return place < 0 ? undefined : place;
	}
}

function dependenciesOf(entry: StoredEntry): readonly string[] {
	return entry.kind === "entry" ? (entry.fields?.dependencyHashes ?? []) : [];
}
