import { expect, it } from "vitest";
import { shownText, table } from "./text.js";

it("columns are as wide as their widest cell, for more rows than a call takes arguments", () => {
	const rows = Array.from({ length: 150_000 }, (_, i) => [`${i}`, "x"]);
	const lines = table(["number", "mark"], rows);
	expect(lines).toHaveLength(150_001);
	expect([lines[0], lines[1]]).toEqual(["number  mark", "0       x"]);
});

it("what documents hold has no power over the terminal, and stays the same JSON", () => {
	const data = { title: "\u001b[2J\u009b1m\u202e", text: "a\nb\t\u{1f468}\u200d\u{1f469}" };
	const shown = shownText(JSON.stringify(data, undefined, 2));
	expect(JSON.parse(shown)).toEqual(data);
	expect(shown).toContain("\\u009b1m\\u202e");
	expect(shown).toContain("\u{1f468}\u200d\u{1f469}");
});
