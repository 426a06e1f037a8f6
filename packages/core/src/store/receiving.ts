/** Which of the entries that somebody offers may be stored, once their addresses and signatures were looked at. */
import { linkOf, type StoredEntry } from "../entry/entry.js";
import { chainKey, tags } from "./row-keys.js";
import type { StoreState } from "./state.js";
import type { Admission, Refusal } from "./store.js";
import type { Table } from "./table.js";

/** Which unsigned entries a stored entry of the same author names as predecessor. */
export async function vouchedOf(
	table: Table,
	state: StoreState,
	unsigned: readonly StoredEntry[],
): Promise<ReadonlySet<string>> {
	const authors = await state.authorStates(unsigned.map((entry) => linkOf(entry).createdByPublicKey));
	const asked = unsigned.flatMap((entry) => {
		const author = authors.get(linkOf(entry).createdByPublicKey);
		return author === undefined ? [] : [{ hash: entry.hash, key: chainKey(tags.gap, author.number, entry.hash) }];
	});
	const found = await table.hasMany(asked.map(({ key }) => key));
	return new Set(asked.filter((_, index) => found[index]).map(({ hash }) => hash));
}

/** Asks who may store. Stubs are welcome only where the document was erased for everybody. @param refused receives the others. */
export async function welcomeOf(
	entries: readonly StoredEntry[],
	{
		state,
		admit,
		refused,
	}: { readonly state: StoreState; readonly admit: Admission | undefined; readonly refused: Refusal[] },
): Promise<StoredEntry[]> {
	const verdicts = await admit?.(entries);
	const stubs = entries.filter(({ kind }) => kind === "stub");
	const erased = stubs.length === 0 ? new Set() : await state.erasedAmong(stubs.map((stub) => linkOf(stub).docId));
	return entries.filter((entry, index) => {
		const refusal =
			entry.kind === "stub" && !erased.has(entry.link.docId) ? stubRefusal(entry.hash) : verdicts?.[index];
		if (refusal !== undefined) refused.push(refusal);
		return refusal === undefined;
	});
}

export function purgedRefusal(hash: string): Refusal {
	return { hash, reason: "purged", message: "the entry was erased here" };
}

function stubRefusal(hash: string): Refusal {
	return { hash, reason: "stub", message: "a stub needs a purge request for its document" };
}
