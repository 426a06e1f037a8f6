import { expect, it } from "vitest";
import { bytesOf, compareBytes, demandKnown, digest, realValue, runCase, textOf } from "./stand-ins.mjs";

it("what stands for bytes and texts", () => {
	// x1 = 1013904223 and x2 = x1 * 1664525 + 1013904223, both mod 2^32; the first bytes of seed 0.
	expect([...(bytesOf({ aLcg: { seed: 0, length: 2 } }, "a") ?? [])]).toEqual([60, 71]);
	expect(bytesOf({ aFill: { byte: 7, length: 3 } }, "a")).toEqual(Uint8Array.of(7, 7, 7));
	expect(bytesOf({ aHex: null }, "a")).toBe(undefined);
	expect(() => bytesOf({ aHex: "AB" }, "a")).toThrow(/lower-case hex/);
	expect(() => bytesOf({ aBase64: "QQ" }, "a")).toThrow(/base64/);
	expect(textOf({ tLcg: { seed: 0, length: 2, alphabet: "32 + (byte % 95)" } }, "t")).toBe("\\g");
	expect(textOf({ tLcg: { repeat: "ab", times: 2 } }, "t")).toBe("abab");
	expect(textOf({ tUtf16Units: [0xd800, 65] }, "t")).toBe("\ud800A");
	expect(textOf({ t: { repeat: "x", times: 3 } }, "t")).toBe("xxx");
	expect(() => textOf({ tOther: 1 }, "t")).toThrow(/expected t/);
	expect(realValue([{ undefined: true }, { a: { nonFinite: "-Infinity" } }])).toEqual([undefined, { a: -Infinity }]);
	expect(() => realValue({ nonFinite: "Big" })).toThrow(/nonFinite/);
});

it("a case passes when everything is equal, and fails when it holds something unknown", async () => {
	expect((await runCase("f", "c", () => [["n", 1, 1]])).passed).toBe(true);
	expect(await runCase("f", "c", () => [["n", 1, 2]])).toMatchObject({
		passed: false,
		expected: { n: 1 },
		got: { n: 2 },
	});
	expect((await runCase("f", "c", () => demandKnown({ id: 1, note: 2, new: 3 }, "old") ?? [])).got).toBe(
		"Error: unknown field new",
	);
	const abc = new TextEncoder().encode("abc");
	expect(compareBytes(abc, { a: { length: 3, sha256: digest("abc") } }, "a").every(([, x, y]) => x === y)).toBe(true);
	expect(() => compareBytes(abc, {}, "a")).toThrow(/expected a/);
});
