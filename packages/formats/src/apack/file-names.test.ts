import { describe, expect, it } from "vitest";
import { fileNameSegments } from "./file-names.js";

it.each(["a", "a/b/c.txt", ".hidden", "a b", "日本語.txt", "console.txt", "nulls", "a..b", "…"])(
	"%s is a file",
	(name) => {
		expect(fileNameSegments(name)).toEqual(name.split("/"));
	},
);

describe("refused", () => {
	it.each([
		"",
		"/etc/passwd",
		"../x",
		"a/../../x",
		"a/./b",
		"a//b",
		"a/",
		"..",
		"a\\b",
		"..\\x",
		"C:\\x",
		"C:x",
		"c:",
		"\\\\host\\share",
		"a\0b",
		"a\nb",
		"x:stream",
		"what?",
		"nul",
		"NUL.txt",
		"Com1",
		"a/lpt9.log",
		"aux .txt",
		"conin$",
		"COM¹",
		"end.",
		"end ",
		"a./b",
		"... ",
		`${"é".repeat(128)}`,
	])("%j", (name) => {
		expect(() => fileNameSegments(name)).toThrow(expect.objectContaining({ code: "name" }));
	});
});
