/**
 * Changes without operations that join heads of a document, a part of them at a time: Automerge's own empty change always
 * joins all of them.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../bytes/hex.js";
import { hashedFrom } from "./change-head.js";
import { setChecksum, writeChange } from "./change-writer.js";
import type { LocalChange } from "./local-change.js";
import { OperationWriter } from "./operation-writer.js";

export interface Joining {
	/** Hex; it must not have made a change of the document before. */
	readonly actor: string;
	/** Most heads that one change may build on; at least 2. */
	readonly most: number;
	/** Greatest operation counter of some changes and their causal pasts. */
	readonly lastOperation: (changes: readonly string[]) => number;
}

/** As few changes as leave at most `most` of the heads, each upon the one before. @param heads sorted hex. */
export function joinHeads(heads: readonly string[], { actor, most, lastOperation }: Joining): LocalChange[] {
	const joins: LocalChange[] = [];
	let last = 0;
	for (let joined = 0, left = heads.length; left > most; left = heads.length - joined + 1) {
		const before = joins.at(-1);
		const part = heads.slice(joined, joined + most - (before === undefined ? 0 : 1));
		joined += part.length;
		last = Math.max(last, lastOperation(part));
		const deps = before === undefined ? part : [before.hash, ...part].sort();
		joins.push(joinOf(deps, { actor, seq: joins.length + 1, startOp: last + 1 }));
	}
	return joins;
}

function joinOf(deps: readonly string[], place: Pick<LocalChange, "actor" | "seq" | "startOp">): LocalChange {
	const { actor, seq, startOp } = place;
	const change = writeChange({ deps, actor, seq, otherActors: [] }, new OperationWriter(startOp));
	const hash = sha256(change.subarray(hashedFrom));
	setChecksum(change, hash);
	return { change, hash: toHex(hash), deps, actor, seq, startOp, operations: 0 };
}
