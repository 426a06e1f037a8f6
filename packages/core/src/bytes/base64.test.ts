import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../errors.js";
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from "./base64.js";

test("writes what Buffer writes, and reads it back", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 5000, size: "max" }), (bytes) => {
			expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
			expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
			expect(fromBase64(toBase64(bytes))).toEqual(bytes);
			expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
		}),
		{ numRuns: 60 },
	);
});

test("RFC 4648, section 10", () => {
	for (const [plain, text] of [
		["", ""],
		["f", "Zg=="],
		["fo", "Zm8="],
		["foo", "Zm9v"],
		["foob", "Zm9vYg=="],
		["fooba", "Zm9vYmE="],
		["foobar", "Zm9vYmFy"],
	] as const) {
		expect(toBase64(new TextEncoder().encode(plain))).toBe(text);
	}
});

test("refuses what it would not write", () => {
	for (const text of [
		"Zg",
		"Zg=",
		"Zh==",
		"Zm9=",
		"Z===",
		"====",
		"Zm9v=",
		"Zm 9",
		"Zm-9",
		"Zm\u00e9v",
		"Zm\ud800v",
		"Zg==Zg==",
	]) {
		expect(() => fromBase64(text), text).toThrow(FormatError);
	}
	for (const text of ["Z", "Zh", "Zm9", "Zg==", "Zm+9", "Zm/9", "Zm9vZ"]) {
		expect(() => fromBase64Url(text), text).toThrow(FormatError);
	}
});
