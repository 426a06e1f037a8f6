import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CryptoUnderTest } from "./crypto-under-test.js";
import { expectOwnBytes } from "./expect-own-bytes.js";

export function deflateCases(crypto: CryptoUnderTest): void {
	describe("DEFLATE", () => {
		const repetitive = (length: number) => Uint8Array.from({ length }, (_, index) => (index * index) % 23);

		it("undoes what it does", async () => {
			await fc.assert(
				fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 60 }), async (part, times) => {
					const data = new Uint8Array(part.length * times);
					for (let i = 0; i < times; i++) data.set(part, i * part.length);
					const deflated = await crypto().deflate(data);
					expect(await crypto().inflate(deflated, data.length)).toEqual(data);
					expect(await crypto().inflateAtMost(deflated, data.length)).toEqual(data);
				}),
				{ numRuns: 40 },
			);
			const deflated = await crypto().deflate(repetitive(500));
			expectOwnBytes(deflated);
			expectOwnBytes((await crypto().inflate(deflated, 500)) as Uint8Array);
		});

		it.each([0, 1, 63, 64, 1000, 40_000, 300_000, 3_000_000])("takes %i bytes", async (length) => {
			const data = repetitive(length);
			const deflated = await crypto().deflate(data);
			expect(deflated.length).toBeLessThan(Math.max(10, length));
			expect(sameBytes(await crypto().inflate(deflated, length), data)).toBe(true);
			expect(sameBytes(await crypto().inflateAtMost(deflated, length + 1), data)).toBe(true);
			expect(await crypto().inflate(deflated, length + 1)).toBeUndefined();
			if (length === 0) return;
			expect(await crypto().inflate(deflated, length - 1)).toBeUndefined();
			expect(await crypto().inflateAtMost(deflated, length - 1)).toBeUndefined();
		});

		it("refuses data that ends early, at every byte", async () => {
			const data = repetitive(2000);
			const deflated = await crypto().deflate(data);
			for (let length = 0; length < deflated.length; length++) {
				expect(await crypto().inflate(deflated.slice(0, length), data.length)).toBeUndefined();
				expect(await crypto().inflateAtMost(deflated.slice(0, length), 10_000)).toBeUndefined();
			}
		});

		it.each([1, 2, 4, 8, 100, 100_000])("refuses %i bytes behind the data", async (count) => {
			const data = repetitive(2000);
			const deflated = await crypto().deflate(data);
			for (const fill of [0, 3, 255]) {
				const more = new Uint8Array(deflated.length + count).fill(fill);
				more.set(deflated);
				expect(await crypto().inflate(more, data.length)).toBeUndefined();
				expect(await crypto().inflateAtMost(more, 300_000)).toBeUndefined();
			}
			// A second whole stream is trailing data too.
			expect(await crypto().inflateAtMost(Uint8Array.of(...deflated, ...deflated), 10_000)).toBeUndefined();
		});

		it("unfolds no bomb", async () => {
			const bomb = await crypto().deflate(new Uint8Array(50_000_000));
			expect(bomb.length).toBeLessThan(60_000);
			expect(await crypto().inflate(bomb, 1000)).toBeUndefined();
			expect(await crypto().inflateAtMost(bomb, 1_000_000)).toBeUndefined();
			expect(await crypto().inflateAtMost(bomb, 0)).toBeUndefined();
		});

		it("refuses damaged data", async () => {
			// Block type 3; a stored block whose lengths contradict each other; a distance before the beginning.
			for (const bytes of [[7], [1, 5, 0, 5, 0, 1, 2, 3, 4, 5], [0x63, 0x00, 0x42], [0x4b, 0x04, 0x82, 0x00]]) {
				expect(await crypto().inflateAtMost(Uint8Array.from(bytes), 1000)).toBeUndefined();
			}
		});

		it("refuses sizes that are none", async () => {
			for (const size of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
				await expect(crypto().inflate(Uint8Array.of(3, 0), size)).rejects.toMatchObject({ code: "usage" });
			}
			expect(await crypto().inflate(Uint8Array.of(3, 0), 0)).toEqual(new Uint8Array(0));
		});
	});
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
	return a?.length === b.length && a.every((byte, index) => byte === b[index]);
}
