/**
 * Answers "does this directory entry lie in the causal past of those?" without walking the graph.
 *
 * Entries that can have an effect (`weighty`: their signer is or was named an administrator) are laid out on chains, each
 * entry behind one that it knows. An entry remembers for every chain how far its past reaches, so a query is one comparison
 * per head. A chain whose tail is known to a newcomer is continued, so there are about as many chains as administrators who
 * ever wrote at the same time; along a chain that nobody else touches the reach is shared. Entries without weight get no chain:
 * nobody asks whether they lie in a past, and so a member cannot make the order wide by writing to the directory.
 */
export class CausalOrder {
	readonly #chain: number[] = [];
	readonly #position: number[] = [];
	/** Positions reached on other chains; at the entry's own chain a lower bound. */
	readonly #reach: Int32Array[] = [];
	readonly #lengths: number[] = [];

	/** Entries are numbered from 0 in the order in which they are placed. */
	get size(): number {
		return this.#chain.length;
	}

	/** Number of chains: memory is at most entries times chains. */
	get chains(): number {
		return this.#lengths.length;
	}

	/** @param parents numbers of placed entries. @returns the number of the new one. */
	place(parents: readonly number[], weighty: boolean): number {
		const index = this.#chain.length;
		const [first] = parents;
		if (weighty && parents.length === 1 && first !== undefined && this.#isTail(first)) {
			this.#append(this.#chain[first] as number, this.#reach[first] as Int32Array);
			return index;
		}
		const reach = this.#join(parents);
		if (!weighty) {
			this.#chain.push(-1);
			this.#position.push(-1);
			this.#reach.push(reach);
			return index;
		}
		let chain = this.#lengths.findIndex((length, candidate) => (reach[candidate] ?? -1) === length - 1);
		if (chain < 0) chain = this.#lengths.push(0) - 1;
		this.#append(chain, reach);
		return index;
	}

	hasWeight(entry: number): boolean {
		return (this.#chain[entry] as number) >= 0;
	}

	/** Whether `entry` (weighty, else only itself is found) is one of `heads` or in the causal past of one. */
	isInPast(entry: number, heads: readonly number[]): boolean {
		const chain = this.#chain[entry] as number;
		const position = this.#position[entry] as number;
		for (const head of heads) {
			if (head === entry) return true;
			if (chain < 0) continue;
			if (this.#chain[head] === chain) {
				if (position <= (this.#position[head] as number)) return true;
				continue;
			}
			const reached = (this.#reach[head] as Int32Array)[chain];
			if (reached !== undefined && position <= reached) return true;
		}
		return false;
	}

	/** How many entries with weight an entry knows, with itself. O(chains). */
	sizeOfPast(entry: number): number {
		const chain = this.#chain[entry] as number;
		const own = chain < 0 ? 0 : (this.#position[entry] as number) + 1;
		let size = own;
		for (const [other, reached] of (this.#reach[entry] as Int32Array).entries())
			if (other !== chain) size += reached + 1;
		return size;
	}

	#isTail(index: number): boolean {
		const chain = this.#chain[index] as number;
		return chain >= 0 && (this.#position[index] as number) === (this.#lengths[chain] as number) - 1;
	}

	#append(chain: number, reach: Int32Array): void {
		const position = this.#lengths[chain] as number;
		this.#lengths[chain] = position + 1;
		this.#chain.push(chain);
		this.#position.push(position);
		this.#reach.push(reach);
	}

	#join(parents: readonly number[]): Int32Array {
		const [first] = parents;
		if (parents.length === 1 && first !== undefined && (this.#chain[first] as number) < 0) {
			return this.#reach[first] as Int32Array;
		}
		let width = 0;
		for (const parent of parents) {
			width = Math.max(width, (this.#reach[parent] as Int32Array).length, (this.#chain[parent] as number) + 1);
		}
		const joined = new Int32Array(width).fill(-1);
		for (const parent of parents) {
			const reach = this.#reach[parent] as Int32Array;
			for (let i = 0; i < reach.length; i++) {
				if ((reach[i] as number) > (joined[i] as number)) joined[i] = reach[i] as number;
			}
			const chain = this.#chain[parent] as number;
			if (chain >= 0) joined[chain] = Math.max(joined[chain] as number, this.#position[parent] as number);
		}
		return joined;
	}
}
