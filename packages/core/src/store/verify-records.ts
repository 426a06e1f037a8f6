import { equalBytes } from "../bytes/compare.js";
import type { ArrivalReader } from "./arrival-reader.js";
import type { StoreState } from "./state.js";
import type { DamagedRecord } from "./store.js";
import type { Table } from "./table.js";
import type { Trie } from "./trie.js";
import { addKey, emptySum } from "./trie-node.js";

interface VerifiedParts {
	readonly reader: ArrivalReader;
	readonly state: StoreState;
	readonly table: Table;
	readonly trie: Trie;
}

export interface VerifyOptions {
	readonly onProgress?: (done: number, total: number) => void;
}

/** Reads every record and compares the reconciliation index with them; one that does not fit is built anew. */
export async function* verifyRecords(
	{ reader, state, table, trie }: VerifiedParts,
	{ onProgress }: VerifyOptions,
): AsyncGenerator<DamagedRecord> {
	const { arrival } = await state.position();
	const sum = emptySum();
	yield* reader.verify(arrival, (key) => addKey(sum, key), onProgress);
	const index = await trie.fingerprint({ lower: { createdAt: 0, hashPrefix: new Uint8Array(0) } });
	if (index.count === sum.count && equalBytes(index.sum, sum.sum)) return;
	if ((await state.position()).arrival !== arrival) return;
	await table.exclusively(() => trie.rebuild());
	yield {
		arrival: 0,
		hash: undefined,
		message: "the reconciliation index did not fit the records; it was built anew",
	};
}
