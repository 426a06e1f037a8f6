import { beforeEach, expect, it } from "vitest";
import type { ByteSource } from "../../ports.js";
import { SourceView } from "./byte-view.js";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
/** Offset and length of every read. */
let reads: (readonly [number, number])[];
let fails: boolean;
let source: ByteSource;

beforeEach(() => {
	[reads, fails] = [[], false];
	source = {
		size: bytes.length,
		async read(offset, length) {
			reads.push([offset, length]);
			if (fails) throw new Error("the disk is gone");
			return bytes.slice(offset, offset + length);
		},
	};
});

it("what was begun early is read once, and found where it lies", async () => {
	const view = new SourceView(source);
	await view.view(0, 100, 10);
	view.prefetch(100, 120);
	expect(await view.view(100, 10)).toEqual(bytes.slice(100, 110));
	expect(await view.view(110, 100)).toEqual(bytes.slice(110, 210));
	expect(reads).toEqual([
		[0, 110],
		[100, 120],
	]);
	view.prefetch(210, 50);
	expect(await view.view(210, 100)).toEqual(bytes.slice(210, 310));
	expect(reads.slice(2)).toEqual([
		[210, 50],
		[210, 100],
	]);
});

it("a failure is told to who wants the bytes, and to nobody else", async () => {
	const view = new SourceView(source);
	fails = true;
	view.prefetch(0, 100);
	await expect(view.view(0, 50)).rejects.toThrow("the disk is gone");
	view.prefetch(0, 100);
	fails = false;
	expect(await view.view(500, 10)).toEqual(bytes.slice(500, 510));
});

it("nothing is begun behind the end, and an end that came early is truncation", async () => {
	const view = new SourceView(source);
	view.prefetch(1000, 10);
	expect(reads).toEqual([]);
	const shorter = new SourceView({ size: 2000, read: (offset, length) => source.read(offset, length) });
	shorter.prefetch(900, 200);
	await expect(shorter.view(900, 200)).rejects.toMatchObject({ code: "truncated" });
});
