import { type CheckedTrail, checkTrail } from "../audit/check-trail.js";
import type { Verdict } from "../database/judging/verdict.js";
import { linkOf, type StoredEntry } from "../entry/entry.js";
import type { Env } from "../env.js";
import type { KeyBag } from "../keys/key-bag.js";
import type { LocalStore } from "../store/store.js";
import { TenantFactory } from "./tenant-factory.js";

/** An entry of a trail that does not count, and why. */
export interface UncountedEntry {
	readonly docId: string;
	readonly entry: string;
	readonly verdict: Verdict;
	/** The verdict in one sentence. */
	readonly words: string;
}

export interface JudgedTrail extends CheckedTrail {
	/** Entries that were judged, of the documents that the trail is about. */
	readonly accepted: number;
	/** The rest of them: refused, or not to be judged with the keys given. */
	readonly uncounted: readonly UncountedEntry[];
	/** Documents that show something. */
	readonly documents: number;
	/** Name under which the directory in the trail knows the exporter, who may not be a member any more. */
	readonly exporterName: string | undefined;
}

export interface JudgeTrailOptions {
	/** The key `directory` tells who was a member; with the documents' keys their contents are checked too. */
	readonly keyBag: KeyBag;
}

/**
 * Checks an audit trail as `checkTrail` does, and judges its entries anew from the evidence in it alone.
 * @param env with stores that are empty, such as ones in memory; what was read is left in them.
 */
export async function judgeTrail(
	env: Env,
	file: AsyncIterable<Uint8Array>,
	{ keyBag }: JudgeTrailOptions,
): Promise<JudgedTrail> {
	const { docIds, ...checked } = await gather(env, file);
	const { heading, tenantRoot } = checked;
	if (heading === undefined || tenantRoot === undefined)
		return { ...checked, accepted: 0, uncounted: [], documents: 0, exporterName: undefined };
	const { tenantId, administrationKey, recoveryKey, dbId, docId } = heading;
	const identity = { tenantId, administrationKey, tenantRoot, ...(recoveryKey === undefined ? {} : { recoveryKey }) };
	const tenant = await new TenantFactory(env).openTenant({ identity, keyBag });
	try {
		const db = await tenant.openDB(dbId);
		await db.syncStoreChanges();
		let accepted = 0;
		const uncounted: UncountedEntry[] = [];
		let documents = 0;
		for (const each of docIds.get(dbId) ?? []) {
			if (docId !== undefined && each !== docId) continue;
			const explained = await db.explain(each);
			if (explained === undefined || !("entries" in explained)) continue;
			if (explained.shown) documents++;
			for (const { hash, verdict, words } of explained.entries) {
				if (verdict.kind === "accepted") accepted++;
				else uncounted.push({ docId: each, entry: hash, verdict, words });
			}
		}
		const users = await (await tenant.openDirectory()).listUsers();
		const exporterName = users
			.flatMap(({ keys }) => keys)
			.find(({ signingKey }) => signingKey === checked.exporter)?.username;
		return { ...checked, accepted, uncounted, documents, exporterName };
	} finally {
		await tenant.close();
	}
}

/** Checks the trail, and puts what holds into the stores. */
async function gather(
	env: Env,
	file: AsyncIterable<Uint8Array>,
): Promise<CheckedTrail & { readonly docIds: ReadonlyMap<string, ReadonlySet<string>> }> {
	const stores = new Map<string, LocalStore>();
	const docIds = new Map<string, Set<string>>();
	try {
		const checked = await checkTrail(env.crypto, file, async (entries: readonly StoredEntry[], dbId) => {
			const [first] = entries;
			if (first === undefined) return;
			const { tenantRoot } = linkOf(first);
			const store = stores.get(dbId) ?? (await env.stores.open({ tenantRoot, dbId, purpose: "documents" }));
			stores.set(dbId, store);
			await store.append(entries);
			const known = docIds.get(dbId) ?? new Set();
			docIds.set(dbId, known);
			for (const entry of entries) known.add(linkOf(entry).docId);
		});
		return { ...checked, docIds };
	} finally {
		for (const store of stores.values()) await store.close();
	}
}
