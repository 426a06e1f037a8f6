// Entries for the fuzz of the wire: the history of a real tenant, and headers that say whatever a header may say.
import { makeEntry, toHex } from "@mindoodb/core";
import { memoryStores, nodeCrypto, nodeEnv, TenantFactory } from "mindoodb";

/** @typedef {import("@mindoodb/core").StoredEntry} StoredEntry */

const crypto = nodeCrypto();

/** @returns {Promise<StoredEntry[]>} what a tenant wrote into its directory and a database, a purge among it */
export async function realHistory() {
	const stores = memoryStores(crypto);
	const factory = new TenantFactory(await nodeEnv({ stores }));
	const user = await factory.createUserId("ada", "password");
	const { tenant } = await factory.createTenant({
		tenantId: "fuzz",
		adminPassword: "administration",
		tenantKeyPassword: "tenant key",
		user,
		userPassword: "password",
		keyBag: factory.createKeyBag(),
	});
	const db = await tenant.openDB("notes");
	const docs = await db.createDocuments([{ title: "a" }, { title: "b", text: "x".repeat(5000) }, { title: "c" }]);
	for (const [turn, doc] of docs.entries()) {
		await db.changeDoc(doc, (draft) => {
			draft.turn = turn;
		});
	}
	await db.changeDoc(docs[0], async (_, attachments) => {
		await attachments.addAttachment(new Uint8Array(6000), "file", "text/plain");
	});
	await db.deleteDocument(docs[1].id);
	const { tenantRoot } = tenant.identity;
	await tenant.close();
	/** @type {StoredEntry[]} */
	const entries = [];
	for (const dbId of ["directory", "notes"]) {
		const store = await stores.open({ tenantRoot, dbId, purpose: "documents" });
		if (dbId === "notes") await store.eraseDocument(docs[2].id);
		const { arrivals } = await store.entriesAfter(0, { limit: 4096 });
		entries.push(...arrivals.map(({ entry }) => entry));
		await store.close();
	}
	return entries;
}

/**
 * @param {import("./random.mjs").Random} random
 * @param {readonly StoredEntry[]} before which the entry may name
 * @returns {Promise<StoredEntry>}
 */
export async function arbitraryEntry(random, before) {
	const hash = () => (before.length > 0 && random.number(2) === 0 ? random.pick(before).hash : toHex(random.bytes(32)));
	const hashes = (/** @type {number} */ most) => [...new Set(Array.from({ length: random.number(most) }, hash))].sort();
	const known =
		() =>
		(/** @type {string[]} */ ...values) =>
			random.pick(values);
	const payload = random.bytes(29 + random.number(60));
	const entryType = random.pick(
		/** @type {const} */ (["doc_create", "doc_change", "doc_snapshot", "doc_delete", "attachment_chunk"]),
	);
	const dependent = entryType === "doc_snapshot" || entryType === "doc_delete";
	const chunk = entryType === "attachment_chunk";
	const entry = await makeEntry(
		crypto,
		{
			entryType,
			tenantRoot: known()("00".repeat(32), "01".repeat(32)),
			dbId: known()("notes", "é"),
			docId: known()("A".repeat(32), "free", toHex(random.bytes(16))),
			dependencyHashes:
				entryType === "doc_create" ? [] : [...(dependent ? ["00".repeat(32)] : []), ...hashes(chunk ? 2 : 4)],
			createdAt: random.number(2) === 0 ? random.number(2 ** 16) : 2 ** 48 - 1 - random.number(2 ** 32),
			createdByPublicKey: known()("02".repeat(32), "03".repeat(32)),
			decryptionKeyId: known()("default", "named"),
			keyCommitment: known()("04".repeat(32), "05".repeat(32)),
			contentHash: random.number(10) === 0 ? toHex(random.bytes(32)) : toHex(await crypto.sha256(payload)),
			originalSize: entryType === "doc_delete" ? 0 : 1 + random.number(random.number(2) === 0 ? 100 : 2 ** 20 - 29),
			directoryHeads: hashes(3),
			contentTag: dependent || chunk ? undefined : toHex(random.bytes(32)),
			previousByAuthor: chunk || random.number(4) === 0 ? undefined : hash(),
			extensions: new Map(random.number(10) === 0 ? [[128 + random.number(9), random.bytes(3)]] : []),
		},
		payload,
	);
	return {
		...entry,
		signature: random.number(2) === 0 ? random.bytes(64) : undefined,
		payload: random.number(4) === 0 ? undefined : payload,
	};
}
