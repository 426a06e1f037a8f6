/** What adding to and reading a file asks of the engines. */
import { type AliceAndBob, aliceAndBob, type CountingLevel, countingLevel } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { beforeEach, expect, it } from "vitest";
import type { Crypto } from "../../crypto/crypto.js";
import type { LocalStore, StoreFactory } from "../../store/store.js";
import type { MindooDB } from "../mindoo-db.js";
import type { AttachmentEdits } from "./attachment-edits.js";

const chunkSize = 16_384;
let place: AliceAndBob;
/** The engines of both tenants' own stores, the directory's among them. */
let tenantLevels: CountingLevel[];

beforeEach(async () => {
	tenantLevels = [];
	const newStores = (crypto: Crypto) => countedStores(crypto, tenantLevels);
	place = await aliceAndBob({ env: await nodeEnv(), newStores });
});

function countedStores(crypto: Crypto, levels: CountingLevel[]): StoreFactory {
	return memoryStores(crypto, {
		wrapLevel: (level) => {
			const counting = countingLevel(level);
			levels.push(counting);
			return counting.level;
		},
	});
}

/** A database with the engines of its own stores: one, or two where chunks have a store of their own. */
async function openFiles(apart: boolean): Promise<{
	readonly db: MindooDB;
	readonly store: LocalStore;
	readonly levels: readonly CountingLevel[];
}> {
	const { env, tenant } = place.alice;
	const levels: CountingLevel[] = [];
	const stores = countedStores(env.crypto, levels);
	const { tenantRoot } = tenant.identity;
	const open = (purpose: "documents" | "attachments") => stores.open({ tenantRoot, dbId: "files", purpose });
	const docStore = await open("documents");
	const db = await tenant.openDB("files", {
		docStore,
		chunkSize,
		...(apart && { attachmentStore: await open("attachments") }),
	});
	return { db, store: docStore, levels };
}

async function addFile(db: MindooDB, docId: string, bytes: number): Promise<string> {
	let id = "";
	await db.changeDoc(docId, async (_, attachments) => {
		id = await attachments.addAttachment(new Uint8Array(bytes), "film", "video/mp4");
	});
	return id;
}

it.each([
	["beside the documents", false, [1], [2]],
	["in a store of their own", true, [1, 1], [1, 2]],
])("an append to a file whose chunks lie %s is one durable write a store", async (_, apart, syncs, reads) => {
	const { db, levels } = await openFiles(apart);
	const { id: docId } = await db.createDocument();
	const id = await addFile(db, docId, 5 * chunkSize);
	for (const each of [...levels, ...tenantLevels]) each.reset();
	await db.changeDoc(docId, (_, attachments) => attachments.appendToAttachment(id, new Uint8Array(65_536).fill(1)));
	expect(levels.map(({ counts }) => counts.syncs)).toEqual(syncs);
	// What the batches themselves have to know: neither the chunk before nor the settings are read again.
	expect(levels.map(({ counts }) => counts.reads)).toEqual(reads);
	expect(tenantLevels.map(({ counts }) => counts.reads)).toEqual(tenantLevels.map(() => 0));
});

it("what an edit holds in memory until its change is written is bounded", async () => {
	const { db, store } = await openFiles(false);
	const { id: docId } = await db.createDocument();
	const staged: number[] = [];
	const { put } = store.staging;
	store.staging.put = async (upload, contents, now) => {
		staged.push(contents.length);
		return put.call(store.staging, upload, contents, now);
	};
	const add = (attachments: AttachmentEdits, nth: number) =>
		attachments.addAttachment(new Uint8Array(6 * chunkSize).fill(nth), "film", "video/mp4");
	await db.changeDoc(docId, async (_, attachments) => {
		for (const nth of [1, 2, 3, 4]) await add(attachments, nth);
	});
	expect(staged).toEqual([6, 6]);
	const doc = await db.getDocument(docId);
	for (const [index, { id }] of (doc?.getAttachments() ?? []).entries()) {
		const bytes = (await doc?.getAttachment(id)) as Uint8Array;
		expect(bytes).toHaveLength(6 * chunkSize);
		expect(new Set(bytes).size, `file ${index}`).toBe(1);
	}
});

it("the first reading of a file asks for its index and headers many chunks at a time", async () => {
	const { db, levels } = await openFiles(true);
	const { id: docId } = await db.createDocument();
	const id = await addFile(db, docId, 300 * chunkSize);
	const doc = await db.getDocument(docId);
	for (const each of levels) each.reset();
	await doc?.getAttachmentRange(id, 0, 1);
	expect(levels[1]?.counts.reads).toBeLessThan(40);
});
