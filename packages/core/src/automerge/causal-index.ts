import type { DecodedChange } from "./change-chunk.js";
import { joinSeqs, type LastSeqs, lastSeqOf, nobody, withSeq } from "./last-seqs.js";
import { findIn, type OperationId, type OperationRun, scanChange } from "./operation-runs.js";
import { OperationTable, type TableRange } from "./operation-table.js";

/** What the index needs of a change: one that `decodeChanges` gave, or one that was made here. */
export type CheckedChange = Pick<DecodedChange, "bytes" | "hash" | "deps" | "actor" | "seq" | "startOp" | "operations">;

/** Rules of docs/entry-format.md that a change can break against its causal past. */
export type CausalVerdict =
	| { readonly ok: true }
	| { readonly ok: false; readonly rule: "dependencies" | "b" | "c"; readonly message: string };

interface Node {
	readonly hash: string;
	readonly actor: string;
	readonly seq: number;
	readonly startOp: number;
	/** Last operation; `startOp − 1` for a change without any. */
	readonly lastOp: number;
	/** Greatest counter of the change and its causal past. */
	readonly greatest: number;
	/** Of the other actors in the causal past; shared along a chain of one actor. */
	readonly others: LastSeqs;
	readonly label: string;
	/** What may be named of it; until then `unread` is its chunk. */
	operations: TableRange | undefined;
	unread: Uint8Array | undefined;
}

/** Bytes of chunks that may wait until somebody names an operation of theirs; most are never asked. */
const mostUnread = 8 * 1024 * 1024;

/**
 * What is known of the changes of one document: for each its place in its actor's sequence and its causal past.
 *
 * Changes of one actor on one line share what is known of the others, so 50,000 edits in a row cost some 200 bytes each, and not much
 * more where authors take turns. Of their bytes no more than a bounded part is kept.
 */
export class CausalIndex {
	readonly #nodes = new Map<string, Node>();
	/** By actor, at index seq − 1. */
	readonly #sequences = new Map<string, (Node | undefined)[]>();
	/** Numbers of actors from 1, and back. */
	readonly #numbers = new Map<string, number>();
	readonly #actors: string[] = [""];
	/** What `checkRun` read of changes that are probably added next. */
	readonly #scanned = new WeakMap<CheckedChange, readonly OperationRun[]>();
	readonly #table = new OperationTable();
	#unread: Node[] = [];
	#unreadBytes = 0;

	get size(): number {
		return this.#nodes.size;
	}

	/** Bytes of changes that are kept here. */
	get heldBytes(): number {
		return this.#unreadBytes;
	}

	has(hash: string): boolean {
		return this.#nodes.has(hash);
	}

	/** Label of a change that was added. */
	labelOf(hash: string): string | undefined {
		return this.#nodes.get(hash)?.label;
	}

	/** Hash of the first change that was added at this place of an actor's sequence. */
	at(actor: string, seq: number): string | undefined {
		return this.#sequences.get(actor)?.[seq - 1]?.hash;
	}

