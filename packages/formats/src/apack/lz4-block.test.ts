import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import { compressSync } from "lz4-napi";
import { expect, it } from "vitest";
import { ApackError } from "./errors.js";
import { decodeLz4Block } from "./lz4-block.js";

const compress = (bytes: Uint8Array) => Uint8Array.from(compressSync(Buffer.from(bytes)).subarray(4));
const bytes = (...values: readonly number[]) => Uint8Array.from(values);

it("blocks of another compressor unfold", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 300 }), (piece, times) => {
			const content = new Uint8Array(piece.length * times).map((_, i) => piece[i % piece.length] as number);
			expect(Buffer.compare(decodeLz4Block(compress(content), content.length), content)).toBe(0);
		}),
	);
	const noise = randomFillSync(new Uint8Array(100_000));
	expect(Buffer.compare(decodeLz4Block(compress(noise), noise.length), noise)).toBe(0);
});

it.each([
	["no bytes", bytes(), 0],
	["literals that are not there", bytes(0x20, 1), 2],
	["more literals than announced", bytes(0x20, 1, 2), 1],
	["fewer literals than announced", bytes(0x20, 1, 2), 3],
	["a match behind the last literals", bytes(0x21, 1, 2), 2],
	["distance 0", bytes(0x10, 1, 0, 0, 0x00), 5],
	["a match before the start", bytes(0x10, 1, 2, 0, 0x00), 5],
	["a match beyond the end", bytes(0x10, 1, 1, 0, 0x00), 4],
	["half a distance", bytes(0x10, 1, 1), 5],
	["an end right behind a match", bytes(0x10, 1, 1, 0), 5],
	["a length without end", bytes(0xf0, 255, 255), 1000],
])("%s is refused", (_, block, size) => {
	expect(() => decodeLz4Block(block, size)).toThrow(ApackError);
});

it("an overlapping match repeats", () => {
	expect(decodeLz4Block(bytes(0x10, 7, 1, 0, 0x00), 5)).toEqual(bytes(7, 7, 7, 7, 7));
	expect(decodeLz4Block(bytes(0x2f, 1, 2, 2, 0, 26, 0x10, 9), 48)).toEqual(
		Uint8Array.from({ length: 48 }, (_, i) => (i === 47 ? 9 : (i % 2) + 1)),
	);
});
