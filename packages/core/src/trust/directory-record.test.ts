import { expect, test } from "vitest";
import type { Entry } from "../entry/entry.js";
import type { HeaderFields } from "../entry/header.js";
import { FormatError } from "../errors.js";
import { Example, hashOf, tenantRoot } from "./directory-example.test.js";
import { type DirectoryRecord, decodeRecord, encodeRecord, type OpenedContents, recordOf } from "./directory-record.js";
import { formData } from "./forms.js";

function entryOf(change: Partial<HeaderFields>, known = true): Entry {
	const fields: HeaderFields = {
		version: 1,
		entryTypeCode: 0,
		tenantRoot,
		dbId: "directory",
		docId: "document",
		createdAt: 5,
		createdByPublicKey: hashOf("signer"),
		contentHash: hashOf("content"),
		previousByAuthor: undefined,
		entryType: "doc_create",
		dependencyHashes: [],
		decryptionKeyId: "directory",
		keyCommitment: hashOf("commitment"),
		originalSize: 1,
		directoryHeads: [hashOf("head")],
		contentTag: undefined,
		extensions: new Map(),
		...change,
	};
	return {
		kind: "entry",
		hash: hashOf("entry"),
		header: new Uint8Array(),
		common: fields,
		fields: known ? fields : undefined,
		signature: undefined,
		payload: undefined,
	};
}

const version = { form: "keyversion", keyId: "default", commitment: hashOf("default 1") } as const;
const root: OpenedContents = { kind: "root", data: formData(version) };

test("a doc_create's root data becomes its form", () => {
	expect(recordOf(entryOf({}), root)).toEqual({
		hash: hashOf("entry"),
		entryType: "doc_create",
		docId: "document",
		signer: hashOf("signer"),
		parents: [hashOf("head")],
		dependencies: [],
		previousByAuthor: undefined,
		createdAt: 5,
		keyCommitment: hashOf("commitment"),
		contents: { kind: "form", form: version },
	});
});

test("only a doc_create states a form, only a doc_change writes a setting", () => {
	for (const entryType of ["doc_change", "doc_delete", "doc_snapshot", "attachment_chunk"] as const) {
		expect(recordOf(entryOf({ entryType }), root).contents).toEqual({ kind: "nothing" });
	}
	const settings: OpenedContents = {
		kind: "settings",
		settings: { form: "dbsettings", dbId: "notes", setsAdminOnly: true },
	};
	expect(recordOf(entryOf({ entryType: "doc_change" }), settings).contents).toEqual(settings);
	expect(recordOf(entryOf({}), settings).contents).toEqual({ kind: "nothing" });
	expect(recordOf(entryOf({}), { kind: "root", data: { form: "keyversion" } }).contents).toEqual({ kind: "nothing" });
});

test("an entry under another key than `directory` is malformed, one of another database is refused", () => {
	expect(recordOf(entryOf({ decryptionKeyId: "default" }), root).contents).toEqual({ kind: "malformed" });
	expect(() => recordOf(entryOf({ dbId: "notes" }), root)).toThrow(FormatError);
});

test("an entry of a newer version is a link and nothing else", () => {
	const record = recordOf(entryOf({}, false), { kind: "locked" });
	expect(record.entryType).toBeUndefined();
	expect(record.contents).toEqual({ kind: "nothing" });
	expect(decodeRecord(encodeRecord(record))).toEqual(record);
});

test("records round-trip through their stored form", () => {
	const example = new Example().begin();
	example.grant("root", "mia");
	example.revoke("root", "mia", { notes: [{ from: undefined, to: hashOf("x") }] });
	example.adminOnly("root", "notes");
	example.pardon("root", "notes", [hashOf("x")]);
	for (const kind of ["locked", "malformed", "nothing"] as const)
		example.write("mia", undefined, { contents: { kind } });
	const decoded = example.records.map((record) => decodeRecord(encodeRecord(record)));
	expect(decoded).toEqual(example.records);
});

test("bytes that are no record are refused", () => {
	const bytes = encodeRecord(new Example().begin().records[0] as DirectoryRecord);
	for (let length = 0; length < bytes.length; length++)
		expect(() => decodeRecord(bytes.subarray(0, length))).toThrow(FormatError);
	expect(() => decodeRecord(new Uint8Array([...bytes, 0]))).toThrow(FormatError);
});