	/** Greatest operation counter of changes that were added, and of their causal pasts. */
	lastOperation(changes: readonly string[]): number {
		return greatestOf(changes.map((hash) => this.#nodes.get(hash)).filter((node) => node !== undefined));
	}

	/**
	 * Rules (b) and (c) for a run, (c) as strictly as `operation-runs.ts` tells: the first change against those that were added, each further one, which depends on the one
	 * before alone, against these and the ones before. Adds nothing.
	 */
	checkRun(run: readonly DecodedChange[]): CausalVerdict {
		const [first] = run;
		if (first === undefined) return { ok: true };
		const deps: Node[] = [];
		for (const hash of first.deps) {
			const node = this.#nodes.get(hash);
			if (node === undefined) return broken("dependencies", `the change depends on ${hash}, which is not known`);
			deps.push(node);
		}
		let seq = 1 + this.#lastSeq(deps, first.actor);
		let startOp = 1 + greatestOf(deps);
		const own: OperationRun[] = [];
		const find = (id: OperationId): OperationRun | undefined => {
			const counter = id % 2 ** 32;
			const actor = this.#actors[Math.floor(id / 2 ** 32)] as string;
			// The run's own operations lie between the first one's and this one's without a gap.
			if (actor === first.actor && counter >= first.startOp) return findIn(own, counter);
			return this.#find(actor, counter, this.#lastSeq(deps, actor));
		};
		for (const change of run) {
			if (change.seq !== seq) return broken("b", `expected seq ${seq}, found ${change.seq}`);
			if (change.startOp !== startOp) return broken("b", `expected startOp ${startOp}, found ${change.startOp}`);
			const { runs, fault } = scanChange(change.bytes, this.#numberOf, find);
			if (fault !== undefined) return broken("c", fault);
			this.#scanned.set(change, runs);
			for (const each of runs) own.push(each);
			seq++;
			startOp += change.operations;
		}
		return { ok: true };
	}

	/**
	 * Adds a change whose dependencies were added before; one that is there already is left as it is.
	 * @param label whatever the caller wants to find again, such as the hash of an entry.
	 * @returns the label of another change at the same place of the same actor, if there is one.
	 */
	add(change: CheckedChange, label: string): string | undefined {
		if (this.#nodes.has(change.hash)) return undefined;
		const deps = change.deps.map((hash) => this.#nodes.get(hash)).filter((node) => node !== undefined);
		const { hash, actor, seq, startOp, bytes } = change;
		const lastOp = startOp + change.operations - 1;
		const greatest = Math.max(greatestOf(deps), lastOp);
		const node: Node = {
			hash,
			actor,
			seq,
			startOp,
			lastOp,
			greatest,
			others: this.#othersOf(deps, actor),
			label,
			operations: undefined,
			unread: undefined,
		};
		this.#nodes.set(hash, node);
		const runs = this.#scanned.get(change);
		if (runs === undefined) this.#leaveUnread(node, bytes);
		else this.#note(node, runs);
		const sequence = this.#sequences.get(actor) ?? [];
		this.#sequences.set(actor, sequence);
		const other = sequence[seq - 1];
		if (other !== undefined) return other.label;
		sequence[seq - 1] = node;
		return undefined;
	}

	/** Hash of the change that an operation is part of. */
	changeOf(actor: string, counter: number): string | undefined {
		return this.#nodeOf(actor, counter, Number.POSITIVE_INFINITY)?.hash;
	}

	/** An operation of a change of this actor with at most this seq. */
	#find(actor: string, counter: number, seq: number): OperationRun | undefined {
		const node = this.#nodeOf(actor, counter, seq);
		return node === undefined ? undefined : this.#table.find(this.#operationsOf(node), counter);
	}

	/** The last change of this actor with at most this seq that begins no later than this operation. */
	#nodeOf(actor: string, counter: number, seq: number): Node | undefined {
		const sequence = this.#sequences.get(actor) ?? [];
		let low = 0;
		let high = Math.min(seq, sequence.length) - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if ((sequence[middle]?.startOp ?? Number.POSITIVE_INFINITY) <= counter) low = middle;
			else high = middle - 1;
		}
		return high < 0 ? undefined : sequence[low];
	}

	#operationsOf(node: Node): TableRange {
		if (node.operations !== undefined) return node.operations;
		const bytes = node.unread as Uint8Array;
		this.#unreadBytes -= bytes.length;
		return this.#note(node, scanChange(bytes, this.#numberOf, undefined).runs);
	}

	#note(node: Node, runs: readonly OperationRun[]): TableRange {
		node.unread = undefined;
		node.operations = this.#table.add(runs);
		return node.operations;
	}

	#leaveUnread(node: Node, bytes: Uint8Array): void {
		// A view would keep the run that it is a part of.
		node.unread = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
		this.#unread.push(node);
		this.#unreadBytes += bytes.length;
		if (this.#unreadBytes <= mostUnread) return;
		for (const each of this.#unread) this.#operationsOf(each);
		this.#unread = [];
	}

	#lastSeq(deps: readonly Node[], actor: string): number {
		const number = this.#numberOf(actor);
		let last = 0;
		for (const { actor: own, seq, others } of deps) {
			last = Math.max(last, own === actor ? seq : lastSeqOf(others, number));
		}
		return last;
	}

	#othersOf(deps: readonly Node[], actor: string): LastSeqs {
		const [first] = deps;
		if (first === undefined) return nobody;
		if (deps.length === 1 && first.actor === actor) return first.others;
		let others = nobody;
		for (const dep of deps) others = joinSeqs(others, withSeq(dep.others, this.#numberOf(dep.actor), dep.seq));
		return others;
	}

	readonly #numberOf = (actor: string): number => {
		const known = this.#numbers.get(actor);
		if (known !== undefined) return known;
		this.#numbers.set(actor, this.#actors.length);
		return this.#actors.push(actor) - 1;
	};
}

function greatestOf(deps: readonly Node[]): number {
	let greatest = 0;
	for (const node of deps) greatest = Math.max(greatest, node.greatest);
	return greatest;
}

function broken(rule: "dependencies" | "b" | "c", message: string): CausalVerdict {
	return { ok: false, rule, message };
}
