import { encode, rfc8949EncodeOptions } from "cborg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../errors.js";
import { type CborValue, decodeCbor, encodeCbor } from "./cbor.js";
import { fromHex, toHex } from "./hex.js";

const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4 },
		fc.maxSafeNat(),
		fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
		fc.boolean(),
		fc.constant(null),
		fc.string({ unit: "grapheme" }),
		fc.string({ minLength: 20, maxLength: 300 }),
		fc.uint8Array({ maxLength: 300 }),
		fc.array(tie("value"), { maxLength: 30 }),
		fc
			.array(fc.tuple(fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.string({ unit: "grapheme" })), tie("value")), {
				maxLength: 30,
			})
			.map((pairs) => new Map(pairs)),
	),
}));

test("writes what cborg writes, and reads it back", () => {
	fc.assert(
		fc.property(value, (each) => {
			const bytes = encodeCbor(each);
			expect(toHex(bytes)).toBe(toHex(encode(each, rfc8949EncodeOptions)));
			expect(decodeCbor(bytes)).toEqual(each);
		}),
		{ numRuns: 1000 },
	);
});

test("RFC 8949, appendix A: the examples of the subset", () => {
	const examples: readonly (readonly [CborValue, string])[] = [
		[0, "00"],
		[1, "01"],
		[10, "0a"],
		[23, "17"],
		[24, "1818"],
		[100, "1864"],
		[1000, "1903e8"],
		[1_000_000, "1a000f4240"],
		[1_000_000_000_000, "1b000000e8d4a51000"],
		[false, "f4"],
		[true, "f5"],
		[null, "f6"],
		[fromHex("01020304"), "4401020304"],
		["", "60"],
		["IETF", "6449455446"],
		["\u00fc", "62c3bc"],
		["\ud800\udd51", "64f0908591"],
		[[1, [2, 3], [4, 5]], "8301820203820405"],
		[
			new Map<string, CborValue>([
				["b", [2, 3]],
				["a", 1],
			]),
			"a26161016162820203",
		],
	];
	for (const [plain, hex] of examples) expect(toHex(encodeCbor(plain))).toBe(hex);
});

describe("what the subset cannot hold is refused", () => {
	test.each([
		-1,
		-0,
		1.5,
		Number.NaN,
		Number.POSITIVE_INFINITY,
		2 ** 53,
		undefined,
		1n,
		{},
		"\ud800",
		[[-1]],
		new Map([["a", -1]]),
	])("%s", (each) => {
		expect(() => encodeCbor(each as CborValue)).toThrow(FormatError);
	});

	test.each([
		["", "nothing"],
		["1817", "a longer form"],
		["0000", "trailing bytes"],
		["20", "a negative number"],
		["f90000", "a float"],
		["c000", "a tag"],
		["f7", "undefined"],
		["9fff", "an indefinite length"],
		["5f4100ff", "indefinite bytes"],
		["a201000100", "a key twice"],
		["a202000100", "keys out of order"],
		["61ff", "ill-formed UTF-8"],
		["63eda080", "a surrogate"],
		["4400", "an early end"],
		["1bffffffffffffffff", "a number above 2^53"],
	])("%s: %s", (hex) => {
		expect(() => decodeCbor(fromHex(hex))).toThrow(FormatError);
	});
});

test("what is returned belongs to the caller", () => {
	const bytes = encodeCbor([fromHex("0102")]);
	expect(bytes.constructor).toBe(Uint8Array);
	expect(bytes.byteLength).toBe(bytes.buffer.byteLength);
});
