import {
	type ContentAddressedStore,
	linkOf,
	type MindooDB,
	type MindooFolder,
	type MindooTenant,
	memoryStores,
	TenantFactory,
} from "mindoodb";
import { openDatabase } from "./call.js";
import { toJsonValue } from "./json-value.js";
import type { Report } from "./progress.js";

/** Something that is not as it should be. */
export interface Finding {
	readonly dbId: string;
	readonly what: "record" | "entry" | "chain" | "document" | "verdict";
	/** Hash of the entry, id of the document, or number of the record. */
	readonly about: string;
	readonly message: string;
}

export interface VerifiedCounts {
	readonly databases: number;
	readonly entries: number;
	readonly documents: number;
}

/** Reads every record of a tenant's stores, which must be closed, and compares it with its address. */
export async function checkRecords(folder: MindooFolder, tenantRoot: string, report: Report): Promise<Finding[]> {
	const { stores } = folder.env;
	const findings: Finding[] = [];
	for (const dbId of await stores.list(tenantRoot)) {
		const store = await stores.open({ tenantRoot, dbId, purpose: "documents" });
		try {
			for await (const { arrival, hash, message } of store.verifyRecords({ onProgress: report })) {
				findings.push({ dbId, what: "record", about: hash ?? `number ${arrival}`, message });
			}
		} finally {
			await store.close();
		}
	}
	return findings;
}

/** Takes everything into an empty replica in memory, which checks and judges it anew, and compares what the two show. */
export async function checkDatabases(
	folder: MindooFolder,
	tenant: MindooTenant,
	{ findings, report }: { readonly findings: Finding[]; readonly report: Report },
): Promise<VerifiedCounts> {
	const { crypto } = folder.env;
	const factory = new TenantFactory({ ...folder.env, stores: memoryStores(crypto) });
	const fresh = await factory.openTenant({ identity: tenant.identity, keyBag: tenant.keyBag });
	let entries = 0;
	let documents = 0;
	const databases = ["directory", ...(await tenant.listDatabases())];
	try {
		for (const dbId of databases) {
			const [kept, made] = [await openDatabase(tenant, dbId), await fresh.openDB(dbId)];
			const { refused } = await made.pullChangesFrom(kept.store, {
				onProgress: ({ done, total }) => report(done, total),
			});
			for (const { hash, reason, message } of refused) {
				findings.push({ dbId, what: "entry", about: hash, message: `${reason}: ${message}` });
			}
			const listed = await checkChains(dbId, kept.store, findings);
			entries += listed.entries;
			documents += listed.docIds.size;
			let done = 0;
			for (const docId of listed.docIds) {
				await compareDocument({ dbId, docId, findings }, kept, made);
				report(++done, listed.docIds.size);
			}
		}
	} finally {
		await fresh.close();
	}
	return { databases: databases.length, entries, documents };
}

/** Every link of an author's chain must be there. */
async function checkChains(dbId: string, store: ContentAddressedStore, findings: Finding[]) {
	const docIds = new Set<string>();
	const seen = new Set<string>();
	const named = new Map<string, string>();
	for (let at = 0; ; ) {
		const page = await store.entriesAfter(at, { payload: false, limit: 1024 });
		if (page.next === at) break;
		at = page.next;
		for (const { entry } of page.arrivals) {
			const { docId, previousByAuthor } = linkOf(entry);
			docIds.add(docId);
			seen.add(entry.hash);
			if (previousByAuthor !== undefined) named.set(previousByAuthor, entry.hash);
		}
	}
	for (const [previous, by] of named) {
		if (seen.has(previous)) continue;
		findings.push({
			dbId,
			what: "chain",
			about: previous,
			message: `missing, though ${by} of the same author follows it`,
		});
	}
	return { docIds, entries: seen.size };
}

async function compareDocument(
	{ dbId, docId, findings }: { readonly dbId: string; readonly docId: string; readonly findings: Finding[] },
	kept: MindooDB,
	made: MindooDB,
): Promise<void> {
	if ((await shown(kept, docId)) !== (await shown(made, docId))) {
		findings.push({ dbId, what: "document", about: docId, message: "what is shown is not what its entries make" });
	}
	const [mine, theirs] = [await verdicts(kept, docId), await verdicts(made, docId)];
	for (const [hash, words] of mine) {
		const judged = theirs.get(hash);
		// Entries that the fresh replica refused to store are reported already.
		if (judged === undefined || judged === words) continue;
		findings.push({ dbId, what: "verdict", about: hash, message: `judged anew: ${judged} Kept: ${words}` });
	}
}

/** All that a document shows, as text that can be compared. */
async function shown(db: MindooDB, docId: string): Promise<string | undefined> {
	const doc = await db.getDocument(docId);
	if (doc === undefined) return undefined;
	const { isDeleted, decryptionKeyId, heads, createdAt, createdBy } = doc;
	return JSON.stringify([isDeleted, decryptionKeyId, heads, createdAt, createdBy, sorted(toJsonValue(doc.getData()))]);
}

async function verdicts(db: MindooDB, docId: string): Promise<ReadonlyMap<string, string>> {
	const explained = await db.explain(docId);
	if (explained === undefined || !("entries" in explained)) return new Map();
	return new Map(explained.entries.map(({ hash, words }) => [hash, words]));
}

/** The same value with the keys of all maps in order. */
function sorted(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== "object" || value === null) return value;
	const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
	return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
