/** A change that was made here. */
export interface LocalChange {
	/** The chunk, never deflated. */
	readonly change: Uint8Array;
	/** Hex. */
	readonly hash: string;
	/** Sorted hex. */
	readonly deps: readonly string[];
	/** Hex. */
	readonly actor: string;
	readonly seq: number;
	/** Counter of the first operation; the last one's is `startOp + operations − 1`. */
	readonly startOp: number;
	readonly operations: number;
}
