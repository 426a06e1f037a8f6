/**
 * The chain of one author in one database: which entry its author signed after which (header field 14). Normally a line; after
 * a restored backup a tree. Links come in any order.
 *
 * A tree is kept as branches: stretches of consecutive links. So "does this entry lie in that run?" costs the branches between
 * the run's end and its beginning once, and after that a comparison an entry.
 * Source: docs/entry-format.md, "Author chains"; docs/trust.md, rule 4.
 */
import type { ChainRun } from "./form-codecs.js";
import { HashIndex } from "./hash-index.js";

/** Place of an entry of the author; stubs are links as well. */
export interface ChainLink {
	/** 64 hex digits. */
	readonly hash: string;
	readonly previousByAuthor: string | undefined;
}

/** `unknown`: a link between the run's end and its beginning has not arrived, and the entry may lie behind it. */
export type Membership =
	| { readonly kind: "inside" }
	| { readonly kind: "outside" }
	| { readonly kind: "unknown"; readonly missing: readonly string[] };

const inside: Membership = { kind: "inside" };
const outside: Membership = { kind: "outside" };

interface Branch {
	/** Position of the first and last link; links that arrive in front lower `first`. */
	first: number;
	last: number;
	/** What comes before `first`: a link, nothing, or a link that has not arrived. */
	before: number | "beginning" | { readonly missing: string };
}

/** Stretch of a branch that belongs to a run, both ends included. */
interface Stretch {
	readonly first: number;
	readonly last: number;
}

interface RunPath {
	readonly stretches: ReadonlyMap<number, Stretch>;
	/** The link at which the way back ends for now. */
	readonly missing: string | undefined;
	/** Number of links when the path was computed. */
	readonly size: number;
}

export class AuthorChain {
	readonly #index = new HashIndex();
	readonly #branchOf: number[] = [];
	readonly #positionOf: number[] = [];
	readonly #branches: Branch[] = [];
	/** Branches by the link that they wait for. */
	readonly #waiting = new Map<string, number[]>();
	readonly #paths = new Map<string, RunPath>();

	/** Number of links known. */
	get size(): number {
		return this.#branchOf.length;
	}

	has(hash: string): boolean {
		return this.#index.get(hash) !== undefined;
	}

	/** Takes over a link; known ones change nothing. */
	add({ hash, previousByAuthor }: ChainLink): void {
		if (this.#index.get(hash) !== undefined) return;
		const behind = this.#waiting.get(hash) ?? [];
		this.#waiting.delete(hash);
		const previous = previousByAuthor === undefined ? undefined : this.#index.get(previousByAuthor);
		const link = this.#branchOf.length;
		this.#index.set(hash, link);
		const below = previous === undefined ? undefined : (this.#branchOf[previous] as number);
		const tail = below === undefined ? undefined : (this.#branches[below] as Branch);
		const [front] = behind;
		if (tail !== undefined && below !== undefined && this.#positionOf[previous as number] === tail.last) {
			this.#put(below, ++tail.last);
		} else if (front !== undefined) {
			const branch = this.#branches[front] as Branch;
			this.#put(front, --branch.first);
			branch.before = this.#before(front, previous, previousByAuthor);
			behind.shift();
		} else {
			const number = this.#branches.push({ first: 0, last: 0, before: "beginning" }) - 1;
			this.#put(number, 0);
			(this.#branches[number] as Branch).before = this.#before(number, previous, previousByAuthor);
		}
		for (const number of behind) (this.#branches[number] as Branch).before = link;
	}

	/** Whether an entry lies in a run of this chain. */
	membership(run: ChainRun, hash: string): Membership {
		const path = this.#pathOf(run);
		const link = this.#index.get(hash);
		if (link !== undefined) {
			const stretch = path.stretches.get(this.#branchOf[link] as number);
			const position = this.#positionOf[link] as number;
			if (stretch !== undefined && stretch.first <= position && position <= stretch.last) return inside;
		}
		return path.missing === undefined ? outside : { kind: "unknown", missing: [path.missing] };
	}

	/** Whether an entry lies in one of the runs; while it lies in none, a run with a missing link leaves it open. */
	membershipOfAny(runs: readonly ChainRun[], hash: string): Membership {
		const missing = new Set<string>();
		for (const run of runs) {
			const membership = this.membership(run, hash);
			if (membership.kind === "inside") return inside;
			if (membership.kind === "unknown") for (const each of membership.missing) missing.add(each);
		}
		return missing.size === 0 ? outside : { kind: "unknown", missing: [...missing].sort() };
	}

	#put(branch: number, position: number): void {
		this.#branchOf.push(branch);
		this.#positionOf.push(position);
	}

	#before(branch: number, previous: number | undefined, hash: string | undefined): Branch["before"] {
		if (previous !== undefined) return previous;
		if (hash === undefined) return "beginning";
		const waiting = this.#waiting.get(hash) ?? [];
		this.#waiting.set(hash, waiting);
		waiting.push(branch);
		return { missing: hash };
	}

	#pathOf(run: ChainRun): RunPath {
		const key = `${run.from ?? ""}/${run.to}`;
		const known = this.#paths.get(key);
		// A way back that is complete stays as it is: nobody can put a link between two that name each other.
		if (known !== undefined && (known.missing === undefined || known.size === this.size)) return known;
		const path = this.#walk(run);
		this.#paths.set(key, path);
		return path;
	}

	#walk({ from, to }: ChainRun): RunPath {
		const stretches = new Map<number, Stretch>();
		const stop = from === undefined ? undefined : this.#index.get(from);
		let link = this.#index.get(to);
		if (link === undefined) return { stretches, missing: to === from ? undefined : to, size: this.size };
		for (;;) {
			const number = this.#branchOf[link] as number;
			const last = this.#positionOf[link] as number;
			if (stop !== undefined && this.#branchOf[stop] === number && (this.#positionOf[stop] as number) <= last) {
				stretches.set(number, { first: (this.#positionOf[stop] as number) + 1, last });
				return { stretches, missing: undefined, size: this.size };
			}
			const { first, before } = this.#branches[number] as Branch;
			stretches.set(number, { first, last });
			if (before === "beginning") return { stretches, missing: undefined, size: this.size };
			if (typeof before === "object") {
				// `from` itself need not have arrived: its successor names it.
				return { stretches, missing: before.missing === from ? undefined : before.missing, size: this.size };
			}
			link = before;
		}
	}
}
