/**
 * The directory's entries in their causal order (header field 12), and the chains of their authors (field 14). An entry waits
 * until everything that it names as known has its place. Says nothing about what counts.
 */
import { AuthorChain } from "./author-chain.js";
import { CausalOrder } from "./causal-order.js";
import type { DirectoryRecord } from "./directory-record.js";
import { type DirectoryKeys, levelOf, type TrustLevel } from "./trust-level.js";
import { type DirectoryVerdict, pendingTrust } from "./trust-verdict.js";

export interface DirectoryNode {
	record: DirectoryRecord;
	readonly level: TrustLevel;
	/** Number in the causal order; -1 while it waits. */
	index: number;
	/** Numbers of the entries that its author named as known. */
	past: readonly number[];
	verdict: DirectoryVerdict;
}

/** Heads as numbers of the causal order, or those that have no place yet. */
export type ResolvedHeads =
	| { readonly known: true; readonly past: readonly number[] }
	| { readonly known: false; readonly missing: readonly string[] };

/** Verdict of an entry that was not judged yet. */
export const unjudged: DirectoryVerdict = pendingTrust({});

export class DirectoryGraph {
	readonly keys: DirectoryKeys;
	#order = new CausalOrder();
	readonly #nodes = new Map<string, DirectoryNode>();
	#placed: DirectoryNode[] = [];
	readonly #bySigner = new Map<string, DirectoryNode[]>();
	readonly #chains = new Map<string, AuthorChain>();
	/** Keys that the root or recovery key named in an `admingrant`, whether it counts or not. */
	readonly #candidates = new Set<string>();
	/** Waiting entries by a parent that has no place. */
	readonly #waiting = new Map<string, DirectoryNode[]>();
	readonly #waitsFor = new Map<DirectoryNode, number>();

	constructor(keys: DirectoryKeys) {
		this.keys = keys;
	}

	get order(): CausalOrder {
		return this.#order;
	}

	get size(): number {
		return this.#nodes.size;
	}

	get(hash: string): DirectoryNode | undefined {
		return this.#nodes.get(hash);
	}

	at(index: number): DirectoryNode {
		return this.#placed[index] as DirectoryNode;
	}

	/** In the order in which they found their place. */
	get placed(): readonly DirectoryNode[] {
		return this.#placed;
	}

	ofSigner(signer: string): readonly DirectoryNode[] {
		return this.#bySigner.get(signer) ?? [];
	}

	/** The chain of an author inside the directory; waiting entries are links too. */
	chainOf(signer: string): AuthorChain {
		let chain = this.#chains.get(signer);
		if (chain === undefined) {
			chain = new AuthorChain();
			for (const { record } of this.ofSigner(signer)) chain.add(record);
			this.#chains.set(signer, chain);
		}
		return chain;
	}

	/** Entries that others name as known and that have not arrived. */
	missing(): string[] {
		return [...this.#waiting.keys()].filter((hash) => !this.#nodes.has(hash)).sort();
	}

	/** Parents of a waiting entry that have no place yet. */
	missingParents(node: DirectoryNode): string[] {
		return node.record.parents.filter((hash) => (this.#nodes.get(hash)?.index ?? -1) < 0);
	}

	resolve(heads: readonly string[]): ResolvedHeads {
		const past: number[] = [];
		const missing: string[] = [];
		for (const hash of heads) {
			const index = this.#nodes.get(hash)?.index ?? -1;
			if (index >= 0) past.push(index);
			else missing.push(hash);
		}
		return missing.length === 0 ? { known: true, past } : { known: false, missing };
	}

	/** Remembers an entry without placing it. @returns `undefined` when it is known. */
	insert(record: DirectoryRecord): DirectoryNode | undefined {
		if (this.#nodes.has(record.hash)) return undefined;
		const node: DirectoryNode = {
			record,
			level: levelOf(record.signer, this.keys),
			index: -1,
			past: [],
			verdict: unjudged,
		};
		this.#nodes.set(record.hash, node);
		const siblings = this.#bySigner.get(record.signer);
		if (siblings === undefined) this.#bySigner.set(record.signer, [node]);
		else siblings.push(node);
		this.#chains.get(record.signer)?.add(record);
		return node;
	}

	/**
	 * Notes what makes a signer's entries able to have an effect.
	 * @returns whether entries of that signer were placed as weightless, so that the order has to be made anew.
	 */
	noteCandidate(node: DirectoryNode): boolean {
		const { contents } = node.record;
		if (node.level === 2 || contents.kind !== "form" || contents.form.form !== "admingrant") return false;
		const key = contents.form.signingKey;
		if (this.#candidates.has(key)) return false;
		this.#candidates.add(key);
		return this.ofSigner(key).some(({ level, index }) => level === 2 && index >= 0);
	}

	/** Gives a new entry its place if its whole past has one, and then those that waited for it. @returns the placed ones. */
	place(node: DirectoryNode): DirectoryNode[] {
		if (node.record.entryType === undefined) return [];
		const parents = new Set(this.missingParents(node));
		if (parents.size > 0) {
			this.#waitsFor.set(node, parents.size);
			for (const parent of parents) {
				const waiting = this.#waiting.get(parent);
				if (waiting === undefined) this.#waiting.set(parent, [node]);
				else waiting.push(node);
			}
			return [];
		}
		const placed = [node];
		for (let i = 0; i < placed.length; i++) {
			const next = placed[i] as DirectoryNode;
			this.#settleDown(next);
			for (const waiting of this.#waiting.get(next.record.hash) ?? []) {
				const left = (this.#waitsFor.get(waiting) as number) - 1;
				this.#waitsFor.set(waiting, left);
				if (left > 0) continue;
				this.#waitsFor.delete(waiting);
				placed.push(waiting);
			}
			this.#waiting.delete(next.record.hash);
		}
		return placed;
	}

	/** Makes the causal order anew, with the signers known now to have weight. */
	reorder(): void {
		const nodes = this.#placed;
		this.#order = new CausalOrder();
		this.#placed = [];
		for (const node of nodes) this.#settleDown(node);
	}

	#settleDown(node: DirectoryNode): void {
		node.past = node.record.parents.map((hash) => (this.#nodes.get(hash) as DirectoryNode).index);
		const weighty = node.level < 2 || this.#candidates.has(node.record.signer);
		node.index = this.#order.place(node.past, weighty);
		this.#placed.push(node);
	}
}
