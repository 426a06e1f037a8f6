import { expect, it } from "vitest";
import { table } from "./text.js";

it("columns are as wide as their widest cell, for more rows than a call takes arguments", () => {
	const rows = Array.from({ length: 150_000 }, (_, i) => [`${i}`, "x"]);
	const lines = table(["number", "mark"], rows);
	expect(lines).toHaveLength(150_001);
	expect([lines[0], lines[1]]).toEqual(["number  mark", "0       x"]);
});
