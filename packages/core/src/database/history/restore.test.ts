import { Float64, mark } from "@automerge/automerge/slim";
import { nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import { RichText } from "../../automerge/restorable-values.js";
import { restoreState } from "./restore.js";

it("a whole number that is a float stays one when it is written again, and marks are told from characters", async () => {
	await nodeEnv();
	const document = CrdtDocument.create("ab".repeat(24));
	const edit = (work: (draft: Record<string, unknown>) => void) => {
		work(document.openDraft());
		document.commitDraft();
	};
	edit((draft) => {
		Object.assign(draft, { float: new Float64(3), int: 3, list: [new Float64(4), 4], marked: "word", plain: "word" });
		mark(draft, ["marked"], { start: 0, end: 4, expand: "none" }, "bold", true);
	});
	const heads = document.heads;
	const wanted = {
		float: new Float64(3),
		int: 3,
		list: [new Float64(4), 4],
		marked: new RichText([{ type: "text", value: "word", marks: { bold: true } }]),
		plain: "word",
	};
	const before = document.valuesAt(heads);
	expect(before).toEqual(wanted);
	edit((draft) => {
		for (const key of Object.keys(wanted)) draft[key] = null;
	});
	edit((draft) => restoreState(draft, before));
	expect(document.valuesAt(document.heads)).toEqual(wanted);
	document.free();
});
