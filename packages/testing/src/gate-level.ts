import type { Level, LevelBatch } from "@mindoodb/core";

/** What can be held back: a batch by the keys that it puts, a scan by its first key, a read by its key. */
export type HeldOperation = "batch" | "scan" | "get";

export interface Hold {
	/** Resolves when the first operation is held. */
	readonly reached: Promise<void>;
	/** Lets all of them go on, and holds no more. */
	release(): void;
}

export interface GateLevel {
	readonly level: Level;
	/**
	 * Holds what matches until it is released, so that a test can do something in between.
	 * @param after matches that still pass. @default 0
	 */
	hold(operation: HeldOperation, matches: (key: Uint8Array) => boolean, after?: number): Hold;
}

interface Gate {
	readonly operation: HeldOperation;
	readonly matches: (key: Uint8Array) => boolean;
	after: number;
	readonly reach: () => void;
	readonly released: Promise<void>;
}

/** Wraps an engine whose operations can be held back, to hold a race open. */
export function gateLevel(inner: Level): GateLevel {
	const gates = new Set<Gate>();

	async function pass(operation: HeldOperation, keys: readonly Uint8Array[]): Promise<void> {
		// Gates that are set meanwhile are for what comes behind.
		for (const gate of [...gates]) {
			if (gate.operation !== operation || !keys.some(gate.matches) || gate.after-- > 0) continue;
			gate.reach();
			await gate.released;
		}
	}

	function batch(): LevelBatch {
		const real = inner.batch();
		const keys: Uint8Array[] = [];
		return {
			put(key, value) {
				keys.push(key);
				return real.put(key, value);
			},
			del: (key) => real.del(key),
			async write(options) {
				await pass("batch", keys);
				await real.write(options);
			},
			close: () => real.close(),
		};
	}

	const level: Level = {
		open: () => inner.open(),
		close: () => inner.close(),
		async get(key) {
			await pass("get", [key]);
			return inner.get(key);
		},
		getMany: (keys) => inner.getMany(keys),
		hasMany: (keys) => inner.hasMany(keys),
		iterator(range) {
			let begun: ReturnType<Level["iterator"]> | undefined;
			return {
				// Made late: an iterator shows the rows of the moment in which it was made.
				async nextv(size) {
					if (begun === undefined) await pass("scan", [range.gte]);
					begun ??= inner.iterator(range);
					return begun.nextv(size);
				},
				close: async () => begun?.close(),
			};
		},
		batch,
		compactRange: async (start, end) => inner.compactRange?.(start, end),
	};

	return {
		level,
		hold(operation, matches, after = 0) {
			let reach: () => void = () => {};
			let release: () => void = () => {};
			const reached = new Promise<void>((resolve) => {
				reach = resolve;
			});
			const released = new Promise<void>((resolve) => {
				release = resolve;
			});
			const gate: Gate = { operation, matches, after, reach, released };
			gates.add(gate);
			return {
				reached,
				release() {
					gates.delete(gate);
					release();
				},
			};
		},
	};
}
