import fc from "fast-check";
import { expect, test } from "vitest";
import { readUint, writeUint } from "./big-endian.js";
import { compareBytes, equalBytes, equalSecrets } from "./compare.js";
import { concatBytes } from "./concat.js";

const bytes = fc.uint8Array({ maxLength: 5, max: 2 });

test("order and equality are those of Node's buffers", () => {
	fc.assert(
		fc.property(bytes, bytes, (a, b) => {
			expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
			expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
			expect(equalSecrets(a, b)).toBe(Buffer.compare(a, b) === 0);
		}),
		{ numRuns: 500 },
	);
});

test("secrets of different lengths are not equal, also when one is empty or repeats the other", () => {
	for (const [a, b] of [
		[[], [0]],
		[[0], []],
		[[1], [1, 1]],
		[[1, 1], [1]],
	] as const) {
		expect(equalSecrets(Uint8Array.from(a), Uint8Array.from(b))).toBe(false);
	}
});

test("joined arrays are a copy", () => {
	fc.assert(
		fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (parts) => {
			const joined = concatBytes(...parts);
			expect(joined).toEqual(new Uint8Array(Buffer.concat(parts)));
			expect(joined.byteLength).toBe(joined.buffer.byteLength);
		}),
	);
});

test("unsigned integers of any width come back, and order as bytes", () => {
	const number = fc.maxSafeInteger().map((each) => Math.abs(each) % 2 ** 48);
	fc.assert(
		fc.property(number, number, (a, b) => {
			const [x, y] = [new Uint8Array(6), new Uint8Array(6)];
			expect(writeUint(x, 0, a, 6)).toBe(6);
			writeUint(y, 0, b, 6);
			expect(readUint(x, 0, 6)).toBe(a);
			expect(Math.sign(compareBytes(x, y))).toBe(Math.sign(a - b));
		}),
	);
});
