import * as Automerge from "@automerge/automerge/slim";
import { Counter, ImmutableString } from "@automerge/automerge/slim";
import fc from "fast-check";
import { nodeCrypto, nodeEnv } from "mindoodb";
import { beforeAll, expect, it } from "vitest";
import { CrdtDocument } from "./crdt-document.js";
import { readDocumentChunk } from "./document-chunk.js";
import { type DocumentData, encodeProjection } from "./plain-data.js";
import { keepRoot } from "./root-state.js";
import { readSavedDocument } from "./saved-document.js";
import { showState } from "./shown-state.js";

const crypto = nodeCrypto();
const many = { changes: 10_000, operations: 1_000_000 };
const actors = ["aa", "bb", "0c"].map((each) => each.repeat(24));

beforeAll(async () => {
	await nodeEnv();
});

const textOf = (data: DocumentData) => new TextDecoder().decode(encodeProjection(data));

async function read(document: CrdtDocument) {
	return readSavedDocument(await readDocumentChunk(crypto, document.save(), many));
}

// biome-ignore lint/suspicious/noExplicitAny: a draft has the shape that its user gives it.
type Draft = any;

const key = fc.constantFrom("a", "b", "list", "text", "map", "ключ", "", "😀", "\uffee", "10", "toString");
const value = fc.oneof(
	fc.maxSafeInteger(),
	fc.double(),
	fc.constantFrom<unknown>(null, true, false, -0, "", new ImmutableString("plain"), { x: { y: [1] } }, [], {}),
	fc.string({ unit: "grapheme", maxLength: 8 }),
	fc.date({ noInvalidDate: true }),
	fc.uint8Array({ maxLength: 5 }),
);
const at = fc.nat({ max: 30 });
/** One step of an edit; it does nothing where what it needs is not there. */
const step = fc.oneof(
	fc.tuple(key, value).map(([name, put]) => (draft: Draft) => {
		draft[name] = put;
	}),
	key.map((name) => (draft: Draft) => {
		delete draft[name];
	}),
	fc.tuple(at, fc.nat({ max: 3 }), fc.array(value, { maxLength: 3 })).map(([index, gone, put]) => (draft: Draft) => {
		draft.list = Array.isArray(draft.list) ? draft.list : [];
		draft.list.splice(Math.min(index, draft.list.length), gone, ...put);
	}),
	fc.tuple(at, value).map(([index, put]) => (draft: Draft) => {
		if (Array.isArray(draft.list) && index < draft.list.length) draft.list[index] = put;
	}),
	fc
		.tuple(at, fc.nat({ max: 4 }), fc.string({ unit: "grapheme", maxLength: 5 }))
		.map(([index, gone, put]) => (draft: Draft) => {
			if (typeof draft.text !== "string") draft.text = "some text 😀";
			const from = Math.min(index, [...draft.text].length);
			Automerge.updateText(draft, ["text"], [...draft.text].toSpliced(from, gone, put).join(""));
		}),
	fc.tuple(key, value).map(([name, put]) => (draft: Draft) => {
		draft.map = typeof draft.map === "object" && draft.map !== null && !Array.isArray(draft.map) ? draft.map : {};
		if (!(draft.map instanceof Date)) draft.map[name] = put;
	}),
);
const edits = fc.array(
	fc.record({
		who: fc.nat({ max: actors.length - 1 }),
		pulls: fc.boolean(),
		steps: fc.array(step, { minLength: 1, maxLength: 4 }),
	}),
	{ maxLength: 25 },
);

