/** Counts what is taken of something that there is only so much of, by whoever takes it. */
export class Places {
	readonly #most: number;
	readonly #taken = new Map<string, number>();

	constructor(most: number) {
		this.#most = most;
	}

	/** Whether `take` would give none. */
	isFull(who: string): boolean {
		return (this.#taken.get(who) ?? 0) >= this.#most;
	}

	/** @returns a function that gives the place back, `undefined` when there is none left. */
	take(who: string): (() => void) | undefined {
		if (this.isFull(who)) return undefined;
		this.#taken.set(who, (this.#taken.get(who) ?? 0) + 1);
		let given = false;
		return () => {
			if (given) return;
			given = true;
			const left = (this.#taken.get(who) as number) - 1;
			if (left === 0) this.#taken.delete(who);
			else this.#taken.set(who, left);
		};
	}

	/** How many have a place at all. */
	get size(): number {
		return this.#taken.size;
	}
}

/** What counts as one address: an IPv4 address, also in IPv6 notation, or the first 64 bits of an IPv6 address, which one client has. */
export function addressGroup(address: string | undefined): string {
	if (address === undefined) return "unknown";
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
	if (mapped !== undefined || !address.includes(":")) return mapped ?? address;
	const [head = "", tail] = address.split("%")[0]?.toLowerCase().split("::") ?? [];
	const groups = head === "" ? [] : head.split(":");
	const after = tail === undefined || tail === "" ? [] : tail.split(":");
	const zeros = tail === undefined ? 0 : 8 - groups.length - after.length;
	const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill("0"), ...after];
	return all
		.slice(0, 4)
		.map((each) => each.replace(/^0+(?=.)/, ""))
		.join(":");
}
