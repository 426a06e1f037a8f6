import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../errors.js";
import { fromHex, toHex } from "./hex.js";

test("writes what Buffer writes, and reads it back", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
			const text = toHex(bytes);
			expect(text).toBe(Buffer.from(bytes).toString("hex"));
			expect(fromHex(text, bytes.length)).toEqual(bytes);
		}),
	);
	expect(toHex(Uint8Array.from({ length: 256 }, (_, byte) => byte))).toMatch(/^000102.*fdfeff$/);
});

test("refuses every character but 0-9 and a-f, in either place", () => {
	for (let code = 0; code < 0x1_0000; code += code < 300 ? 1 : 251) {
		const character = String.fromCharCode(code);
		if (/[0-9a-f]/.test(character)) continue;
		expect(() => fromHex(`${character}0`)).toThrow(FormatError);
		expect(() => fromHex(`0${character}`)).toThrow(FormatError);
	}
});

test("refuses other lengths", () => {
	for (const [text, length] of [
		["0", undefined],
		["000", 2],
		["00", 2],
		["0000", 1],
	] as const) {
		expect(() => fromHex(text, length)).toThrow(FormatError);
	}
	expect(fromHex("", 0)).toEqual(new Uint8Array(0));
});
