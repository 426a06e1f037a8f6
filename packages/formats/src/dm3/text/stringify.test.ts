import fc from "fast-check";
import { expect, test } from "vitest";
import { Dm3Error } from "../dm3-error.js";
import { getSize, stringify } from "./stringify.js";

test("plain data comes back, and writes the same text whatever the order of its keys", () => {
	fc.assert(
		fc.property(fc.jsonValue(), (value) => {
			const text = stringify(value);
			expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
			expect(stringify(reversed(value))).toBe(text);
			expect(getSize(value)).toBe(Buffer.byteLength(text));
		}),
	);
});

test("keys are sorted by UTF-16 code units at every depth, and __proto__ is one of them", () => {
	const value: unknown = JSON.parse('{"b":{"9":1,"10":2},"a":[{"é":1,"Z":2}],"__proto__":{"y":1,"x":2}}');
	expect(stringify(value)).toBe('{"__proto__":{"x":2,"y":1},"a":[{"Z":2,"é":1}],"b":{"10":2,"9":1}}');
	expect(stringify({ "\u{1F680}": 1, "\uFFFD": 2 })).toBe('{"\u{1F680}":1,"\uFFFD":2}');
});

test("values that JSON lacks", () => {
	const circle: { a: number; self?: unknown } = { a: 1 };
	circle.self = circle;
	const twice = { b: 1 };
	for (const [value, text] of [
		[circle, '{"a":1,"self":"[Circular]"}'],
		[[twice, twice], '[{"b":1},{"b":1}]'],
		[{ n: 12345678901234567890n }, '{"n":12345678901234567890}'],
		[{ a: 1, f: () => 1, s: Symbol("s") }, '{"a":1}'],
		[[undefined, Symbol("s"), Number.NaN, null, -0], "[null,null,null,null,0]"],
		[new Array(2), "[null,null]"],
		[new Map([[1, 2]]), "{}"],
		[Uint8Array.of(1, 2), '{"0":1,"1":2}'],
		[{ toJSON: (key: string) => ({ z: key, a: 2 }) }, '{"a":2,"z":""}'],
		[{ k: { toJSON: (key: string) => key } }, '{"k":"k"}'],
		[{ k: { toJSON: () => undefined }, l: 1 }, '{"l":1}'],
		["\ud800\u2028", '"\\ud800\u2028"'],
	] as const) {
		expect(stringify(value)).toBe(text);
	}
});

test("what leaves nothing to write, and what is too deep, is refused", () => {
	for (const value of [undefined, () => 1, Symbol("s")]) {
		expect(() => stringify(value)).toThrow(new Dm3Error("value", "Invalid stringified input"));
	}
	let deep: unknown = [];
	for (let level = 1; level < 1000; level++) deep = [deep];
	expect(stringify(deep)).toBe("[".repeat(1000) + "]".repeat(1000));
	expect(() => stringify([deep])).toThrow(Dm3Error);
});

function reversed(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(reversed);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.reverse()
			.map(([key, item]) => [key, reversed(item)]),
	);
}
