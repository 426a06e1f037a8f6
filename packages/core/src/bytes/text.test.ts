import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../errors.js";
import { decodeUtf8, encodeUtf8, encodeUtf8Lossy } from "./text.js";

const platform = new TextEncoder();

test("encodes as the platform does, and reads it back", () => {
	fc.assert(
		fc.property(
			fc.string({ unit: fc.constantFrom("a", "\u007f", "\u0080", "\u00e9", "\u20ac", "\ud83d\ude00"), maxLength: 80 }),
			(text) => {
				expect(encodeUtf8(text)).toEqual(platform.encode(text));
				expect(encodeUtf8Lossy(text)).toEqual(platform.encode(text));
				expect(decodeUtf8(encodeUtf8(text))).toBe(text);
			},
		),
	);
	for (const length of [0, 1, 63, 64, 65, 200])
		expect(encodeUtf8("x".repeat(length))).toEqual(platform.encode("x".repeat(length)));
});

test("lone surrogates are refused, or replaced where that is asked for", () => {
	for (const text of ["\ud800", "a\udc00", "\ud800\ud800", "\udc00\ud800", `${"a".repeat(70)}\ud800`]) {
		expect(() => encodeUtf8(text)).toThrow(FormatError);
		expect(encodeUtf8Lossy(text)).toEqual(platform.encode(text));
	}
});

test("ill-formed bytes are refused", () => {
	for (const bytes of [[0xff], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
		expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(FormatError);
	}
	expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
});
