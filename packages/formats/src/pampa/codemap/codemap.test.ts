import { expect, it } from "vitest";
import { decodeCodemap, encodeCodemap } from "./codemap.js";
import { mergeEntry, normalizeEntry } from "./codemap-entry.js";

it("ids stand as an English dictionary sorts them, those that are array indexes first", () => {
	const ids = ["b", "A", "a", "10", "9", "01", "a.b", "a-b", "a_b", "é", "4294967295", ""];
	const text = encodeCodemap(new Map(ids.map((id) => [id, normalizeEntry({})])));
	expect([...decodeCodemap(text).keys()]).toEqual([
		"9",
		"10",
		"01",
		"4294967295",
		"a",
		"A",
		"a_b",
		"a-b",
		"a.b",
		"b",
		"é",
	]);
	expect(text.endsWith("}")).toBe(true);
	expect(encodeCodemap(new Map())).toBe("{}");
});

it("fields and ids that are called like members of every object are ordinary ones", () => {
	const text = '{ "__proto__": { "__proto__": { "sha": "x" }, "constructor": 1 } }';
	const codemap = decodeCodemap(text);
	expect(codemap.get("__proto__")?.sha).toBe("unknown");
	expect(encodeCodemap(decodeCodemap(encodeCodemap(codemap)))).toBe(encodeCodemap(codemap));
	expect(encodeCodemap(codemap)).toContain('"constructor": 1');
	expect(normalizeEntry({}).constructor).toBe(Object);
});

it("what is no codemap is refused and not taken for an empty one", () => {
	for (const text of ["", "{", "[]", "null", "7"]) {
		expect(() => decodeCodemap(text)).toThrow(expect.objectContaining({ code: "CODEMAP_INVALID" }));
	}
	expect(decodeCodemap('{"a":[1]}').get("a")).toEqual(normalizeEntry({}));
});

it("a field that is named as undefined takes the place of the previous one", () => {
	const previous = { file: "a.ts", lang: "typescript", chunkType: "function" };
	expect(mergeEntry({ chunkType: undefined, lang: "go" }, previous)).toEqual(
		normalizeEntry({ file: "a.ts", lang: "go" }),
	);
});
