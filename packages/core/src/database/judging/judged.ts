import type { DecodedChange } from "../../automerge/change-chunk.js";
import type { StoredEntry } from "../../entry/entry.js";
import type { accepted, Verdict } from "./verdict.js";

export interface EvaluationInput {
	readonly arrival: number;
	readonly entry: StoredEntry;
	/** "accepted" when an evaluation before, under the same directory and keys, found so; spares all checks but decryption. */
	readonly settled?: typeof accepted | undefined;
}

/** Runs by the hash of their entry. */
export type Fillings = ReadonlyMap<string, readonly DecodedChange[]>;

/** A change's place in the sequence of its actor. */
export interface ChangePlace {
	readonly actor: string;
	readonly seq: number;
}

/** An entry and what became of it. */
export interface Judged {
	arrival: number;
	/** Without its payload once that was opened and taken over. */
	entry: StoredEntry;
	verdict: Verdict;
	/** Places that its changes take, where they could be opened. */
	run?: readonly ChangePlace[] | undefined;
	/** Verdict of the author's right, kept while dependencies are missing. */
	readonly right: Verdict | undefined;
	readonly settled: typeof accepted | undefined;
}