it("shows what Automerge shows, of maps, lists and texts that several edit at once", async () => {
	let shown = 0;
	await fc.assert(
		fc.asyncProperty(edits, async (all) => {
			const documents = actors.map((actor) => CrdtDocument.create(actor));
			let earlier: { readonly saved: Uint8Array; readonly heads: readonly string[] } | undefined;
			for (const [no, { who, pulls, steps }] of all.entries()) {
				const [ann] = documents as [CrdtDocument];
				if (no === all.length >> 1) earlier = { saved: ann.save(), heads: ann.heads };
				const document = documents[who] as CrdtDocument;
				if (pulls) for (const other of documents) if (other !== document) document.apply(other.changes());
				try {
					const draft = document.openDraft();
					for (const each of steps) each(draft);
					document.commitDraft();
				} catch (error) {
					// Automerge's own text functions refuse some places; the draft is then undone.
					if (!(error instanceof Error)) throw error;
					document.rollbackDraft();
				}
			}
			const [whole] = documents as [CrdtDocument];
			for (const other of documents.slice(1)) whole.apply(other.changes());
			for (const document of documents) {
				const found = await read(document);
				if (found === undefined) continue;
				shown++;
				expect(textOf(found.data)).toBe(textOf(document.toData()));
				expect(found.heads).toEqual(document.heads);
				const kept = document.rootState();
				expect(keepRoot(found.root, { heads: found.heads, startOp: found.startOp })).toEqual(kept);
				for (const [name, type] of kept?.fields ?? []) {
					if (type !== undefined) expect(found.root.find(name)?.type).toBe(type);
				}
			}
			const behind = whole.changes(earlier?.heads);
			const { heads, data } = await showState(crypto, earlier?.saved, behind);
			expect([heads, textOf(data)]).toEqual([whole.heads, textOf(whole.toData())]);
			for (const document of documents) document.free();
		}),
		{ numRuns: 150 },
	);
	expect(shown).toBeGreaterThan(300);
});

/** A document of one change for each edit. */
function edited(edit: (draft: Draft) => void, ...others: ((draft: Draft) => void)[]): CrdtDocument {
	const document = CrdtDocument.create(actors[0] as string);
	for (const each of [edit, ...others]) {
		each(document.openDraft());
		document.commitDraft();
	}
	return document;
}

it("leaves to Automerge what the columns do not tell", async () => {
	const counted = (draft: Draft) => {
		draft.count = new Counter(1);
	};
	const increment = (draft: Draft) => draft.count.increment(2);
	const written = (draft: Draft) => {
		draft.text = "marked";
	};
	const mark = (draft: Draft) => Automerge.mark(draft, ["text"], { start: 0, end: 2, expand: "none" }, "bold", true);
	expect(await read(edited(counted))).toMatchObject({ data: { count: 1 } });
	expect(await read(edited(written))).toMatchObject({ data: { text: "marked" } });
	for (const document of [edited(counted, increment), edited(written, mark)]) {
		expect(await read(document)).toBeUndefined();
		const { data } = await showState(crypto, document.save(), []);
		expect(data).toEqual(document.toData());
	}
});

it("leaves attachments to Automerge that two members have begun", async () => {
	const [anns, bens] = actors.map((actor) => CrdtDocument.create(actor)) as [CrdtDocument, CrdtDocument];
	for (const document of [anns, bens]) {
		document.openDraft();
		document.draftAttachments().add(document.actor, { fileName: "a", mimeType: "b", content: Uint8Array.of(1) });
		document.commitDraft();
	}
	expect((await read(anns))?.data).toEqual(anns.toData());
	anns.apply(bens.changes());
	expect(await read(anns)).toBeUndefined();
	expect((await showState(crypto, anns.save(), [])).data).toEqual(anns.toData());
	expect(Object.keys((anns.toData() as Draft)._attachments)).toHaveLength(2);
});

it("throws nothing where columns do not fit together", async () => {
	const document = edited((draft) => {
		Object.assign(draft, { list: [1, 2], text: "ab", half: 0.5, at: new Date(5) });
	});
	const chunk = await readDocumentChunk(crypto, document.save(), many);
	let refused = 0;
	for (const column of chunk.columns.keys()) {
		for (const data of [new Uint8Array(0), Uint8Array.of(1), Uint8Array.of(0x7f, 0x7f), Uint8Array.of(0x7a, 0x15, 1)]) {
			const found = readSavedDocument({ ...chunk, columns: new Map([...chunk.columns, [column, data]]) });
			if (found === undefined) refused++;
		}
	}
	expect(refused).toBeGreaterThan(20);
});
