import { nodeEnv } from "mindoodb";
import { beforeAll, expect, it } from "vitest";
import { FormatError } from "../errors.js";
import { CrdtDocument } from "./crdt-document.js";
import type { RootState } from "./root-state.js";

const [ann, ben] = ["aa".repeat(24), "bb".repeat(24)];

beforeAll(async () => {
	await nodeEnv();
});

function documentOf(fields: Record<string, unknown>): CrdtDocument {
	const document = CrdtDocument.create(ann);
	Object.assign(document.openDraft(), fields);
	document.commitDraft();
	return document;
}

/** Goes on from what was kept of a document, on other bytes than its own if `saved` says so. */
function resume(document: CrdtDocument, saved = document.save(), actor = ben): CrdtDocument {
	const root = document.rootState() as RootState;
	const data = document.toData();
	return CrdtDocument.resume({ root, data: () => ({ ...data }), saved: () => ({ saved, changes: [] }) }, actor);
}

it("goes on behind changes without operations", () => {
	const document = documentOf({ a: 1 });
	document.emptyChange();
	const loaded = CrdtDocument.load(document.save(), ben);
	const changes = [resume(document), resume(loaded), loaded].map((each) => {
		const draft = each.openDraft();
		draft.a = 2;
		return each.commitDraft();
	});
	expect(changes[0]).toMatchObject({ seq: 1, startOp: 2, deps: document.heads });
	expect(changes.slice(0, 2)).toEqual([changes[2], changes[2]]);
});

it("leaves keys with several values to Automerge", () => {
	const document = documentOf({ a: 1, b: 1 });
	const other = CrdtDocument.load(document.save(), ben);
	for (const [each, value] of [
		[document, 2],
		[other, 3],
	] as const) {
		each.openDraft().a = value;
		each.commitDraft();
	}
	document.apply(other.changes(document.heads));
	const saved = document.save();
	const away = "cc".repeat(24);
	for (const fields of [{ b: 4 }, { a: 4 }, { b: 5, a: 5 }]) {
		const [resumed, loaded] = [resume(document, saved, away), CrdtDocument.load(saved, away)];
		const changes = [resumed, loaded].map((each) => {
			Object.assign(each.openDraft(), fields);
			return each.commitDraft();
		});
		expect(changes[0]).toEqual(changes[1]);
	}
});

it("is not kept of a root with very many keys", () => {
	const keys = Array.from({ length: 257 }, (_, n) => [`key ${n}`, n] as const);
	expect(documentOf(Object.fromEntries(keys.slice(1))).rootState()?.fields).toHaveLength(256);
	expect(documentOf(Object.fromEntries(keys)).rootState()).toBeUndefined();
});

it("of another document than the one that is loaded is refused", () => {
	const resumed = resume(documentOf({ a: 1 }), documentOf({ a: 2 }).save());
	expect(resumed.toData()).toEqual({ a: 1 });
	expect(() => resumed.changes()).toThrow(FormatError);
});

it("is let go with its document", () => {
	const resumed = resume(documentOf({ a: 1 }));
	resumed.free();
	for (const use of [() => resumed.openDraft(), () => resumed.toData(), () => resumed.save()]) {
		expect(use).toThrow(expect.objectContaining({ code: "closed" }));
	}
});

it("is neither shown nor loaded while a draft is open", () => {
	const resumed = resume(documentOf({ a: 1 }));
	resumed.openDraft();
	for (const use of [() => resumed.openDraft(), () => resumed.toData(), () => resumed.save()]) {
		expect(use).toThrow("a draft of the document is open");
	}
	resumed.rollbackDraft();
	expect(resumed.toData()).toEqual({ a: 1 });
});
