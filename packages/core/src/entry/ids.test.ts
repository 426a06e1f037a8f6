import { expect, it } from "vitest";
import { drawIdBytes } from "./ids.js";

it("draws no id that begins with a hyphen", () => {
	// 0xf8 to 0xfb are the first bytes whose upper six bits are written "-".
	const draws = [0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xf7].map((first) => Uint8Array.of(first, ...new Uint8Array(11)));
	const random = { randomBytes: () => draws.shift() as Uint8Array };
	expect(drawIdBytes(random)[0]).toBe(0xfc);
	expect(drawIdBytes(random)[0]).toBe(0xf7);
});
