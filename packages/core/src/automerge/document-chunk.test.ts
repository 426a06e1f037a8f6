import { nodeCrypto, nodeEnv } from "mindoodb";
import { beforeAll, expect, it } from "vitest";
import { concatBytes } from "../bytes/concat.js";
import { hashedFrom } from "./change-head.js";
import { CrdtDocument } from "./crdt-document.js";
import { type DocumentBounds, readDocumentChunk } from "./document-chunk.js";
import { forgedDocument } from "./forged-document.test.js";
import { ByteWriter } from "./leb128.js";
import { columns } from "./operation-columns.js";

const crypto = nodeCrypto();
const many: DocumentBounds = { changes: 1000, operations: 100_000 };

beforeAll(async () => {
	await nodeEnv();
});

function savedOf(edits: number): Uint8Array {
	const crdt = CrdtDocument.create("aa".repeat(24));
	for (let no = 0; no < edits; no++) {
		const draft = crdt.openDraft();
		draft.no = no;
		draft.list = Array.from({ length: 20 }, (_, i) => 100 * no + i);
		crdt.commitDraft();
	}
	const saved = crdt.save();
	crdt.free();
	return saved;
}

it("counts changes and operations as Automerge does", async () => {
	for (const edits of [1, 3, 50]) {
		const { changes, operations } = await readDocumentChunk(crypto, savedOf(edits), many);
		expect([changes, operations]).toEqual([edits, edits * 22]);
	}
});

it("refuses more than the bounds", async () => {
	const saved = savedOf(50);
	await expect(readDocumentChunk(crypto, saved, { ...many, changes: 49 })).rejects.toMatchObject({ code: "limit" });
	await expect(readDocumentChunk(crypto, saved, { ...many, operations: 1099 })).rejects.toMatchObject({
		code: "limit",
	});
});

it("refuses a column of a few bytes that unfolds to a thousand million operations, without unfolding it", async () => {
	const action = new ByteWriter(16);
	action.signed(1_000_000_000);
	action.unsigned(1);
	const bomb = await forgedDocument(savedOf(3), new Map([[columns.action, action.take()]]));
	await expect(readDocumentChunk(crypto, bomb, many)).rejects.toMatchObject({ code: "limit" });
	expect(bomb.length).toBeLessThan(2000);
});

it("refuses what is no document, is cut off, or has something behind it", async () => {
	const saved = savedOf(3);
	const change = saved.slice();
	change[hashedFrom] = 1;
	for (const wrong of [change, saved.subarray(0, -1), concatBytes(saved, saved), saved.subarray(0, 8)]) {
		await expect(readDocumentChunk(crypto, wrong, many)).rejects.toMatchObject({ name: "FormatError" });
	}
});
