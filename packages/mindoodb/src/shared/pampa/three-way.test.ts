import { expect, it } from "vitest";
import { type Fields, merge } from "./three-way.js";

/** "a1 b2" is a field a with the text 1 and a field b with the text 2; "-" is nothing at all. */
const fields = (text: string): Fields | undefined =>
	text === "-" ? undefined : new Map(text.split(" ").map((each) => [each.slice(0, -1), each.slice(-1)] as const));

const text = (given: Fields | undefined) =>
	given === undefined
		? "-"
		: [...given]
				.map(([name, value]) => name + value)
				.sort()
				.join(" ");

it.each([
	// source, target, base → target, base, conflicts
	["a1", "-", "-", "a1", "a1", ""],
	["-", "a1", "-", "a1", "-", ""],
	["-", "a1", "a1", "-", "-", ""],
	["a1", "-", "a1", "-", "a1", ""],
	["-", "-", "a1", "-", "-", ""],
	["a2", "a1", "a1", "a2", "a2", ""],
	["a1", "a2", "a1", "a2", "a1", ""],
	["a2", "a2", "a1", "a2", "a2", ""],
	["a2 b1", "a1 b2", "a1 b1", "a2 b2", "a2 b1", ""],
	["b1", "a1 b1", "a1 b1", "b1", "b1", ""],
	["a2 b2", "a3 b1", "a1 b1", "a3 b2", "a1 b2", "a"],
	["a2", "a3", "-", "a3", "-", "a"],
	["-", "a2", "a1", "a2", "a1", "a"],
	["a2", "-", "a1", "-", "a1", "a"],
	["success_rate2", "success_rate3", "success_rate1", "success_rate3", "success_rate1", ""],
	["-", "success_rate2 a1", "success_rate1 a1", "-", "-", ""],
])("from %s to %s, which had %s: %s", (source, target, base, expected, known, conflicts) => {
	const merged = merge({ source: fields(source), target: fields(target), base: fields(base) });
	expect([text(merged.target), text(merged.base), merged.conflicts.join()]).toEqual([expected, known, conflicts]);
});

it.each([
	["a2 b2", "a3 b1", "a1 b1", "a2 b2"],
	["a1", "a2", "a1", "a1"],
	["-", "a2", "a1", "-"],
	["a2", "-", "a1", "a2"],
	["-", "a1", "-", "a1"],
])("overwriting, from %s to %s, which had %s: %s", (source, target, base, expected) => {
	const sides = { source: fields(source), target: fields(target), base: fields(base) };
	const merged = merge(sides, { overwrite: true });
	expect([text(merged.target), merged.conflicts]).toEqual([expected, []]);
});

it("what only the target knows goes where that is asked for", () => {
	const sides = { source: undefined, target: fields("a1"), base: undefined };
	expect(merge(sides, { prune: true })).toEqual({ target: undefined, base: undefined, conflicts: [] });
});
