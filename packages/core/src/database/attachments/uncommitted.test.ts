import {
	type AliceAndBob,
	aliceAndBob,
	type FaultyLevel,
	faultyLevel,
	type GateLevel,
	gateLevel,
	type WriteFault,
} from "@mindoodb/testing";
import { MemoryLevel } from "memory-level";
import { memoryStores, nodeEnv } from "mindoodb";
import { beforeEach, expect, it } from "vitest";
import type { Entry } from "../../entry/entry.js";
import { openLevelStore } from "../../store/level-store.js";
import type { LocalStore } from "../../store/store.js";
import { rowKinds, rowRange } from "../document-rows.js";
import type { MindooDB } from "../mindoo-db.js";

const day = 24 * 60 * 60 * 1000;

let place: AliceAndBob;
let documents: FaultyLevel;
let chunkRows: GateLevel;
let chunks: LocalStore;
let files: MindooDB;
let docId: string;

beforeEach(async () => {
	place = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const { env, tenant } = place.alice;
	const { tenantRoot } = tenant.identity;
	const newStore = async () => {
		const options = { keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" } as const;
		const faulty = faultyLevel(new MemoryLevel<Uint8Array, Uint8Array>(options));
		const gate = gateLevel(faulty.level);
		const parts = { crypto: env.crypto, random: env.crypto, tenantRoot, dbId: "files" };
		return { faulty, gate, store: await openLevelStore(gate.level, parts) };
	};
	const [docs, apart] = [await newStore(), await newStore()];
	documents = docs.faulty;
	chunkRows = apart.gate;
	chunks = apart.store;
	files = await tenant.openDB("files", { docStore: docs.store, attachmentStore: chunks, chunkSize: 16_384 });
	docId = (await files.createDocument()).id;
});

const add = (data: Uint8Array) =>
	files.changeDoc(docId, async (_, attachments) => {
		await attachments.addAttachment(data, "film", "video/mp4");
	});

/** Adds a file while the documents' store fails as after a crash between the two stores. */
async function addInVain(data: Uint8Array, fault: WriteFault = {}): Promise<void> {
	await expect(
		files.changeDoc(docId, async (_, attachments) => {
			await attachments.addAttachment(data, "film", "video/mp4");
			documents.failWrites({ times: 1, ...fault });
		}),
	).rejects.toMatchObject({ code: "store-io" });
	documents.repair();
}

const chunkEntries = async () => (await chunks.findNewEntries([])) as Entry[];
const held = async () =>
	(await chunks.hasContents?.((await chunkEntries()).map(({ common }) => common.contentHash)))?.length;
const shared = new Uint8Array(3 * 16_384).fill(1, 0, 16_384).fill(2, 16_384, 32_768);

it("bytes of chunks whose change never came are garbage after a day; those that a document needs stay", async () => {
	await add(shared.slice(0, 32_768));
	// In the same millisecond the first two are the very chunks that are here; later they are others with the same bytes.
	await addInVain(shared);
	expect(await held()).toBe(3);
	place.alice.clock.advance(1);
	await addInVain(shared);
	expect(await held()).toBe(6);
	place.alice.clock.advance(day / 2);
	expect(await files.collectGarbage()).toEqual({ contents: 0, bytes: 0 });
	place.alice.clock.advance(day);
	const found = { contents: 1, bytes: 16_384 + 29 };
	expect(await files.collectGarbage({ dryRun: true })).toEqual(found);
	expect(await held()).toBe(6);
	expect(await files.collectGarbage()).toEqual(found);
	expect(await held()).toBe(4);
	expect(await files.collectGarbage()).toEqual({ contents: 0, bytes: 0 });
	// Nothing needs them, so nothing asks for them.
	expect(await files.fetchAttachments()).toEqual({ chunks: 0, bytes: 0, missing: 0 });
	const doc = await files.getDocument(docId);
	expect(await doc?.getAttachment(doc.getAttachments()[0]?.id ?? "")).toEqual(shared.slice(0, 32_768));
	// The same file again is whole.
	await add(shared);
	expect(await held()).toBe(9);
});

it("nobody waits until the note about chunks that are needed is struck out", async () => {
	const notes = async () => {
		const found: Uint8Array[] = [];
		for await (const batch of chunks.rows.scan(rowRange(rowKinds.uncommitted)))
			found.push(...batch.map(([key]) => key));
		return found.length;
	};
	const hold = chunkRows.hold("scan", ([, kind]) => kind === rowKinds.uncommitted);
	await add(shared);
	await hold.reached;
	hold.release();
	await expect.poll(notes).toBe(0);
	await add(shared);
	await files.collectGarbage();
	expect(await notes()).toBe(0);
});

it("a change that is there all the same keeps its chunks", async () => {
	await addInVain(shared, { written: true });
	place.alice.clock.advance(2 * day);
	expect(await files.collectGarbage()).toMatchObject({ bytes: 0 });
	expect(await held()).toBe(3);
	const doc = await files.getDocument(docId);
	expect(await doc?.getAttachment(doc.getAttachments()[0]?.id ?? "")).toEqual(shared);
});

it("chunks that a later change refers to stay, though their first one never came", async () => {
	await addInVain(shared);
	await add(shared);
	place.alice.clock.advance(2 * day);
	expect(await files.collectGarbage()).toEqual({ contents: 0, bytes: 0 });
	expect(await held()).toBe(3);
});

it("a chunk is explained, with where its bytes are", async () => {
	await add(shared);
	const { hash, common } = (await chunkEntries())[0] as Entry;
	expect(await files.explain(hash)).toMatchObject({
		docId,
		entryType: "attachment_chunk",
		createdBy: place.alice.publicKey,
		words: expect.stringContaining("bytes are here"),
	});
	await chunks.contents.drop([common.contentHash]);
	expect(await files.explain(hash)).toMatchObject({ words: expect.stringContaining("not here") });
});
