/**
 * Where this replica's own chain of an author ends. Written in the batch that stores the entries: other devices of the same user
 * have chains of their own here, and to go on from one of theirs would be a fork. Source: docs/entry-format.md, "Author chains".
 */
import { fromHex, toHex } from "../../bytes/hex.js";
import type { Crypto, SigningKey } from "../../crypto/crypto.js";
import type { Entry } from "../../entry/entry.js";
import { signEntries } from "../../entry/sign.js";
import type { RowWrite } from "../../store/rows.js";
import type { LocalStore } from "../../store/store.js";
import { ownChainKey } from "../document-rows.js";
import { readChain } from "../judging/chain-order.js";

export function ownChainRow(publicKey: string, head: string | undefined): RowWrite[] {
	return head === undefined ? [] : [{ type: "put", key: ownChainKey(publicKey), value: fromHex(head, 32) }];
}

interface SigningContext {
	readonly env: { readonly crypto: Crypto };
	/** Absent on a replica without a user. */
	readonly author?: { readonly publicKey: string; readonly signingKey: SigningKey } | undefined;
}

/** Signs those of the entries that are this replica's user's. */
export async function signOwn({ env, author }: SigningContext, entries: readonly Entry[]): Promise<Entry[]> {
	if (author === undefined) return [];
	const own = entries.filter(({ common }) => common.createdByPublicKey === author.publicKey);
	return signEntries(env.crypto, author.signingKey, own);
}

/** The entry to go on from; `undefined` where this replica has not written as this author yet. */
export async function ownChainEnd(store: LocalStore, publicKey: string): Promise<string | undefined> {
	const row = await store.rows.get(ownChainKey(publicKey));
	if (row === undefined) return undefined;
	const own = toHex(row);
	const heads = await store.chainHeads(publicKey);
	if (heads.includes(own)) return own;
	// A restored backup: what this replica had written later came back from others.
	const chain = await readChain(store, publicKey);
	const ends = heads.filter((to) => chain.membership({ from: undefined, to }, own).kind === "inside");
	return ends.sort()[0] ?? own;
}
