import { beforeAll, expect, it } from "vitest";
import { ApackError } from "./errors.js";
import type { Zstd } from "./platform.js";
import { loadZstd } from "./portable/zstd.js";
import { checkZstdFrame } from "./zstd-frame.js";

let zstd: Zstd;

beforeAll(async () => {
	zstd = await loadZstd();
});

const content = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * i) >>> 7);

it("frames of a compressor pass, of every length class of their size field", () => {
	for (const size of [1, 255, 256, 65_791, 65_792, 300_000]) {
		const frame = zstd.compress(content(size), 3);
		checkZstdFrame(frame, size);
		expect(zstd.decompress(frame, size)?.length).toBe(size);
		for (const other of [size - 1, size + 1]) expect(() => checkZstdFrame(frame, other)).toThrow(ApackError);
	}
});

it("anything but one whole frame is refused", () => {
	const frame = zstd.compress(content(5000), 3);
	const twice = Uint8Array.of(...frame, ...frame);
	for (const bytes of [twice, Uint8Array.of(...frame, 0)])
		expect(() => checkZstdFrame(bytes, 5000)).toThrow(ApackError);
	for (let end = 0; end < frame.length; end++) {
		expect(() => checkZstdFrame(frame.subarray(0, end), 5000)).toThrow(ApackError);
	}
	const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0);
	expect(() => checkZstdFrame(skippable, 0)).toThrow(ApackError);
});

it("a window of more than 128 MiB, a dictionary and an announced size that is not the chunk's are refused", () => {
	// Magic, descriptor, window, an empty last raw block.
	const frame = (descriptor: number, ...rest: readonly number[]) =>
		Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, descriptor, ...rest, 1, 0, 0);
	checkZstdFrame(frame(0, 0x88), 10);
	expect(() => checkZstdFrame(frame(0, 0x89), 10)).toThrow(expect.objectContaining({ code: "limit" }));
	expect(() => checkZstdFrame(frame(1, 0x88, 5), 10)).toThrow(expect.objectContaining({ code: "compression" }));
	const large = [0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0];
	expect(() => checkZstdFrame(frame(0xe0, ...large), 10)).toThrow(expect.objectContaining({ code: "compression" }));
});

it("whoever loads it again does not disturb who has it already", async () => {
	const bytes = content(200_000);
	const before = zstd.compress(bytes, 3);
	const again = await loadZstd();
	for (let turn = 0; turn < 20; turn++) {
		for (const each of [zstd, again]) {
			expect(Buffer.compare(each.compress(bytes, 3), before)).toBe(0);
			expect(Buffer.compare(each.decompress(before, bytes.length) ?? bytes.subarray(1), bytes)).toBe(0);
		}
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
});
