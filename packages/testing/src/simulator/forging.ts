import { type Entry, FormatError, type HeaderFields, type HeaderInput, makeEntry, signEntries } from "@mindoodb/core";
import type { Action } from "./actions.js";
import type { Member } from "./member.js";
import type { Simulation } from "./simulation.js";

/** What a member says who takes an entry of somebody else's and signs it with its own key, changed. */
const changes: readonly ((fields: HeaderFields, other: HeaderFields, hash: string) => Partial<HeaderInput>)[] = [
	() => ({}),
	(_, other) => ({ docId: other.docId }),
	(_, other) => ({ dependencyHashes: other.dependencyHashes }),
	() => ({ createdAt: 2 ** 48 - 1 }),
	() => ({ createdAt: 0 }),
	() => ({ directoryHeads: [] }),
	(fields) => ({ directoryHeads: [fields.contentHash] }),
	(_, other) => ({ contentTag: other.contentTag }),
	(fields) => ({ keyCommitment: fields.contentHash }),
	(fields) => ({ previousByAuthor: fields.contentHash }),
	() => ({ entryType: "doc_delete", contentTag: undefined, originalSize: 0 }),
	(_fields, _other, hash) => ({ entryType: "doc_snapshot", contentTag: undefined, dependencyHashes: [hash] }),
];

/** Brings forged entries into circulation at the member's own replica, past its software. */
export async function forge(
	simulation: Simulation,
	member: Member,
	{ kind, entry: number }: Extract<Action, { readonly do: "forge" }>,
): Promise<void> {
	const { store } = await member.db();
	const hashes = await store.getAllHashes();
	const [one, other] = [number, number * 7 + 1].map((each) => hashes[each % hashes.length]);
	if (one === undefined || other === undefined) return;
	const found = await store.getEntries([...new Set([one, other])]);
	const [original, besides = original] = found.filter((each): each is Entry => each.kind === "entry");
	if (original?.fields === undefined || besides?.fields === undefined || original.payload === undefined) return;
	const { crypto } = simulation.template.env;
	const change = changes[kind % changes.length] as (typeof changes)[number];
	const wish = { ...original.fields, createdByPublicKey: member.publicKey, previousByAuthor: undefined };
	const header = { ...wish, ...change(original.fields, besides.fields, original.hash) };
	const made = await makeEntry(crypto, header, original.payload).catch(unwritable);
	if (made === undefined) return;
	const forged = await signEntries(crypto, member.who.user.signingKey, [made]);
	if (original.fields.createdByPublicKey === member.publicKey) simulation.ledger.forked.add(original.fields.docId);
	const report = await store.putEntries(forged);
	simulation.world.tell(() => `${member.name} forges ${forged[0]?.hash}: ${report.refused[0]?.reason ?? "stored"}`);
}

/** Some of it no header can say. */
function unwritable(error: unknown): undefined {
	if (!(error instanceof FormatError)) throw error;
}
